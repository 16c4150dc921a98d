import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {expect} from 'chai';
import {draws, projectRoot, python, temporaryFolder} from '../support';

/** Stops at random moments; `CAPTIONER_STOPS` asks for more. */
const count = Number(process.env['CAPTIONER_STOPS'] ?? 24);

interface Action {
  readonly code: string;
  readonly stops?: readonly number[];
  readonly then?: readonly string[];
  readonly late?: readonly string[];
}

interface Result {
  readonly dead?: boolean;
  readonly silent?: boolean;
  readonly statuses: readonly string[];
  readonly texts: readonly string[];
  readonly seconds: number;
}

const folder = temporaryFolder();

/** Runs cells in one kernel. */
function inKernel(actions: readonly Action[]): Promise<Result[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(python(), [join(projectRoot, 'test', 'notebooks', 'stop.py')]);
    let [out, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.on('close', (code) => {
      const results = out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Result);
      if (code === 0) resolve(results);
      else reject(new Error(errors));
    });
    child.stdin.end(JSON.stringify({folder: join(projectRoot, 'notebooks'), actions}));
  });
}

/** Things to train, encode and search with, none of which ends soon. */
const setUp: readonly string[] = [
  `import {createDecoder, decoderKinds, featuresOf, FeatureStore, loadEncoder, ofSplit, openDataset, Trainer, Vocabulary} from 'captioner';
import {captionImages} from 'captioner/dist/evaluation/evaluate';
import {mkdtempSync} from 'node:fs';`,
  `const folder = ${JSON.stringify(folder)};
const dataset = await openDataset('scenes');
const few = {...dataset, images: [...ofSplit(dataset, 'train').slice(0, 60), ...ofSplit(dataset, 'validation').slice(0, 20)]};
const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 96}});
const vocabulary = Vocabulary.from(few.images.flatMap((image) => image.captions), {minimumCount: 1});`,
  `const trainers = new Map<string, Trainer>();
for (const kind of decoderKinds) {
  const store = await FeatureStore.build(encoder, few.images, folder + '/' + featuresOf(kind), {kind: featuresOf(kind)});
  const decoder = createDecoder(kind, vocabulary.size, store.depth, {units: 64});
  trainers.set(kind, await Trainer.create({dataset: few, features: store, vocabulary: vocabulary, decoder: decoder, run: folder + '/run-' + kind, options: {epochs: 100000, batch: 16, meteor: false, saveEvery: 20}}));
}
console.log([...trainers.keys()].join());`,
];

const work = {
  ...Object.fromEntries(
    ['lstm', 'attention', 'adaptive', 'transformer'].map((kind) => [
      kind,
      `await trainers.get('${kind}').train();`,
    ]),
  ),
  encode: `await FeatureStore.build(encoder, dataset.images, mkdtempSync(folder + '/features-'), {batch: 4});`,
  search: `for (;;) {
  const {decoder} = trainers.get('lstm');
  const store = FeatureStore.open(folder + '/pooled');
  await captionImages({decoder: decoder, vocabulary: vocabulary}, store, few.images, {beams: 5});
}`,
  steps: `for (;;) trainers.get('transformer').step();`,
  wait: `await new Promise((resolve) => setTimeout(resolve, 60_000));`,
};

const lines: Readonly<Record<string, RegExp>> = {
  encode: /^Stopped(\.| at \d+ of 800 images, finished shards saved; run the cell again to continue)$/,
  search: /^Stopped(\.| after \d+ of 80 captions; run the cell again to continue)$/,
  steps: /^Stopped\.?$/,
  wait: /^Stopped\.$/,
};
/** A cell whose code had not begun just says that it stopped. */
const training = /^Stopped(\.| at step \d+ of \d+, saved; run the cell again to continue)$/;

describe('The stop button', () => {
  it('stops every kind of work at any moment with one line, and the kernel lives', async () => {
    const moments = draws(count, 3000, 18);
    const kinds = Object.keys(work) as (keyof typeof work)[];
    const stops = moments.map((moment, at) => ({kind: kinds[at % kinds.length]!, moment: moment / 1000}));
    const results = await inKernel([
      ...setUp.map((code) => ({code})),
      ...stops.flatMap(({kind, moment}) => [
        {code: work[kind], stops: [moment]},
        {code: `console.log('alive')`},
      ]),
    ]);
    for (const {statuses, texts} of results.slice(0, setUp.length))
      expect(statuses, texts.join()).to.deep.equal(['ok']);
    expect(results[setUp.length - 1]!.texts[0]).to.equal('lstm,attention,adaptive,transformer\n');
    expect(results.at(-1), `after ${results.length} cells`).to.not.have.any.keys('dead', 'silent');
    const stopped = results.slice(setUp.length).filter((_, at) => at % 2 === 0);
    for (const [at, {kind, moment}] of stops.entries()) {
      const result = stopped[at]!;
      const what = `${at}: ${kind} after ${moment} s: ${JSON.stringify(result)}`;
      // Nothing has begun where the request to stop overtakes the cell.
      if (result.statuses[0] === 'aborted') continue;
      expect(result.statuses, what).to.deep.equal(['error']);
      expect(result.texts[0]!.trimEnd(), what).to.match(lines[kind] ?? training);
    }
    for (const next of results.slice(setUp.length).filter((_, at) => at % 2 === 1))
      expect([next.statuses, next.texts]).to.deep.equal([['ok'], ['alive\n']]);
    expect(results).to.have.length(setUp.length + 2 * count);
    const seconds = stopped.map((one) => one.seconds).sort((a, b) => a - b);
    if (process.env['CAPTIONER_STOPS'])
      console.log(
        `      ${count} stops, seconds: median ${seconds[count >> 1]!.toFixed(2)}, 99 % ${seconds[Math.floor(0.99 * count)]!.toFixed(2)}, most ${seconds.at(-1)!.toFixed(2)}`,
      );
  }).timeout(60_000 + count * 10_000);

  it('leaves out what was sent before it and runs what is sent after it', async () => {
    const [result] = await inKernel([
      {
        code: 'await new Promise((resolve) => setTimeout(resolve, 60_000));',
        stops: [1],
        then: ['console.log("queued")', 'console.log("queued too")'],
        late: ['console.log("late")'],
      },
    ]);
    expect(result!.statuses).to.deep.equal(['error', 'aborted', 'aborted', 'ok']);
    expect(result!.texts).to.deep.equal(['Stopped.\n', '', '', 'late\n']);
  });

  it('is heard when it is pressed before the cell has begun', async () => {
    const [first, second, third] = await inKernel([
      {code: 'const longAgo = 1;'},
      {code: 'await new Promise((resolve) => setTimeout(resolve, 60_000));', stops: [0]},
      {code: 'console.log(longAgo)'},
    ]);
    expect(first!.statuses).to.deep.equal(['ok']);
    expect(second!.statuses[0]).to.be.oneOf(['aborted', 'error']);
    expect(third!.texts).to.deep.equal(['1\n']);
  });

  it('calls listeners of SIGINT, and interrupts nothing else', async () => {
    const [, result, after] = await inKernel([
      {code: `process.on('SIGINT', () => console.log('heard'));`},
      {code: 'await new Promise((resolve) => setTimeout(resolve, 60_000));', stops: [0.5]},
      {code: `console.log(process.listenerCount('SIGINT'))`},
    ]);
    expect(result!.texts).to.deep.equal(['heard\nStopped.\n']);
    expect(after!.texts).to.deep.equal(['2\n']);
  });

  it('breaks off code without a pause when it is pressed twice', async () => {
    const loops = [
      'while (true) {}',
      'await null; while (true) {}',
      'await new Promise((resolve) => setTimeout(resolve, 10)); while (true) {}',
      'setImmediate(() => { while (true) {} }); await new Promise((resolve) => setTimeout(resolve, 60_000));',
      '/(a+)+b/.test("a".repeat(40))',
      `for (;;) JSON.parse(JSON.stringify({a: [1, 2, 3]}))`,
    ];
    const results = await inKernel(
      loops.flatMap((code) => [{code, stops: [0.7, 1.2]}, {code: 'console.log("alive")'}]),
    );
    for (const [at, code] of loops.entries()) {
      const [broken, next] = results.slice(2 * at, 2 * at + 2) as [Result, Result];
      expect(broken.statuses, code).to.deep.equal(['error']);
      expect(broken.texts[0], code).to.match(/^Stopped in the middle of code that made no pause\. .*\n$/);
      expect(next.texts, code).to.deep.equal(['alive\n']);
    }
  });
});
