import {createServer, type Server} from 'node:http';
import type {AddressInfo} from 'node:net';
import {expect} from 'chai';
import {draws, temporaryFolder} from '../support';
import {inKernel, type Result} from './stopping';

/** Stops at random moments; `CAPTIONER_STOPS` asks for more. */
const count = Number(process.env['CAPTIONER_STOPS'] ?? 24);

const folder = temporaryFolder();

/** Things to train, encode and search with, none of which ends soon. */
const setUp = (address: string): readonly string[] => [
  `import {Captioner, compareScores, createDecoder, decoderKinds, drawScenes, evaluate, featuresOf, FeatureStore, loadEncoder, ofSplit, openDataset, saveCheckpoint, scoreCaptions, Scorer, Trainer, Vocabulary} from 'captioner';
import {fetchDownload} from 'captioner/dist/datasets/downloads/fetch';
import {searchCaptions} from 'captioner/dist/evaluation/evaluate';
import {mkdtempSync} from 'node:fs';`,
  `const folder = ${JSON.stringify(folder)};
const dataset = await openDataset('scenes');
const few = {...dataset, images: [...ofSplit(dataset, 'train').slice(0, 60), ...ofSplit(dataset, 'validation').slice(0, 20)]};
const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 96}});
const captions = few.images.flatMap((image) => image.captions);
const files = few.images.map((image) => image.file);
const vocabulary = Vocabulary.from(captions, {minimumCount: 1});
const address = '${address}';`,
  `const trainers = new Map<string, Trainer>();
for (const kind of decoderKinds) {
  const store = await FeatureStore.build(encoder, few.images, folder + '/' + featuresOf(kind), {kind: featuresOf(kind)});
  const decoder = createDecoder(kind, vocabulary.size, store.depth, {units: 64});
  trainers.set(kind, await Trainer.create({dataset: few, features: store, vocabulary: vocabulary, decoder: decoder, run: folder + '/run-' + kind, options: {epochs: 100000, batch: 16, meteor: false, saveEvery: 20}}));
}
console.log([...trainers.keys()].join());`,
  `const {name, digest, preprocessing} = encoder;
const store = FeatureStore.open(folder + '/pooled');
await saveCheckpoint(folder + '/checkpoint', {decoder: trainers.get('lstm').decoder, vocabulary: vocabulary, encoder: {name: name, digest: digest, preprocessing: preprocessing}});
const captioner = await Captioner.load(folder + '/checkpoint');
const {measured} = await scoreCaptions(few.images.map((image) => image.captions[0]), few.images);
console.log('ready');`,
];

const work = {
  ...Object.fromEntries(
    ['lstm', 'attention', 'adaptive', 'transformer'].map((kind) => [
      kind,
      `await trainers.get('${kind}').train();`,
    ]),
  ),
  encode: `await FeatureStore.build(encoder, dataset.images, mkdtempSync(folder + '/features-'), {batch: 4});`,
  evaluate: `for (;;) {
  const {decoder} = trainers.get('attention');
  const writer = {decoder: decoder, vocabulary: vocabulary};
  await evaluate(writer, FeatureStore.open(folder + '/grid'), few.images, {beams: 5, training: captions});
}`,
  caption: `for (;;) await captioner.caption(files, {beams: 3});`,
  sample: `for (;;) await captioner.sample(files, {samples: 20});`,
  compare: `for (;;) compareScores(measured, measured, {draws: 100_000});`,
  prepare: `for (;;) await Scorer.create(dataset.images.map((image) => image.captions));`,
  draw: `await drawScenes(mkdtempSync(folder + '/drawn-'), {train: 20_000});`,
  download: `await fetchDownload({files: [{address: address, size: 1e9}]}, mkdtempSync(folder + '/download-'), {insecure: true});`,
  search: `for (;;) {
  const {decoder} = trainers.get('lstm');
  const store = FeatureStore.open(folder + '/pooled');
  await searchCaptions({decoder: decoder, vocabulary: vocabulary}, store, few.images, {beams: 5});
}`,
  steps: `for (;;) trainers.get('transformer').step();`,
  wait: `await new Promise((resolve) => setTimeout(resolve, 60_000));`,
};

const again = '; run the cell again to start over';
const scoring = `(after \\d+ of 80 captions|while preparing the references|while scoring captions)${again}`;
const comparing = `while (comparing scores|resampling scores)${again}`;
const lines: Readonly<Record<string, RegExp>> = {
  encode: /^Stopped(\.| at \d+ of 800 images, saved; run the cell again to continue)$/,
  evaluate: new RegExp(`^Stopped(\\.| ${scoring})$`),
  search: new RegExp(`^Stopped(\\.| after \\d+ of 80 captions${again})$`),
  caption: new RegExp(`^Stopped(\\.| after \\d+ of 80 images${again})$`),
  sample: new RegExp(`^Stopped(\\.| after \\d+ of 80 images${again})$`),
  compare: new RegExp(`^Stopped(\\.| ${comparing})$`),
  prepare: new RegExp(`^Stopped(\\.| while preparing the references${again})$`),
  draw: new RegExp(`^Stopped(\\.| after drawing \\d+ of 20200 scenes${again})$`),
  download: /^Stopped(\.| at [\d.]+ of 1000.0 MB of file, kept; run the cell again to continue)$/,
  steps: /^Stopped\.?$/,
  wait: /^Stopped\.$/,
};
/** A cell whose code had not begun just says that it stopped. */
const training = /^Stopped(\.| at step \d+ of \d+, saved; run the cell again to continue)$/;

/** Serves a file of a gigabyte, slowly. */
function slowServer(): Server {
  return createServer((_, response) => {
    response.writeHead(200, {'etag': '"one"', 'content-length': 1e9});
    const timer = setInterval(() => response.write(Buffer.alloc(100_000)), 20);
    response.on('close', () => clearInterval(timer));
  });
}

describe('The stop button', () => {
  const server = slowServer();
  before((done) => void server.listen(0, '127.0.0.1', done));
  after(() => {
    server.closeAllConnections();
    server.close();
  });

  it('stops every kind of work at any moment with one line, and the kernel lives', async () => {
    const moments = draws(count, 3000, 18);
    const kinds = Object.keys(work) as (keyof typeof work)[];
    const stops = moments.map((moment, at) => ({kind: kinds[at % kinds.length]!, moment: moment / 1000}));
    const preparations = setUp(`http://127.0.0.1:${(server.address() as AddressInfo).port}/file`);
    const results = await inKernel([
      ...preparations.map((code) => ({code})),
      ...stops.flatMap(({kind, moment}) => [
        {code: work[kind], stops: [moment]},
        {code: `console.log('alive')`},
      ]),
    ]);
    for (const {statuses, texts} of results.slice(0, preparations.length))
      expect(statuses, texts.join()).to.deep.equal(['ok']);
    expect(results[preparations.length - 2]!.texts[0]).to.equal('lstm,attention,adaptive,transformer\n');
    expect(results.at(-1), `after ${results.length} cells`).to.not.have.any.keys('dead', 'silent');
    const stopped = results.slice(preparations.length).filter((_, at) => at % 2 === 0);
    for (const [at, {kind, moment}] of stops.entries()) {
      const result = stopped[at]!;
      const what = `${at}: ${kind} after ${moment} s: ${JSON.stringify(result)}`;
      // Nothing has begun where the request to stop overtakes the cell.
      if (result.statuses[0] === 'aborted') continue;
      expect(result.statuses, what).to.deep.equal(['error']);
      expect(result.texts[0]!.trimEnd(), what).to.match(lines[kind] ?? training);
    }
    for (const next of results.slice(preparations.length).filter((_, at) => at % 2 === 1))
      expect([next.statuses, next.texts]).to.deep.equal([['ok'], ['alive\n']]);
    expect(results).to.have.length(preparations.length + 2 * count);
    const waits = stopped
      .map(({seconds}, at) => ({seconds, kind: stops[at]!.kind}))
      .sort((a, b) => a.seconds - b.seconds);
    const slowest = waits
      .slice(-5)
      .map(({kind, seconds}) => `${kind} ${seconds.toFixed(2)}`)
      .join(', ');
    const median = waits[count >> 1]!.seconds;
    expect(median, slowest).to.be.below(0.7);
    expect(waits[Math.floor(0.9 * count)]!.seconds, slowest).to.be.below(2);
    if (process.env['CAPTIONER_STOPS'])
      console.log(`      ${count} stops, seconds: median ${median.toFixed(2)}, most ${slowest}`);
  }).timeout(60_000 + count * 10_000);

  it('lets a build of features continue, however often it is stopped, to the same files', async () => {
    const build = (name: string): string =>
      `await FeatureStore.build(encoder, dataset.images, folder + '/${name}', {batch: 8, shard: 100});`;
    const digest = (name: string): string =>
      `const files = readdirSync(folder + '/${name}').sort();
console.log(files.map((file) => file + ' ' + createHash('sha256').update(readFileSync(folder + '/${name}/' + file)).digest('hex')).join());`;
    const results = await inKernel([
      {
        code: `import {FeatureStore, loadEncoder, openDataset} from 'captioner';
import {createHash} from 'node:crypto';
import {mkdtempSync, readdirSync, readFileSync} from 'node:fs';
const folder = mkdtempSync('${folder}/builds-');
const dataset = await openDataset('scenes');
const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 96}});`,
      },
      {code: build('whole')},
      {code: digest('whole')},
      ...draws(5, 1500, 3).map((moment) => ({code: build('often'), stops: [0.3 + moment / 1000]})),
      {code: build('often')},
      {code: digest('often')},
    ]);
    const [whole, often] = [results[2]!, results.at(-1)!];
    expect(whole.texts[0]).to.match(/^index\.json \w{64},.*shard-00007\.safetensors \w{64}\n$/);
    expect(often.texts).to.deep.equal(whole.texts);
    const stopped =
      /^(Stopped( at \d+ of 800 images, saved; run the cell again to continue| after comparing \d+ of 800 .*|\.)\n)?$/;
    for (const {texts} of results.slice(3, -2)) expect(texts[0]).to.match(stopped);
  }).timeout(180_000);

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
