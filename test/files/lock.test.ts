import {expect} from 'chai';
import {execFile, spawn, spawnSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {lockFolder} from 'captioner/dist/files/lock';
import {temporaryFolder} from '../support';

const library = JSON.stringify(require.resolve('captioner/dist/files/lock'));

describe('A locked folder', () => {
  it('cannot be locked again in the same process, with advice', () => {
    const folder = temporaryFolder();
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder))
      .to.throw(`${folder}: it is already open in this process`)
      .with.property('code', 'locked');
    lock.release();
  });

  it('cannot be locked by another process, which learns the owner', () => {
    const folder = temporaryFolder();
    const lock = lockFolder(folder);
    const script = `try { require(${library}).lockFolder(${JSON.stringify(folder)}) } catch (e) { console.log(e.code, e.message) }`;
    const {stdout} = spawnSync(process.execPath, ['-e', script], {encoding: 'utf8'});
    expect(stdout).to.equal(
      `locked ${folder}: process ${process.pid} is using it; stop that process or choose another folder\n`,
    );
    lock.release();
  });

  it('is unlocked and empty after its release', () => {
    const folder = temporaryFolder();
    lockFolder(folder).release();
    lockFolder(folder).release();
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('is taken over from a killed process', async () => {
    const folder = temporaryFolder();
    const script = `require(${library}).lockFolder(${JSON.stringify(folder)}); console.log('locked'); setInterval(() => {}, 1000)`;
    const child = spawn(process.execPath, ['-e', script], {stdio: ['ignore', 'pipe', 'inherit']});
    await new Promise((done) => child.stdout.once('data', done));
    expect(() => lockFolder(folder)).to.throw(`process ${child.pid} is using it`);
    child.kill('SIGKILL');
    await new Promise((done) => child.once('close', done));
    expect(existsSync(join(folder, '.lock'))).to.equal(true);
    lockFolder(folder).release();
  });

  it('is taken over when the process id has been reused', function () {
    if (!existsSync('/proc/self/stat')) this.skip();
    const folder = temporaryFolder();
    writeFileSync(join(folder, '.lock'), JSON.stringify({pid: process.ppid, start: '1'}));
    lockFolder(folder).release();
  });

  it('is taken over when its lock is unreadable', () => {
    const folder = temporaryFolder();
    for (const content of ['', 'nonsense', 'null', '{"pid": -1, "start": "5"}']) {
      writeFileSync(join(folder, '.lock'), content);
      lockFolder(folder).release();
    }
  });

  it('releases only its own lock', () => {
    const folder = temporaryFolder();
    const lock = lockFolder(folder);
    writeFileSync(join(folder, '.lock'), 'another');
    lock.release();
    expect(readFileSync(join(folder, '.lock'), 'utf8')).to.equal('another');
  });

  it('is taken over where a process was killed while it took it over', () => {
    const folder = temporaryFolder();
    const dead = JSON.stringify({pid: 2 ** 22 + 1, start: '1'});
    for (const name of ['.lock', '.lock.takeover', '.lock.takeover.takeover'])
      writeFileSync(join(folder, name), dead);
    const lock = lockFolder(folder);
    expect(() => lockFolder(folder)).to.throw('already open');
    lock.release();
    expect(readdirSync(folder)).to.deep.equal([]);
  });

  it('goes to only one of many processes that take over the same stale lock', async () => {
    const [folder, answers] = [temporaryFolder(), temporaryFolder()];
    const run = promisify(execFile);
    const start = Date.now() + 1500;
    writeFileSync(join(folder, '.lock'), JSON.stringify({pid: 2 ** 22 + 1, start: '1'}));
    // Who has the lock keeps it until all others have asked for it, however late a busy machine starts them.
    const script = `
      const {lockFolder} = require(${library});
      const {readdirSync, writeFileSync} = require('node:fs');
      const answered = () => writeFileSync(${JSON.stringify(answers)} + '/' + process.pid, '');
      while (Date.now() < ${start});
      try {
        lockFolder(${JSON.stringify(folder)});
        console.log('mine');
        answered();
        const waiting = setInterval(() => readdirSync(${JSON.stringify(answers)}).length < 8 || clearInterval(waiting), 50);
      } catch (e) {
        console.log(e.code);
        answered();
      }`;
    const results = await Promise.all(
      Array.from({length: 8}, () => run(process.execPath, ['-e', script], {encoding: 'utf8'})),
    );
    const words = results.map(({stdout}) => stdout.trim()).sort();
    expect(words).to.deep.equal([...Array<string>(7).fill('locked'), 'mine']);
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
