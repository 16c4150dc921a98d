/** Replacing a folder: at each call on the way the process is killed, or the call fails; the old or the new one lies there whole. */
import {spawnSync} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, renameSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from 'captioner';
import {listCheckpoints} from 'captioner/dist/checkpoints/list';
import {checkpointsIn, holdsCheckpoint} from 'captioner/dist/checkpoints/run-layout';
import {readFolderVerified, writeFolderAtomic} from 'captioner/dist/files/atomic';
import {expect} from 'chai';
import {temporaryFolder} from '../support';
import {FailingCalls, type Fault} from './failing-calls';

const old = {'a.bin': 'old a', 'b.bin': 'old b'};
const fresh = {'a.bin': 'new a', 'b.bin': 'new b'};
const contents = async (folder: string): Promise<Record<string, string>> =>
  Object.fromEntries(
    [...(await readFolderVerified(folder))].map(([name, bytes]) => [name, bytes.toString()]),
  );

async function replaceable(): Promise<string> {
  const folder = join(temporaryFolder(), 'made');
  await writeFolderAtomic(folder, old);
  return folder;
}

describe('A folder that is replaced', function () {
  this.timeout(240_000);
  let points = 0;

  before(async () => {
    const folder = await replaceable();
    const calls = new FailingCalls();
    try {
      calls.arm(0);
      await writeFolderAtomic(folder, fresh);
      points = calls.count;
    } finally {
      calls.restore();
    }
    expect(points).to.be.above(12);
  });

  it('is old or new and whole after a kill at each call', async () => {
    for (let at = 1; at <= points; at++) {
      const folder = await replaceable();
      const {signal} = spawnSync(process.execPath, [join(__dirname, 'replace-child.js'), folder, `${at}`]);
      expect(signal, `call ${at}`).to.equal('SIGKILL');
      expect([old, fresh], `call ${at}`).to.deep.include(await contents(folder));
      // The next write leaves nothing of the killed one under a name that counts.
      await writeFolderAtomic(folder, fresh);
      expect(await contents(folder)).to.deep.equal(fresh);
      expect(readdirSync(join(folder, '..')).filter((name) => name.endsWith('.previous'))).to.deep.equal([]);
    }
  });

  for (const fault of ['EIO', 'ENOSPC', 'EACCES', 'EROFS'] as const satisfies readonly Fault[])
    for (const lasting of [false, true])
      it(`is old or new and whole when a call fails with ${fault}${lasting ? ' and all after it' : ''}`, async () => {
        for (let at = 1; at <= points; at++) {
          const folder = await replaceable();
          const calls = new FailingCalls();
          calls.arm(at, fault, lasting);
          const error: unknown = await writeFolderAtomic(folder, fresh).then(
            () => undefined,
            (reason: unknown) => reason,
          );
          const where = `call ${at}: ${calls.names[at - 1]}`;
          calls.restore();
          if (error !== undefined) expect(error, where).to.be.instanceOf(CaptionerError);
          // After an error the old one is still there; without one, the new one.
          const renamed = /^rename/.test(calls.names[at - 1] ?? '') || at > points - 4;
          const found = await contents(folder);
          if (error === undefined) expect(found, where).to.deep.equal(fresh);
          else if (renamed) expect([old, fresh], where).to.deep.include(found);
          else expect(found, where).to.deep.equal(old);
        }
      });

  it('is found by whoever looks for it in the middle of a replacement', async () => {
    const parent = temporaryFolder();
    const aside = async (folder: string): Promise<void> => {
      await writeFolderAtomic(folder, {'checkpoint.json': '{}'});
      renameSync(folder, join(folder, '..', `.${folder.split('/').at(-1)}.previous`));
    };
    await aside(join(parent, 'shipped'));
    expect(holdsCheckpoint(join(parent, 'shipped'))).to.equal(true);
    await aside(join(parent, 'listed'));
    expect(listCheckpoints(parent).map(({name}) => name)).to.include('listed');
    const run = join(parent, 'run');
    mkdirSync(join(run, 'checkpoints'), {recursive: true});
    await aside(join(run, 'checkpoints', 'step-000000007'));
    expect(checkpointsIn(run)).to.deep.equal(['step-000000007']);
    rmSync(join(parent, 'shipped'), {recursive: true});
    expect(existsSync(join(parent, 'shipped'))).to.equal(false);
  });

  it('is whole in each of many replacements at once', async () => {
    const folder = await replaceable();
    await Promise.all(
      Array.from({length: 12}, async (_, at) => {
        if (at % 2 === 0) await writeFolderAtomic(folder, fresh).catch(() => undefined);
        else expect([old, fresh]).to.deep.include(await contents(folder));
      }),
    ).catch((error: unknown) => {
      // A reader may meet two different writers; it says so, rather than mix them.
      expect(error).to.be.instanceOf(CaptionerError);
    });
    expect([old, fresh]).to.deep.include(await contents(folder));
  });
});
