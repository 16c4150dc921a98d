import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {checkpointFolder, runFolder} from 'captioner';
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
    mkdirSync(`${shipped}-run`);
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
