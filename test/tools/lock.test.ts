import {existsSync, readFileSync, realpathSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';
import {run, start} from './project';

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
