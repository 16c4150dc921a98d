import {readdirSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {CaptionerError} from 'captioner';
import {readFolderVerified, sha256, writeFileAtomic, writeFolderAtomic} from 'captioner/dist/files/atomic';
import {temporaryFolder} from '../support';

const fails = async (action: Promise<unknown>, code: string): Promise<void> => {
  const error = await action.catch((reason: unknown) => reason);
  expect(error).to.be.instanceOf(CaptionerError);
  expect((error as CaptionerError).code).to.equal(code);
};

describe('writeFileAtomic', () => {
  it('replaces a file and leaves no other files', async () => {
    const folder = temporaryFolder();
    await writeFileAtomic(join(folder, 'file'), 'one');
    await writeFileAtomic(join(folder, 'file'), Buffer.from('two'));
    expect(readFileSync(join(folder, 'file'), 'utf8')).to.equal('two');
    expect(readdirSync(folder)).to.deep.equal(['file']);
  });

  it('lets concurrent writers each write a complete file', async () => {
    const file = join(temporaryFolder(), 'file');
    const contents = Array.from({length: 20}, (_, k) => String(k).repeat(10_000));
    await Promise.all(contents.map((content) => writeFileAtomic(file, content)));
    expect(contents).to.include(readFileSync(file, 'utf8'));
  });
});

describe('writeFolderAtomic', () => {
  const files = {'a.bin': Buffer.from([1, 2, 3, 4]), 'b.json': '{"x": 1}'};

  it('writes a folder that is read back and verified', async () => {
    const folder = join(temporaryFolder(), 'made');
    await writeFolderAtomic(folder, files);
    const read = await readFolderVerified(folder);
    expect([...read.keys()]).to.deep.equal(['a.bin', 'b.json']);
    expect(read.get('b.json')!.toString()).to.equal(files['b.json']);
  });

  it('replaces a folder and leaves no other files', async () => {
    const parent = temporaryFolder();
    await writeFolderAtomic(join(parent, 'made'), files);
    await writeFolderAtomic(join(parent, 'made'), {'c.txt': 'new'});
    expect(readdirSync(parent)).to.deep.equal(['made']);
    expect([...(await readFolderVerified(join(parent, 'made'))).keys()]).to.deep.equal(['c.txt']);
  });

  it('detects a change to any byte of any file', async () => {
    const folder = join(temporaryFolder(), 'made');
    await writeFolderAtomic(folder, files);
    for (const name of readdirSync(folder)) {
      const bytes = readFileSync(join(folder, name));
      for (let at = 0; at < bytes.length; at++) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= 1;
        writeFileSync(join(folder, name), changed);
        const result = await readFolderVerified(folder).catch((error: unknown) => error);
        // White space in the manifest may change.
        const sound =
          name === 'manifest.json' && result instanceof Map && /\s/.test(String.fromCharCode(bytes[at]!));
        if (!sound) expect(result, `${name} byte ${at}`).to.be.instanceOf(CaptionerError);
      }
      writeFileSync(join(folder, name), bytes);
    }
  });

  it('detects truncated and missing files', async () => {
    const folder = join(temporaryFolder(), 'made');
    await writeFolderAtomic(folder, files);
    truncateSync(join(folder, 'a.bin'), 2);
    await fails(readFolderVerified(folder), 'truncated');
    rmSync(join(folder, 'a.bin'));
    await fails(readFolderVerified(folder), 'not-found');
    rmSync(join(folder, 'manifest.json'));
    await fails(readFolderVerified(folder), 'not-found');
    await fails(readFolderVerified(join(folder, 'nowhere')), 'not-found');
  });

  it('reads nothing outside the folder, even if the manifest lists it', async () => {
    const parent = temporaryFolder();
    const folder = join(parent, 'made');
    await writeFolderAtomic(folder, files);
    writeFileSync(join(parent, 'secret'), 'x');
    const listed = {version: 1, files: {'../secret': {size: 1, sha256: sha256('x')}}};
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify(listed));
    await fails(readFolderVerified(folder), 'header');
    writeFileSync(join(folder, 'manifest.json'), JSON.stringify({...listed, version: 9}));
    await fails(readFolderVerified(folder), 'version');
  });
});
