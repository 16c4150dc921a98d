/**
 * A long life in one process: round after round it trains, stops, resumes, captions, explains and evaluates, with errors between, and
 * checks that a round leaves nothing behind. After the warm-up the number of tensors and of open files must stay the same, memory must stay
 * flat, and each round must give the same losses and captions to the bit.
 *
 *     node tools/soak.mjs                  # an hour
 *     node tools/soak.mjs --seconds 20     # as the tests run it: three rounds or more, too few to judge memory
 *
 * Prints a line for each round and, last, the figures as JSON; exits with 1 if a check failed.
 */
import {appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {setFlagsFromString} from 'node:v8';
import {runInNewContext} from 'node:vm';

const {values: given} = parseArgs({
  options: {seconds: {type: 'string', default: '3600'}, to: {type: 'string'}},
});
const seconds = Number(given.seconds);
const {
  Captioner,
  createDecoder,
  drawScenes,
  evaluate,
  explain,
  FeatureStore,
  loadCheckpoint,
  loadEncoder,
  openDataset,
  Scorer,
  tf,
  Trainer,
  Vocabulary,
} = createRequire(new URL('../lib/package.json', import.meta.url))('captioner');

/** Memory may grow by this much from the first third of the rounds after the warm-up to the last: what the allocator keeps varies by more. */
const mostGrowth = {rss: 0.05, heap: 0.1};
/** Part of the time that is the warm-up: compiled functions, caches and the allocator's pools come to rest. */
const warmUp = 0.25;
const methods = ['saliency', 'occlusion', 'grad-cam', 'integrated-gradients', 'lrp', 'rise'];

setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc');
const folder = mkdtempSync(join(tmpdir(), 'captioner-soak-'));
process.on('exit', () => rmSync(folder, {recursive: true, force: true}));
const at = (...names) => join(folder, ...names);

const size = {preprocessing: {size: 64}};
await drawScenes(at('scenes'), {train: 24, validation: 4, test: 6});
const dataset = await openDataset(at('scenes'));
const vocabulary = Vocabulary.from(
  dataset.images.flatMap(({captions}) => captions),
  {minimumCount: 1},
);
const test = dataset.images.filter(({split}) => split === 'test');
const scorer = await Scorer.create(
  test.map(({captions}) => captions),
  {meteor: false},
);
writeFileSync(at('damaged.png'), readFileSync(test[0].file).subarray(0, 200));
for (const [name, head] of [
  ['damaged.h5', '\x89HDF\r\n\x1a\n'],
  ['damaged.pth', '\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.'],
  ['damaged.safetensors', '\xff\xff\0\0\0\0\0\0'],
])
  writeFileSync(at(name), Buffer.concat([Buffer.from(head, 'latin1'), Buffer.alloc(4000, name)]));

/** Everything that must be refused; anything but a typed error ends the soak. */
async function errors(captioner) {
  const refused = [
    () => createDecoder('lstm', 100, 8, {units: -1}),
    () => createDecoder('transformer', 1e12, 8),
    () => openDataset(at('nowhere')),
    () => loadCheckpoint(at('nowhere')),
    () => loadCheckpoint(at('scenes')),
    ...['h5', 'pth', 'safetensors'].map((end) => () => loadEncoder('mobilenet-v2', {weights: at(`damaged.${end}`)})),
    () => explain(captioner, test[0].file, {method: 'saliency', words: ['unicorn']}),
    () => explain(captioner, at('damaged.png'), {method: 'saliency'}),
    () => captioner.caption([test[0].file], {beams: 0}),
  ]; // prettier-ignore
  for (const action of refused)
    try {
      await action();
      throw new Error(`was not refused: ${action}`);
    } catch (error) {
      if (error.name !== 'CaptionerError') throw error;
    }
}

/** Trains an epoch, stopped in the middle and resumed. @returns {Promise<number[]>} The losses of its steps. */
async function train() {
  const encoder = await loadEncoder('efficientnet-lite0', size);
  rmSync(at('features'), {recursive: true, force: true});
  const features = await FeatureStore.build(encoder, dataset.images, at('features'), {kind: 'grid'});
  encoder.dispose();
  const decoder = createDecoder('attention', vocabulary.size, features.depth, {units: 16, embedding: 16});
  const options = {epochs: 1, batch: 8, meteor: false, panelImages: 2, beams: 2};
  const run = at('run');
  const first = await Trainer.create({dataset, features, vocabulary, decoder, run, options}, {replace: true});
  const stop = new AbortController();
  const onStep = ({step}) => step === 3 && stop.abort();
  await first.train({signal: stop.signal, onStep}).then(
    () => {
      throw new Error('training was not stopped');
    },
    (error) => {
      if (error.code !== 'stopped') throw error;
    },
  );
  first.close();
  decoder.dispose();
  const second = await Trainer.resume(run, {dataset, features});
  await second.train();
  second.close();
  second.decoder.dispose();
  return second.history.steps.map(({loss}) => loss);
}

/** One round. @returns {Promise<string>} What it computed, which is the same in each round. */
async function round(number) {
  const losses = await train();
  const captioner = await Captioner.load(at('run'));
  try {
    await errors(captioner);
    const files = [at('damaged.png'), ...test.map(({file}) => file)];
    const captions = await captioner.caption(files, {beams: 3});
    if (captions[0].caption !== undefined) throw new Error('a damaged image was captioned');
    const explained = [];
    for (const method of [methods[0], methods[number % methods.length]])
      explained.push(await explain(captioner, test[0].file, {method, words: [0]}));
    const features = FeatureStore.open(at('features'));
    const {decoder} = captioner;
    const {metrics} = await evaluate({decoder, vocabulary: captioner.vocabulary}, features, test, {scorer, beams: 2});
    const said = captions.slice(1).map(({caption, score}) => [caption, score]);
    return JSON.stringify([losses, said, [...explained[0].image.values].slice(0, 50), metrics]);
  } finally {
    captioner.dispose();
  }
} // prettier-ignore

/** Counts the tensors, files and memory that the process holds. */
function held() {
  collect();
  collect();
  const {rss, heapUsed, external} = process.memoryUsage();
  const files = process.platform === 'linux' ? readdirSync('/proc/self/fd').length : 0;
  return {tensors: tf.memory().numTensors, files, rss: rss / 1e6, heap: (heapUsed + external) / 1e6};
}

const began = performance.now();
const elapsed = () => (performance.now() - began) / 1000;
const rounds = [];
const failures = new Set();
let expected;
do {
  const found = await round(rounds.length);
  expected ??= found;
  if (found !== expected) failures.add(`round ${rounds.length + 1} computed something else than round 1`);
  await new Promise((resolve) => setTimeout(resolve, 20)); // ended threads give back their memory
  const {tensors, files, rss, heap} = held();
  rounds.push({seconds: elapsed(), tensors, files, rss, heap});
  const line = `round ${rounds.length}, ${elapsed().toFixed(0)} s: ${tensors} tensors, ${files} files, RSS ${rss.toFixed(0)} MB, heap ${heap.toFixed(1)} MB`;
  console.log(line);
  if (given.to) appendFileSync(given.to, `${line}\n`);
} while (elapsed() < seconds || rounds.length < 3);

const after = rounds.filter((one) => one.seconds >= warmUp * elapsed());
const third = Math.max(1, Math.floor(after.length / 3));
const median = (list, name) => list.map((one) => one[name]).sort((a, b) => a - b)[list.length >> 1];
const [early, late] = [after.slice(0, third), after.slice(-third)];
for (const name of ['tensors', 'files'])
  if (median(early, name) !== median(late, name))
    failures.add(`${name}: ${median(early, name)} after the warm-up, ${median(late, name)} in the end`);
// The first rounds say nothing about memory.
for (const [name, most] of Object.entries(after.length < 9 ? {} : mostGrowth))
  if (median(late, name) > (1 + most) * median(early, name))
    failures.add(
      `${name}: ${median(early, name).toFixed(1)} MB after the warm-up, ${median(late, name).toFixed(1)} MB in the end`,
    );
for (const failure of failures) console.error(failure);
const figures = Object.fromEntries(
  ['tensors', 'files', 'rss', 'heap'].map((name) => [
    name,
    [median(early, name), median(late, name)].map((value) => Math.round(10 * value) / 10),
  ]),
);
console.log(
  JSON.stringify({
    rounds: rounds.length,
    seconds: Math.round(elapsed()),
    ...figures,
    failures: [...failures],
  }),
);
process.exitCode = failures.size > 0 ? 1 : 0;
