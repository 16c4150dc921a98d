import {existsSync, readFileSync, realpathSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';
import {failureOf, openProject, run, start, type Project} from './project';

interface LockModule {
  readonly Lock: new (file: string) => {take(onWait: () => void): Promise<void>};
  readonly attempt: (project: Project & {lock: unknown}, command: readonly string[]) => Promise<unknown>;
}

async function loadLock(): Promise<LockModule> {
  const files = ['lock', 'child'].map((name) => join(projectRoot, 'tools', 'setup', `${name}.mjs`));
  const loaded = await Promise.all(
    files.map(async (file) => (await import(pathToFileURL(file).href)) as object),
  );
  return Object.assign({}, ...loaded) as LockModule;
}

describe('Set-up, when another one was killed,', () => {
  const holder = (lock: string, program: string) => `
    import {Lock} from ${JSON.stringify(join(projectRoot, 'tools/setup/lock.mjs'))};
    import {openProject} from ${JSON.stringify(join(projectRoot, 'tools/setup/project.mjs'))};
    import {attempt} from ${JSON.stringify(join(projectRoot, 'tools/setup/child.mjs'))};
    const project = openProject(${JSON.stringify(dirname(lock))});
    const lock = new Lock(${JSON.stringify(lock)});
    await lock.take((pid) => console.log('waits for ' + pid));
    project.lock = lock;
    console.log('holds');
    await attempt(project, ['sh', '-c', ${JSON.stringify(program)}]);
    lock.release();`;
  const arguments_ = (script: string) => ['--input-type=module', '-e', script];

  it('takes over its lock and ends the program that it left running', async () => {
    const folder = realpathSync(temporaryFolder());
    const lock = join(folder, 'setup.lock');
    const alive = join(folder, 'alive');
    const first = start(
      folder,
      arguments_(holder(lock, `while :; do date +%s%N > ${alive}; sleep 0.05; done`)),
    );
    await first.printed('holds');
    while (!existsSync(alive)) await new Promise((resolve) => setTimeout(resolve, 20));
    first.kill();
    await first.ended;
    const second = await run(folder, arguments_(holder(lock, 'true')));
    expect(second).to.deep.equal({code: 0, stdout: 'holds\n', stderr: ''});
    const last = readFileSync(alive, 'utf8');
    await new Promise((resolve) => setTimeout(resolve, 200));
    expect(readFileSync(alive, 'utf8')).to.equal(last);
    expect(existsSync(lock)).to.equal(false);
  });

  it('has left no program running, even where its lock was removed', async () => {
    const folder = realpathSync(temporaryFolder());
    const lock = join(folder, 'build', 'setup.lock');
    const alive = join(folder, 'alive');
    const script = holder(lock, `sh -c 'while :; do date +%s%N > ${alive}; sleep 0.05; done' & wait`);
    const first = start(folder, arguments_(script));
    await first.printed('holds');
    while (!existsSync(alive)) await new Promise((resolve) => setTimeout(resolve, 20));
    rmSync(dirname(lock), {recursive: true});
    first.kill();
    await first.ended;
    await new Promise((resolve) => setTimeout(resolve, 200));
    const last = readFileSync(alive, 'utf8');
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(readFileSync(alive, 'utf8')).to.equal(last);
  });

  it('starts no program once its lock is gone or another has it', async () => {
    const {attempt, Lock} = await loadLock();
    for (const content of [undefined, JSON.stringify({pid: 1, started: 'x'})]) {
      const folder = realpathSync(temporaryFolder());
      const file = join(folder, 'setup.lock');
      const lock = new Lock(file);
      await lock.take(() => undefined);
      rmSync(file);
      if (content !== undefined) writeFileSync(file, content);
      const project = {...(await openProject(folder)), lock};
      const failure = await failureOf(() => attempt(project, ['touch', join(folder, 'started')]));
      expect(failure.message).to.match(/Expected the lock of this set-up/);
      expect(existsSync(join(folder, 'started'))).to.equal(false);
    }
  });

  it('is not misled by a lock that is empty or whose process id another program has now', async () => {
    const folder = realpathSync(temporaryFolder());
    const lock = join(folder, 'setup.lock');
    for (const content of ['', JSON.stringify({pid: process.pid, started: 'long ago'})]) {
      writeFileSync(lock, content);
      const {code, stdout} = await run(folder, arguments_(holder(lock, 'true')));
      expect([code, stdout]).to.deep.equal([0, 'holds\n']);
    }
  });
});
