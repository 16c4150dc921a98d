import {cpSync, mkdirSync, readFileSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {findCheckpoint, listCheckpoints} from 'captioner/dist/checkpoints/list';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';

const bundled = join(projectRoot, 'checkpoints', 'flickr8k');

describe('The list of checkpoints', () => {
  const folder = temporaryFolder();
  const write = (path: string, text: string): void => writeFileSync(join(folder, path), text);

  /** A run with a checkpoint after so many epochs, made of the bundled one. */
  function run(name: string, epoch: number, time: number, pointer: 'best' | 'latest' = 'best'): void {
    const step = join(folder, name, 'checkpoints', 'step-000000010');
    mkdirSync(step, {recursive: true});
    for (const file of ['checkpoint.json', 'manifest.json']) cpSync(join(bundled, file), join(step, file));
    const card = JSON.parse(readFileSync(join(bundled, 'checkpoint.json'), 'utf8')) as object;
    const position = {step: 10, epoch, batch: 0, learningRate: 0.001};
    write(
      `${name}/checkpoints/step-000000010/checkpoint.json`,
      JSON.stringify({...card, training: {settings: {}, position}}),
    );
    write(`${name}/${pointer}`, 'step-000000010\n');
    utimesSync(join(step, 'manifest.json'), time, time);
  }

  it('has checkpoints by name, then runs, the newest first, and nothing else', () => {
    for (const name of ['zebra', 'ant']) cpSync(bundled, join(folder, name), {recursive: true});
    run('older', 3, 1000);
    run('newer', 1, 2000, 'latest');
    mkdirSync(join(folder, 'notes'));
    write('README.md', '');
    mkdirSync(join(folder, '.hidden', 'checkpoints'), {recursive: true});
    const listed = listCheckpoints(folder);
    expect(listed.map(({name}) => name)).to.deep.equal(['ant', 'zebra', 'newer', 'older']);
    expect(listed.map(({problem}) => problem)).to.deep.equal([undefined, undefined, undefined, undefined]);
    expect(listed.map((one) => one.run)).to.deep.equal([false, false, true, true]);
    expect(listed.at(-1)!.checkpoint).to.equal(join(folder, 'older', 'checkpoints', 'step-000000010'));
    expect(listed[0]!.metadata!.decoder.kind).to.equal('attention');
  });

  it('says of a run why it cannot be loaded', () => {
    mkdirSync(join(folder, 'empty', 'checkpoints'), {recursive: true});
    run('begun', 0, 3000, 'latest');
    run('torn', 2, 4000);
    write('torn/checkpoints/step-000000010/checkpoint.json', '{');
    run('tomorrow', 2, 5000);
    write('tomorrow/checkpoints/step-000000010/checkpoint.json', '{"version": 99}');
    const problems = ['empty', 'begun', 'torn', 'tomorrow'].map(
      (name) => findCheckpoint(join(folder, name))!.problem,
    );
    expect(problems).to.deep.equal([
      'no finished epoch yet',
      'no finished epoch yet',
      'damaged',
      'its format is newer than this version of captioner',
    ]);
  });

  it('is empty where there is no folder', () => {
    expect(listCheckpoints(join(folder, 'nowhere'))).to.deep.equal([]);
    expect(findCheckpoint(join(folder, 'nowhere'))).to.equal(undefined);
  });
});
