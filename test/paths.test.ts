import {execFileSync} from 'node:child_process';
import {mkdirSync, realpathSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {checkpointFolder, runFolder, shortPath} from 'captioner';
import {Run} from 'captioner/dist/training/run';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from './support';

describe('The folder of a run', () => {
  const earlier = process.env['CAPTIONER_HOME'];
  const home = temporaryFolder();
  before(() => (process.env['CAPTIONER_HOME'] = home));
  after(() => {
    if (earlier === undefined) delete process.env['CAPTIONER_HOME'];
    else process.env['CAPTIONER_HOME'] = earlier;
  });
  const photographs = {folder: '/anywhere/photographs'};
  const shipped = join(home, 'checkpoints', 'photographs');

  it('is named after the data set, but never that of a bundled checkpoint', () => {
    expect(runFolder(photographs)).to.equal(shipped);
    expect(checkpointFolder(photographs)).to.equal(shipped);
    mkdirSync(shipped, {recursive: true});
    writeFileSync(join(shipped, 'manifest.json'), '{}');
    expect(runFolder(photographs)).to.equal(`${shipped}-run`);
    expect(checkpointFolder(photographs)).to.equal(shipped);
    mkdirSync(join(`${shipped}-run`, 'checkpoints', 'step-000000001'), {recursive: true});
    expect(checkpointFolder(photographs)).to.equal(`${shipped}-run`);
    expect(runFolder(photographs, '/mine')).to.equal('/mine');
    expect(checkpointFolder(photographs, '/mine')).to.equal('/mine');
  });

  it('cannot be that of a checkpoint', () => {
    expect(() => new Run(shipped))
      .to.throw(`${shipped}: expected the folder of a run, found a checkpoint; choose another folder`)
      .with.property('code', 'mismatch');
  });
});

describe('A relative path', () => {
  const program = `const {shortPath} = require('captioner');
    const {userPath} = require('captioner/dist/paths');
    console.log(JSON.stringify([userPath('ckpt'), shortPath(userPath('ckpt'))]));`;
  const {CAPTIONER_CWD, ...env} = process.env;
  void CAPTIONER_CWD;
  const run = (args: readonly string[], cwd: string, more: NodeJS.ProcessEnv): string =>
    execFileSync(process.execPath, args, {
      cwd,
      env: {...env, NODE_PATH: join(projectRoot, 'node_modules'), ...more},
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    });

  it('of a program is in its working folder, whatever npm says', () => {
    const folder = realpathSync(temporaryFolder());
    const found = run(['-e', program], folder, {INIT_CWD: dirname(folder)});
    expect(JSON.parse(found.trim().split('\n').at(-1)!)).to.deep.equal([join(folder, 'ckpt'), 'ckpt']);
  });

  it('of the command line is in the folder in which the user typed', () => {
    const folder = realpathSync(temporaryFolder());
    mkdirSync(join(folder, 'typed'));
    writeFileSync(join(folder, 'typed', 'captions.json'), '[]');
    const score = ['score', '--references', 'captions.json', '--candidates', 'nothing.json'];
    const command = [join(projectRoot, 'lib', 'bin', 'captioner.js'), ...score];
    const complaint = (more: NodeJS.ProcessEnv): string => {
      try {
        return run(command, folder, more);
      } catch (error) {
        return (error as {stderr: string}).stderr;
      }
    };
    expect(complaint({INIT_CWD: join(folder, 'typed')})).to.include(join(folder, 'typed', 'nothing.json'));
    expect(complaint({INIT_CWD: undefined})).to.include(join(folder, 'nothing.json'));
  });
});

describe('A path in a message', () => {
  const names = ['CAPTIONER_HOME', 'CAPTIONER_CWD'] as const;
  const earlier = names.map((name) => process.env[name]);
  after(() => {
    for (const [at, name] of names.entries())
      if (earlier[at] === undefined) delete process.env[name];
      else process.env[name] = earlier[at];
  });

  it('is as the user would type it, without the folders of this machine where it can', () => {
    process.env['CAPTIONER_HOME'] = '/home/me/project';
    process.env['CAPTIONER_CWD'] = '/home/me/project';
    expect(shortPath('/home/me/project/checkpoints/scenes')).to.equal(join('checkpoints', 'scenes'));
    expect(shortPath('/home/me/project')).to.equal('.');
    expect(shortPath('/home/me/projects/x')).to.equal('/home/me/projects/x');
    expect(shortPath('/home/me/project/..scenes')).to.equal('..scenes');
    process.env['CAPTIONER_CWD'] = '/home/me/project/notebooks';
    expect(shortPath('/home/me/project/checkpoints/scenes')).to.equal(join('..', 'checkpoints', 'scenes'));
    process.env['CAPTIONER_CWD'] = '/data';
    expect(shortPath('/home/me/project/checkpoints/scenes')).to.equal('/home/me/project/checkpoints/scenes');
    expect(shortPath('/data/photo.jpg')).to.equal('photo.jpg');
  });
});
