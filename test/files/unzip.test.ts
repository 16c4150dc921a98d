import {execFileSync} from 'node:child_process';
import {mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {CaptionerError, type ErrorCode} from 'captioner';
import {unzip, type UnzipOptions} from 'captioner/dist/files/unzip';
import {python, temporaryFolder} from '../support';
import {zip, type ZipEntry} from './zip';

const long = 'x'.repeat(300);

describe('unzip', () => {
  let parent: string;
  let folder: string;
  let archive: string;

  beforeEach(() => {
    parent = temporaryFolder();
    folder = join(parent, 'into');
    archive = join(parent, 'archive.zip');
    mkdirSync(folder);
  });

  async function refused(work: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> {
    const error = await work.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error, String(error)).to.be.instanceOf(CaptionerError);
    expect((error as CaptionerError).message).to.match(message);
    expect((error as CaptionerError).code).to.equal(code);
    expect(readdirSync(folder)).to.deep.equal([]);
    expect(readdirSync(parent).filter((name) => name !== 'archive.zip')).to.deep.equal(['into']);
  }

  it('unpacks stored and deflated files of an archive made by Python', async () => {
    const code = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    z.writestr('a/stored.txt', 'one' * 1000)
    z.writestr(zipfile.ZipInfo('empty/'), '')
    z.writestr('a/b/Übung.txt', 'two' * 1000, zipfile.ZIP_DEFLATED)
    z.writestr('none', '')`;
    execFileSync(python(), ['-c', code, archive]);
    const progress: number[][] = [];
    const paths = await unzip(archive, folder, {onProgress: (...numbers) => progress.push(numbers)});
    expect(paths).to.deep.equal(['a/stored.txt', 'a/b/Übung.txt', 'none']);
    expect(paths.map((path) => readFileSync(join(folder, path), 'utf8'))).to.deep.equal([
      'one'.repeat(1000),
      'two'.repeat(1000),
      '',
    ]);
    expect(progress).to.deep.equal([
      [1, 3],
      [2, 3],
      [3, 3],
    ]);
    expect(readdirSync(folder).sort()).to.deep.equal(['a', 'none']);
  });

  it('leaves out and renames entries, and ignores the size of those left out', async () => {
    const entries = [
      {name: 'set/a.txt', content: 'a'},
      {name: '__MACOSX/set/._a.txt', content: Buffer.alloc(2 ** 21), deflate: true},
    ];
    writeFileSync(archive, zip(entries));
    const rename = (name: string) => (name.startsWith('__MACOSX/') ? undefined : name.replace('set/', ''));
    expect(await unzip(archive, folder, {rename})).to.deep.equal(['a.txt']);
    expect(readdirSync(folder)).to.deep.equal(['a.txt']);
  });

  it('adds to a folder, replaces files of the same name, and cleans up after a killed process', async () => {
    mkdirSync(join(folder, 'a'));
    mkdirSync(join(folder, '.archive.zip.tmp'));
    for (const name of ['a/old.txt', 'a/same.txt', '.archive.zip.tmp/half'])
      writeFileSync(join(folder, name), 'old');
    writeFileSync(archive, zip(['a/same.txt', 'a/new.txt'].map((name) => ({name, content: 'new'}))));
    await unzip(archive, folder);
    expect(readdirSync(folder)).to.deep.equal(['a']);
    const read = (name: string) => readFileSync(join(folder, 'a', name), 'utf8');
    expect(['old.txt', 'same.txt', 'new.txt'].map(read)).to.deep.equal(['old', 'new', 'new']);
  });

  it('changes nothing if a folder is where a file should go', async () => {
    mkdirSync(join(folder, 'a'));
    writeFileSync(archive, zip([{name: 'a', content: 'file'}]));
    const error = (await unzip(archive, folder).catch((reason: unknown) => reason)) as CaptionerError;
    expect(error.message).to.match(/into\/a to be a file or absent$/);
    expect(readdirSync(folder)).to.deep.equal(['a']);
  });

  const file = (name: string | Buffer, more: Partial<ZipEntry> = {}): ZipEntry => ({
    name,
    content: 'text',
    ...more,
  });
  const bomb = file('bomb', {content: Buffer.alloc(2 ** 21), deflate: true});
  const hostile: [string, RegExp, ZipEntry[], UnzipOptions?][] = [
    ['an absolute path', /absolute path: \/etc\/passwd$/, [file('/etc/passwd')]],
    ['a drive', /absolute path: C:\/x$/, [file('C:/x')]],
    ['a path that leaves the folder', /invalid relative path: \.\.\/x$/, [file('../x')]],
    [
      'a path that leaves the folder halfway',
      /invalid relative path: a\/\.\.\/\.\.\/x$/,
      [file('a/../../x')],
    ],
    ['a backslash', /invalid characters in fileName: a\\x$/, [file('a\\x')]],
    ['a doubled slash', /expected plain relative names, got "a\/\/x"$/, [file('a//x')]],
    ['a dot as a folder', /expected plain relative names, got "\.\/x"$/, [file('./x')]],
    ['an empty name', /expected plain relative names, got ""$/, [file('')]],
    ['a name with NUL', /without control characters, got "a\\u0000.txt"$/, [file('a\0.txt')]],
    ['a name with an escape sequence', /without control characters/, [file('a\x1b[2J')]],
    ['a name that is too long', /expected shorter names, got "x+…"$/, [file(long)]],
    ['a path that is too long', /expected shorter names/, [file(Array(600).fill('ab').join('/'))]],
    ['a symbolic link', /but a is a symbolic link$/, [file('a', {content: '/etc/passwd', mode: 0o120777})]],
    ['a device', /but a is a device, pipe or socket$/, [file('a', {mode: 0o020666})]],
    ['a folder named like a file', /but a is a folder$/, [file('a', {mode: 0o040755})]],
    ['the same name twice', /differ by more than case, got a and a$/, [file('a'), file('a')]],
    ['names that differ in case', /got a\/X and a\/x$/, [file('a/X'), file('a/x')]],
    ['folders that differ in case', /got A and a\/y$/, [file('A/x'), file('a/y')]],
    ['names that differ in Unicode form', /differ by more than case/, [file('\u00e9'), file('e\u0301')]],
    ['a file that is also a folder', /got a and a\/b$/, [file('a'), file('a/b')]],
    ['a folder that is also a file', /got a and a$/, [file('a/b'), file('a')]],
    [
      'an encrypted file',
      /expected files that are not encrypted, but a is$/,
      [file('a', {content: 'x'.repeat(16), flags: 0x801, declared: {size: 4}})],
    ],
    [
      'an unknown compression',
      /stored or deflated, got compression method 14$/,
      [file('a', {declared: {method: 14}})],
    ],
    ['a zip bomb', /of at most 200 times their packed size, but bomb has 2097152 bytes of \d+$/, [bomb]],
    ['a file over the limit', /of at most 3 bytes, but fine has 4$/, [file('a')], {entryLimit: 3}],
    ['too many bytes in total', /at most 7 bytes in all, got more$/, [file('a'), file('b')], {totalLimit: 7}],
    ['a wrong CRC', /a: expected CRC-32 00000007, got 3b8ba7c7$/, [file('a', {declared: {crc: 7}})]],
    ['more bytes than declared', /a: too many bytes/, [file('a', {deflate: true, declared: {size: 3}})]],
    ['fewer bytes than declared', /a: not enough bytes/, [file('a', {deflate: true, declared: {size: 9}})]],
    [
      'data that is not deflated',
      /a: invalid/,
      [file('a', {content: '\xff\xff\xff', declared: {method: 8, size: 9}})],
    ],
  ];
  for (const [what, message, entries, options] of hostile)
    it(`refuses ${what}`, async () => {
      writeFileSync(archive, zip([file('fine'), ...entries]));
      await refused(
        unzip(archive, folder, options),
        'archive',
        new RegExp(`archive.zip: .*${message.source}`),
      );
    });

  it('refuses entries that share their data', async () => {
    const content = Buffer.alloc(100_000, 'abc');
    const kernel = file('a0', {content});
    const others = Array.from({length: 9}, (_, k) => {
      const declared = {offset: 0, packed: content.length, size: content.length};
      return file(`a${k + 1}`, {content: '', declared});
    });
    writeFileSync(archive, zip([kernel, ...others]));
    await refused(
      unzip(archive, folder),
      'archive',
      /that do not overlap, but 1000000 bytes are packed in \d+$/,
    );
  });

  it('refuses missing archives and archives truncated at any byte', async () => {
    await refused(unzip(archive, folder), 'not-found', /archive.zip: expected a ZIP archive, found nothing$/);
    const bytes = zip([file('a'), file('b/c', {deflate: true})]);
    for (let size = 0; size < bytes.length; size++) {
      writeFileSync(archive, bytes.subarray(0, size));
      await refused(unzip(archive, folder), 'archive', /archive.zip: /);
    }
  });

  it('reports an error or writes correct files after any single-byte change', async () => {
    const bytes = zip([file('a'), file('b/c', {deflate: true})]);
    for (let at = 0; at < bytes.length; at++) {
      const changed = Buffer.from(bytes);
      changed[at]! ^= 0x10;
      writeFileSync(archive, changed);
      const into = join(parent, `${at}`);
      mkdirSync(into);
      const result = await unzip(archive, into).catch((error: unknown) => error);
      if (Array.isArray(result))
        for (const path of result as string[])
          expect(readFileSync(join(into, path), 'utf8')).to.equal('text');
      else {
        expect(result, `byte ${at}`).to.be.instanceOf(CaptionerError);
        expect(readdirSync(into)).to.deep.equal([]);
      }
    }
  });
});
