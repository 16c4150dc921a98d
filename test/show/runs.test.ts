import {expect} from 'chai';
import {type EpochSummary, type RunSummary, showRuns} from 'captioner';
import {runsFigure, runsTable, runsText} from 'captioner/dist/show/runs';
import {inKernel, textOf} from './kernel';

const epoch = (number: number, score: number, loss: number): EpochSummary => ({
  ...{epoch: number, step: 10 * number, loss: loss - 0.1, validationLoss: loss, seconds: 30},
  metrics: {'BLEU-4': score / 3, 'CIDEr-D': score},
  intervals: {'CIDEr-D': {low: score - 0.05, high: score + 0.05}},
});

function run(name: string, more: Partial<RunSummary> = {}): RunSummary {
  const history = [epoch(1, 0.3, 3), epoch(2, 0.5, 2.5), epoch(3, 0.4, 2.75)];
  return {
    ...{name, folder: `/runs/${name}`, state: 'complete', decoder: 'lstm', encoder: 'lite0, 96 pixels'},
    ...{
      settings: {units: 256, epochs: 3, seed: 1},
      changed: {units: 256},
      step: 30,
      epochs: 3,
      plannedEpochs: 3,
    },
    ...{best: history[1]!, history, seconds: 90, date: '2026-01-02T03:04:05.000Z'},
    ...more,
  };
}

describe('showRuns', () => {
  const runs = [
    run('wide', {settings: {units: 512, epochs: 3, seed: 1}}),
    run('narrow', {state: 'running', pid: 42}),
    run('other', {
      ...{decoder: 'attention', settings: {units: 256, attention: 512, epochs: 3, seed: 1}},
      ...{best: epoch(3, 0.6, 2.25), history: [epoch(1, 0.2, 3), epoch(2, 0.4, 2.5), epoch(3, 0.6, 2.25)]},
    }),
    run('young', {...{state: 'no epoch yet', epochs: 0, history: [], seconds: 0}, best: undefined as never}),
  ];

  it('has a row for each run, with the settings that differ, the best scores and their intervals', () => {
    const {rows, table} = runsTable(runs);
    expect(rows[0]).to.deep.equal({
      'run': 'wide',
      'state': 'complete',
      'decoder': 'lstm',
      'units': 512,
      'epochs': '3 of 3',
      'CIDEr-D': 0.5,
      '95 % interval': '0.450 to 0.550',
      'BLEU-4': 0.5 / 3,
      'validation loss': 2.5,
      'best epoch': 2,
      'time': '1 min 30 s',
      'date': '2026-01-02 03:04',
    });
    expect(rows[1]).to.include({run: 'narrow', state: 'running (process 42)'});
    expect(rows[2]).to.include({'decoder': 'attention', 'CIDEr-D': 0.6});
    expect(rows[3]).to.include({'state': 'no epoch yet', 'epochs': '0 of 3', 'CIDEr-D': undefined});
    // A setting that only one decoder has is not a difference; the decoder is.
    expect(Object.keys(rows[2]!)).to.not.include('attention');
    expect(table.best).to.deep.equal({'CIDEr-D': 'high', 'BLEU-4': 'high', 'validation loss': 'low'});
  });

  it('compares by the metric that is asked for, or by truth where all runs have it', () => {
    expect(Object.keys(runsTable(runs, {metric: 'BLEU-4'}).rows[0]!)).to.include.members([
      'BLEU-4',
      'CIDEr-D',
    ]);
    const drawn = runs.map((one) =>
      one.best ? {...one, best: {...one.best, metrics: {...one.best.metrics, factual: 0.9}}} : one,
    );
    expect(runsTable(drawn).table.best).to.have.property('factual', 'high');
    expect(runsTable([drawn[0]!, runs[1]!]).table.best).to.not.have.property('factual');
  });

  it('shows the settings of a single run that differ from the defaults', () => {
    expect(runsTable([runs[0]!]).rows[0]).to.include({units: 512});
  });

  it('lays the validation curves over each other, one colour for each run', () => {
    const {data, text} = runsFigure(runs, 'CIDEr-D');
    expect(data.map(({name}) => name)).to.deep.equal(['wide', 'narrow', 'other', 'wide', 'narrow', 'other']);
    expect(data[2]).to.deep.include({x: [1, 2, 3], y: [0.2, 0.4, 0.6]});
    expect(data[5]).to.deep.include({x: [1, 2, 3], y: [3, 2.5, 2.25], yaxis: 'y2', showlegend: false});
    const colours = data.map(({line}) => (line as {color: string}).color);
    expect(colours.slice(3)).to.deep.equal(colours.slice(0, 3));
    expect(new Set(colours).size).to.equal(3);
    expect(text).to.include('other: CIDEr-D 0.6 in epoch 3, 3 epochs');
  });

  it('sends a table and a figure; without runs it says so', async () => {
    const sent = await inKernel(() => showRuns(runs));
    expect(sent).to.have.length(2);
    expect(textOf(sent[0])).to.equal(runsText(runs));
    expect(sent[1]!.data).to.have.property('application/vnd.plotly.v1+json');
    expect(textOf((await inKernel(() => showRuns([])))[0])).to.equal('There are no runs yet.');
    expect(await inKernel(() => showRuns([runs[3]!]))).to.have.length(1);
  });
});
