/**
 * Measures what all displays cost: the live view in a kernel, TensorBoard's log and `metrics.jsonl`, against a training without any, in
 * turns of some epochs, as people train. Asked for by `CAPTIONER_DISPLAY_COST`, the number of pairs of turns.
 */
import {expect} from 'chai';
import {projectRoot, temporaryFolder, writeElsewhere} from '../support';
import {runCells} from './run-cells';

const pairs = Number(process.env['CAPTIONER_DISPLAY_COST'] ?? 0);
/** Epochs in a turn. */
const epochs = 4;

interface Used {
  readonly wall: number;
  readonly cpu: number;
}

const code = (folder: string, kind: string): string => `
import {openDataset, prepareTraining, watchTraining} from 'captioner';
const {EventLog} = require('${projectRoot}/lib/dist/training/tensorboard/event-log.js');
const {MetricsLog} = require('${projectRoot}/lib/dist/training/metrics-log.js');
const own = {step: EventLog.prototype.step, gradients: EventLog.prototype.gradients, epoch: EventLog.prototype.epoch};
const write = MetricsLog.prototype.write;
const silence = (): void => {
  Object.assign(EventLog.prototype, {step() {}, gradients() {}, epoch() { return Promise.resolve(); }});
  MetricsLog.prototype.write = () => {};
};
const speak = (): void => {
  Object.assign(EventLog.prototype, own);
  MetricsLog.prototype.write = write;
};
const dataset = await openDataset('scenes');
const make = (name: string) => prepareTraining(dataset, {
  decoder: '${kind}', run: '${folder}/${kind}-' + name, trainerOptions: {epochs: ${(pairs + 1) * epochs}},
});
const shown = await make('shown');
const silent = await make('silent');
const used = async (work: () => Promise<unknown>) => {
  const [start, before] = [performance.now(), process.cpuUsage()];
  await work();
  console.log('turn'); // a cell that is silent for minutes is taken for dead
  const {user, system} = process.cpuUsage(before);
  return {wall: performance.now() - start, cpu: (user + system) / 1000};
};
const results = [];
for (let pair = 0; pair <= ${pairs}; pair++) {
  const withAll = async () => { speak(); await shown.trainer.train({epochs: ${epochs}, ...watchTraining(shown.trainer)}); };
  const without = async () => { silence(); await silent.trainer.train({epochs: ${epochs}}); };
  const first = pair % 2 === 0 ? [withAll, without] : [without, withAll];
  const [a, b] = [await used(first[0]), await used(first[1])];
  if (pair > 0) results.push(pair % 2 === 0 ? [a, b] : [b, a]);
}
console.log('results ' + JSON.stringify(results));`;

describe('Displays', () => {
  writeElsewhere();
  if (pairs === 0) return;
  for (const kind of ['lstm', 'attention'])
    it(`cost at most 3 % of the training of a decoder of kind ${kind}`, async () => {
      const [result] = await runCells([code(temporaryFolder(), kind)]);
      const line = /results (.*)/.exec(result!.text);
      if (!line) throw new Error(result!.text);
      const found = JSON.parse(line[1]!) as [Used, Used][];
      const cost = (value: (used: Used) => number): number[] =>
        found.map(([a, b]) => value(a) / value(b) - 1).sort((a, b) => a - b);
      const [cpu, wall] = [cost((used) => used.cpu), cost((used) => used.wall)];
      const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
      const text = (all: readonly number[]): string =>
        `${percent(all[all.length >> 1]!)} (${percent(all[0]!)} to ${percent(all.at(-1)!)})`;
      console.log(
        `      ${kind}: processor time ${text(cpu)}, wall time ${text(wall)}, ${pairs} pairs of ${epochs} epochs`,
      );
      expect(cpu[cpu.length >> 1]).to.be.below(0.03);
    }).timeout(60 * 60_000);
});
