import {join} from 'node:path';
import {expect} from 'chai';
import {drawScenes} from 'captioner';
import {projectRoot, temporaryFolder, writeElsewhere} from '../support';
import {runCells} from './run-cells';

/** Cells as chapter 3 has them, on few scenes. */
describe('A cell that makes a trainer', () => {
  writeElsewhere();
  const folder = temporaryFolder();
  const run = join(folder, 'scenes');
  before(() => drawScenes(join(folder, 'drawn'), {train: 16, validation: 4, test: 4}));

  it('can be run again: after training, before it, and after an error', async () => {
    const imports = `import {findLearningRate, listRuns, openDataset, prepareTraining, removeRun, tf, Trainer} from 'captioner';
const dataset = await openDataset(${JSON.stringify(join(folder, 'drawn'))});
console.log(require.resolve('captioner'));`;
    const prepare = (units: number, more = ''): string => `let units = ${units};
const prepared = await prepareTraining(dataset, {
  encoder: 'efficientnet-lite0', size: 96, run: ${JSON.stringify(run)}, ${more}
  decoderOptions: {units: units, embedding: 8}, trainerOptions: {epochs: 2, batch: 16, meteor: false},
});
const {trainer, features} = prepared;
console.log(prepared.folder, trainer.position.step, prepared.notice ?? '-', tf.memory().numTensors);`;
    const train = `await trainer.train({epochs: 1}); console.log(trainer.position.step);`;
    const cells = [
      imports,
      prepare(16), // 1
      prepare(16), // 2: nothing was trained
      train,
      train,
      prepare(16), // 5: a run lies there
      `const rate = await findLearningRate(trainer, {steps: 10}); console.log(rate.points.length, trainer.position.step);`,
      train,
      prepare(0), // 8: an error
      `console.log(typeof trainer);`,
      prepare(16), // 10
      `console.log(trainer.step().step);`,
      `trainer.close(); trainer.step();`,
      prepare(16, 'resume: true,'), // 13
      prepare(16, 'resume: true,'), // 14
      train,
      `const resumed = await Trainer.resume(prepared.folder, {dataset: dataset, features: features}); console.log(resumed.position.epoch);`,
      `const resumed = await Trainer.resume(prepared.folder, {dataset: dataset, features: features}); console.log(resumed.position.epoch);`,
      `trainer.step();`,
      `resumed.close(); console.log(listRuns(${JSON.stringify(folder)}).map(({name, state}) => name + ' ' + state).sort().join());`,
      `console.log((await removeRun(${JSON.stringify(run)})).kept.length, listRuns(${JSON.stringify(folder)}).length);`,
    ];
    const results = await runCells(cells);
    const text = results.map((one) => one.text.trimEnd());
    expect(results.map(({status}, at) => (status === 'ok' ? '' : at)).join(''), text.join('\n')).to.equal(
      '81218',
    );
    expect(text[0]!.split('\n').at(-1)).to.equal(join(projectRoot, 'lib', 'dist', 'index.js'));
    const [first, , , tensors] = text[1]!.split(' ');
    expect(first).to.equal(run);
    expect(text[2]).to.equal(`${run} 0 - ${tensors}`);
    const steps = Number(text[3]);
    expect(text[4]).to.equal(String(2 * steps));
    const notice = (number: number) => `${run} holds a run already; the new one lies in ${run}-${number}`;
    expect(text[5]).to.equal(`${run}-2 0 ${notice(2)} ${tensors}`);
    expect(text[6]).to.equal('10 0');
    expect(text[7]).to.equal(String(steps));
    expect(text[8]).to.match(/lstm decoder: `units`: .* got 0/);
    expect(text[10]).to.equal(`${run}-3 0 ${notice(3)} ${tensors}`);
    expect(text[11]).to.equal('1');
    expect(text[12]).to.include(`This trainer is closed; make a new one, or resume the run in ${run}-3`);
    const resuming = `Resuming ${run}-2, the newest of 2 runs of this name, at step ${steps}`;
    for (const at of [13, 14]) expect(text[at]).to.equal(`${run}-2 ${steps} ${resuming} ${tensors}`);
    expect(text[15]).to.equal(String(2 * steps));
    expect([text[16], text[17]]).to.deep.equal(['2', '2']);
    expect(text[18]).to.include(`This trainer was closed when ${run}-2 was opened again; use the newer one`);
    expect(text[19]).to.equal('scenes complete,scenes-2 complete,scenes-3 no epoch yet');
    expect(text[20]).to.equal('0 2');
  }).timeout(240_000);
});
