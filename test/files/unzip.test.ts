import {execFileSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {unzip} from 'captioner/dist/files/unzip';
import {expect} from 'chai';
import {python, refusal, temporaryFolder} from '../support';

/** Python's own zipfile writes what it is told, traps too. `code` has `zip`, the open archive. */
function archive(code: string): string {
  const file = join(temporaryFolder(), 'archive.zip');
  const script = `
import stat, sys, warnings, zipfile
warnings.simplefilter('ignore')
def special(name, mode):
    info = zipfile.ZipInfo(name)
    info.create_system = 3
    info.external_attr = mode << 16
    return info
with zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED) as zip:
${code.replace(/^/gm, '    ')}
`;
  execFileSync(python(), ['-c', script, file]);
  return file;
}

describe('unzip', () => {
  it('unpacks what is wanted, where it is wanted, beside what lies there', async () => {
    const file = archive(`
zip.writestr('photos/', '')
zip.writestr('photos/a.txt', 'first')
zip.writestr('photos/b.txt', 'second' * 1000)
zip.writestr('__MACOSX/a.txt', 'rubbish')`);
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'mine.txt'), 'mine');
    const seen: number[] = [];
    const count = await unzip(file, folder, {
      place: (name) => (name.startsWith('__MACOSX') ? undefined : `in/${name}`),
      onProgress: (done) => void seen.push(done),
    });
    expect([count, seen]).to.deep.equal([2, [1, 2]]);
    expect(readdirSync(folder).sort()).to.deep.equal(['in', 'mine.txt']);
    expect(readFileSync(join(folder, 'in', 'photos', 'a.txt'), 'utf8')).to.equal('first');
    expect(readFileSync(join(folder, 'in', 'photos', 'b.txt'), 'utf8')).to.equal('second'.repeat(1000));
    await unzip(file, folder); // once more, over itself
    expect(readdirSync(join(folder, 'photos'))).to.have.length(2);
  });

  const traps: readonly (readonly [what: string, code: string, message: RegExp])[] = [
    ['a way out of the folder', `zip.writestr('../out.txt', 'x')`, /invalid relative path/],
    ['a way out further in', `zip.writestr('a/../../out.txt', 'x')`, /invalid relative path/],
    ['an absolute path', `zip.writestr('/tmp/out.txt', 'x')`, /absolute path/],
    [
      'a path of Windows',
      `zip.writestr(special('a\\\\out.txt', 0o100644), 'x')`,
      /invalid characters in fileName/,
    ],
    [
      'a symbolic link',
      `zip.writestr(special('link', stat.S_IFLNK | 0o777), '/etc/passwd')`,
      /found link, which is neither/,
    ],
    ['a device', `zip.writestr(special('pipe', stat.S_IFIFO | 0o666), '')`, /found pipe, which is neither/],
    [
      'a name twice',
      `zip.writestr('a', '1')\nzip.writestr('a', '2')`,
      /expected each name once, found a and a/,
    ],
    [
      'names that differ by case',
      `zip.writestr('a', '1')\nzip.writestr('A', '2')`,
      /expected each name once, found A and a/,
    ],
    ['a bomb', `zip.writestr('bomb', bytes(5_000_000))`, /shrink by at most 200:1, found bomb/],
    [
      'a file that is too large',
      `zip.writestr('big', bytes(range(256)) * 100)`,
      /files of at most 20000 bytes, found big of 25600/,
    ],
    [
      'too much in all',
      `for k in range(4): zip.writestr(f'part{k}', bytes(range(250)) * 60)`,
      /at most 50000 bytes in all/,
    ],
    ['a name with control characters', `zip.writestr('é\\x07', 'x')`, /without control characters/],
    ['a name that is too long', `zip.writestr('a' * 300, 'x')`, /at most 255 bytes/],
  ];
  for (const [what, code, message] of traps)
    it(`refuses ${what}, and writes nothing`, async () => {
      const folder = temporaryFolder();
      const limits = what === 'a bomb' ? {} : {largest: 20_000, total: 50_000};
      const error = await refusal(
        unzip(archive(`zip.writestr('good.txt', 'good')\n${code}`), folder, limits),
      );
      expect(error.code).to.equal('archive');
      expect(error.message).to.match(message);
      expect(readdirSync(folder)).to.deep.equal([]);
      expect(existsSync(join(folder, '..', 'out.txt'))).to.equal(false);
    });

  it('refuses files that are damaged, encrypted or no archives', async () => {
    const folder = temporaryFolder();
    const file = archive(`zip.writestr(zipfile.ZipInfo('plain.txt'), 'as it is', zipfile.ZIP_STORED)`);
    const bytes = readFileSync(file);
    const at = bytes.indexOf('as it is');
    bytes[at] = 65;
    writeFileSync(file, bytes);
    expect((await refusal(unzip(file, folder))).message).to.match(/expected plain.txt with CRC/);

    const secret = archive(`zip.writestr('secret.txt', 'as it is' * 9)`);
    const flagged = readFileSync(secret);
    flagged[flagged.indexOf('PK\x01\x02') + 8]! |= 1;
    writeFileSync(secret, flagged);
    expect((await refusal(unzip(secret, folder))).message).to.match(/without a password, found secret.txt/);

    truncateSync(file, 60);
    expect((await refusal(unzip(file, folder))).code).to.equal('archive');
    writeFileSync(file, 'no archive at all, though it is long enough to hold one');
    expect((await refusal(unzip(file, folder))).code).to.equal('archive');
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
