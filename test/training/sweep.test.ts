import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {
  type Dataset,
  drawScenes,
  openDataset,
  sweep,
  type SweepRecipes,
  tf,
  type SweepOptions,
} from 'captioner';
import {runSweep, type SweepEntry} from 'captioner/dist/training/sweep';
import {refusal, temporaryFolder, writeElsewhere} from '../support';
import {htmlOf, inKernel, printed, textOf} from '../show/kernel';

describe('sweep', () => {
  writeElsewhere();
  const folder = temporaryFolder();
  let dataset: Dataset;
  const options = (name: string): SweepOptions => ({
    ...{encoder: 'efficientnet-lite0', size: 96, run: join(folder, name)},
    decoderOptions: {embedding: 8, units: 16},
    trainerOptions: {epochs: 2, batch: 16, meteor: false, panelImages: 1},
  });
  before(async () => {
    await drawScenes(join(folder, 'drawn'), {train: 16, validation: 4, test: 4});
    dataset = await openDataset(join(folder, 'drawn'));
  });

  it('trains a run for each settings, in folders named after them', async () => {
    const seen: string[] = [];
    const note = (entries: readonly SweepEntry[]): void =>
      void seen.push(entries.map(({state, run}) => `${state} ${run?.epochs ?? 0}`).join(', '));
    const recipes = [{units: 16}, {units: 24, dropout: 0.2}];
    const runs = await runSweep(dataset, recipes, options('by-settings'), {onChange: note});
    const names = ['units=16', 'units=24,dropout=0.2'];
    expect(runs.map(({name, state, epochs}) => [name, state, epochs])).to.deep.equal(
      names.map((name) => [name, 'complete', 2]),
    );
    expect(runs.map(({settings}) => settings['units'])).to.deep.equal([16, 24]);
    expect(readdirSync(join(folder, 'by-settings')).sort()).to.deep.equal([...names].sort());
    expect(seen[0]).to.equal('waiting 0, waiting 0');
    expect(seen.at(-1)).to.equal('complete 2, complete 2');
    expect(seen).to.include('complete 2, running 1');
  });

  it('can be stopped, skips what is complete when it is called again, and resumes what was stopped', async () => {
    const recipes: SweepRecipes = {
      small: {},
      large: {decoderOptions: {units: 32}},
      slow: {trainerOptions: {learningRate: 1e-4}},
    };
    const stop = new AbortController();
    const steps = new Map<string, number[]>();
    const record = (name: string, step: number): void =>
      void steps.set(name, [...(steps.get(name) ?? []), step]);
    const first = runSweep(
      dataset,
      recipes,
      {...options('stopped'), signal: stop.signal},
      {
        onStep: (name, {step}, {trainer}) => {
          record(name, step);
          if (name === 'large' && step === trainer.stepsPerEpoch + 1) stop.abort();
        },
      },
    );
    const error = await refusal(first);
    expect(error.code).to.equal('stopped');
    expect(error.message).to.match(/^Stopped at step \d+ of \d+, saved$/);
    expect([...steps.keys()]).to.deep.equal(['small', 'large']);
    const before = new Map(steps);
    steps.clear();
    const runs = await runSweep(dataset, recipes, options('stopped'), {
      onStep: (name, {step}) => record(name, step),
    });
    expect([...steps.keys()]).to.deep.equal(['large', 'slow']);
    expect(steps.get('large')![0]).to.equal(before.get('large')!.at(-1)! + 1);
    expect(runs.map(({name, state}) => [name, state])).to.deep.equal(
      Object.keys(recipes).map((name) => [name, 'complete']),
    );
    steps.clear();
    await runSweep(dataset, recipes, options('stopped'), {onStep: (name, {step}) => record(name, step)});
    expect(steps.size).to.equal(0);
    // More epochs are more of the same.
    const longer = {...options('stopped'), trainerOptions: {...options('').trainerOptions, epochs: 3}};
    const more = await runSweep(dataset, {small: {}}, longer);
    expect(more.map(({name, epochs}) => [name, epochs])).to.deep.equal([['small', 3]]);
  });

  it('goes on after a run whose loss is no longer finite', async () => {
    const states: string[] = [];
    const runs = await runSweep(dataset, {wild: {}, tame: {}}, options('wild'), {
      onChange: (entries) => void states.push(entries.map(({state, error}) => error ?? state).join()),
      onStep: (name, {step}, {decoder}) => {
        const bias = decoder.weights.get('output.bias')!;
        if (name === 'wild' && step === 1) bias.assign(tf.fill(bias.shape, NaN));
      },
    });
    expect(states.at(-1)).to.match(/^step 2: expected finite numbers, got loss NaN.*,complete$/);
    expect(runs.map(({name, state}) => [name, state])).to.deep.equal([
      ['wild', 'no epoch yet'],
      ['tame', 'complete'],
    ]);
  });

  it('refuses runs that were trained otherwise, and names that are no folders', async () => {
    const recipes = [{units: 16}];
    const other = {...options('by-settings'), decoderOptions: {embedding: 12}};
    const {code, message} = await refusal(runSweep(dataset, recipes, other));
    expect(code).to.equal('mismatch');
    expect(message).to.match(
      /units=16: this run of the sweep was trained with `embedding` 8, not 12; give the new one/,
    );
    for (const [wrong, expected] of [
      [{'../out': {}}, /expected names of letters/],
      [{'': {}}, /expected names of letters/],
      [[], /expected recipes, got none/],
      [[{units: 1}, {units: 1}], /expected settings that differ, got units=1 twice/],
      [{best: {preset: 'best'}}, /expected trainings of one stage, got the preset "best"/],
    ] as const)
      expect((await refusal(runSweep(dataset, wrong, options('wrong')))).message).to.match(expected);
    expect(existsSync(join(folder, 'wrong'))).to.equal(false);
  });

  it('shows a table that grows in a notebook, and one at the end in a terminal', async () => {
    const recipes = [{units: 16}, {units: 20}];
    const sent = await inKernel(() => sweep(dataset, recipes, options('shown')));
    const tables = sent.filter((one) => textOf(one).startsWith('Sweep'));
    expect(tables[0]!.update).to.equal(false);
    expect(tables.slice(1).every(({update}) => update)).to.equal(true);
    expect(textOf(tables.at(-1)).match(/complete/g)).to.have.length(2);
    expect(htmlOf(tables.at(-1)))
      .to.include('units=20')
      .and.include('factual');
    const text = await printed(() => sweep(dataset, recipes, options('shown')));
    expect(text)
      .to.match(/^Sweep\nrun .*units.*factual/m)
      .and.match(/^units=20 +complete/m);
  });
});
