import {expect} from 'chai';
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {projectRoot, python, temporaryFolder} from '../support';

interface Display {
  readonly time: number;
  readonly update: boolean;
  /** Number of the cell that it belongs to. */
  readonly cell: number;
  readonly id: string;
  readonly data: Readonly<Record<string, unknown>>;
}

interface Result {
  readonly status: string;
  readonly text: string;
  readonly displays: readonly Display[];
}

/** Runs cells in a real kernel. */
function inRealKernel(cells: readonly {readonly code: string; readonly stop?: number}[]): Promise<Result[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(python(), [join(projectRoot, 'test', 'show', 'messages.py')]);
    let [out, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.on('close', (code) => {
      if (code !== 0) return reject(new Error(`${errors}${out}`));
      resolve(
        out
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Result),
      );
    });
    child.stdin.end(JSON.stringify({folder: join(projectRoot, 'notebooks'), cells}));
  });
}

/** The most messages within a second. */
function densest(displays: readonly Display[]): number {
  return Math.max(0, ...displays.map(({time}) => displays.filter((other) => other.time >= time && other.time < time + 1).length)); // prettier-ignore
}

const folder = temporaryFolder();

/** A real training that takes minutes. */
const setUp = [
  `import {createDecoder, FeatureStore, loadEncoder, ofSplit, openDataset, Trainer, Vocabulary, watchTraining} from 'captioner';`,
  `const dataset = await openDataset('scenes');
const few = {...dataset, images: [...ofSplit(dataset, 'train').slice(0, 60), ...ofSplit(dataset, 'validation').slice(0, 20)]};
const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 96}});
const vocabulary = Vocabulary.from(few.images.flatMap((image) => image.captions), {minimumCount: 1});
const store = await FeatureStore.build(encoder, few.images, ${JSON.stringify(join(folder, 'features'))}, {kind: 'pooled'});
const decoder = createDecoder('lstm', vocabulary.size, store.depth, {units: 64});
const options = {epochs: 4, batch: 8, meteor: false, panelImages: 4};
const trainer = await Trainer.create({dataset: few, features: store, vocabulary: vocabulary, decoder: decoder, run: ${JSON.stringify(join(folder, 'run'))}, options: options});`,
];

describe('Displays in a real kernel', function () {
  this.timeout(300_000);

  it('get at most ten messages a second of 10,000 events', async () => {
    const [, flood] = await inRealKernel([
      {code: setUp[0]!},
      {
        code: `const run = {history: {steps: [], epochs: []}, options: {epochs: 1000}, stepsPerEpoch: 10, position: {step: 0, epoch: 0}};
const {onEvent} = watchTraining(run);
for (let step = 1; step <= 10000; step++) {
  const time = new Date().toISOString();
  await onEvent({type: 'step', time: time, step: step, epoch: 1, loss: 1, learningRate: 1, gradientNorm: 1, seconds: 1, images: 1, words: 1});
  if (step % 25 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
}
await onEvent({type: 'stop', time: new Date().toISOString(), step: 10000});`,
      },
    ]);
    expect(flood!.status, flood!.text).to.equal('ok');
    // All three parts come at once in the beginning and in the end.
    const {displays} = flood!;
    const during = displays.slice(3, -3);
    expect(during.length).to.be.above(1);
    expect(densest(during)).to.be.at.most(10);
    expect(displays.filter(({update}) => !update)).to.have.length(3);
    expect(displays.map(({data}) => data['text/plain']).join()).to.include(
      'Stopped at step 10,000 of 10,000',
    );
  });

  it('leave nothing below the next cell when training is stopped, and show earlier epochs when it goes on', async () => {
    const train = `await trainer.train(watchTraining(trainer));`;
    const wait = `await new Promise((resolve) => setTimeout(resolve, 1500)); console.log('waited');`;
    const results = await inRealKernel([
      ...setUp.map((code) => ({code})),
      {code: train, stop: 2.5},
      {code: wait},
      {code: train},
      {code: train},
    ]);
    const [stopped, waited, resumed, again] = results.slice(setUp.length);
    for (const {status, text} of results.slice(0, setUp.length)) expect(status, text).to.equal('ok');

    expect(stopped!.status).to.equal('error');
    expect(stopped!.text.trim()).to.match(
      /^Stopped at step \d+ of \d+, saved; run the cell again to continue$/,
    );
    const first = stopped!.displays;
    expect(new Set(first.map(({id}) => id)).size).to.equal(3);
    expect(
      first.some(({data}) => /^Stopped at step|epochs are done/.test(String(data['text/plain']))),
    ).to.equal(true);
    // The last state of the curves is the figure that can be zoomed.
    expect(first.some(({data}) => 'application/vnd.plotly.v1+json' in data)).to.equal(true);

    expect(waited).to.deep.include({status: 'ok', text: 'waited\n', displays: []});
    expect(resumed!.status, resumed!.text).to.equal('ok');
    expect(resumed!.displays.every(({cell, update}) => cell === setUp.length + 2 || update)).to.equal(true);
    const last = (result: Result, part: number): Readonly<Record<string, unknown>> => {
      const ids = [...new Set(result.displays.map(({id}) => id))];
      return result.displays.filter(({id}) => id === ids[part]).at(-1)!.data;
    };
    expect(last(resumed!, 0)['text/plain']).to.match(/^All 4 epochs are done, /);
    expect(String(last(resumed!, 2)['text/html']).match(/type="radio"/g)).to.have.length(4);

    expect(String(last(resumed!, 2)['text/html']).match(/src="data:image\/jpeg/g)).to.have.length(4);

    expect(again!.status, again!.text).to.equal('ok');
    expect(last(again!, 0)['text/plain']).to.match(/^All 4 epochs are done; curves from the run:/);
    expect(String(last(again!, 2)['text/html']).match(/type="radio"/g)).to.have.length(4);
    expect(last(again!, 1)).to.include.keys('application/vnd.plotly.v1+json', 'image/svg+xml', 'text/plain');
  });
});
