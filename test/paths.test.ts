import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {checkpointFolder, runFolder, shortPath} from 'captioner';
import {Run} from 'captioner/dist/training/run';
import {expect} from 'chai';
import {temporaryFolder} from './support';

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
