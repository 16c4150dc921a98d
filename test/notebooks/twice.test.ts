/** Runs the cells of every chapter twice, as people do who change something and run it again. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {drawScenes} from 'captioner';
import {projectRoot, temporaryFolder, writeElsewhere} from '../support';
import {notebooks} from './quick';
import {runCells} from './run-cells';

interface Cell {
  readonly cell_type: string;
  readonly source: readonly string[];
  readonly metadata: {readonly tags?: readonly string[]};
}

describe('The cells of a chapter', () => {
  writeElsewhere();
  const folder = temporaryFolder();
  const drawn = join(folder, 'drawn');
  const run = join(folder, 'run');
  const training = {run, epochs: 3, units: 32, embedding: 32, minimumCount: 1};
  const parameters: Readonly<Record<string, object>> = {
    '01': {count: 2},
    '03': {encoderName: 'efficientnet-lite0', inputSize: 96},
    '04': {count: 4, trainingSteps: 4, units: 16},
    '05': training,
    '06': {checkpoint: run},
    '07': {run: join(folder, 'looking'), epochs: 10, units: 64, count: 4},
    '08': {checkpoint: run},
    '09': {run: join(folder, 'staged'), epochs: [2, 1, 1], size: 64, units: 32},
    '10': {
      checkpoint: join(folder, 'looking-adaptive'),
      count: 2,
      biasedScenes: 80,
      biasedEpochs: 1,
      biasedRun: join(folder, 'biased'),
    },
    '11': {run: join(folder, 'own'), epochs: 1, from: ''},
  };
  before(() => drawScenes(drawn, {train: 40, validation: 8, test: 8}));

  for (const name of notebooks)
    it(`of ${name} run twice, one by one and all together`, async () => {
      const {cells} = JSON.parse(readFileSync(join(projectRoot, 'notebooks', name), 'utf8')) as {
        cells: Cell[];
      };
      const set = Object.entries({data: drawn, ...parameters[name.slice(0, 2)]})
        .map(([key, value]) => `${key} = ${JSON.stringify(value)};`)
        .join('\n');
      const code = cells
        .filter(({cell_type}) => cell_type === 'code')
        .map(
          ({source, metadata}) => source.join('') + (metadata.tags?.includes('parameters') ? `\n${set}` : ''),
        );
      const order = [...code.flatMap((cell) => [cell, cell]), ...code];
      const results = await runCells(order);
      for (const [at, {status, text}] of results.entries())
        expect(status, `${order[at]}\n\n${text}`).to.equal('ok');
      expect(results).to.have.length(order.length);
    }).timeout(10 * 60_000);
});
