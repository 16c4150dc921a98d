// Measures how faithful the methods of explanation are, and prints the tables of docs/explaining.md. Each image is a line of a file, so that
// a long measurement can be stopped and resumed, and methods can be added later:
//
//     node tools/faithfulness.mjs --checkpoint checkpoints/scenes-attention --data scenes --images 200 --to scenes-attention.jsonl
//     node tools/faithfulness.mjs --print scenes-attention.jsonl
import {appendFileSync, existsSync, readFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';

const {values: given} = parseArgs({
  options: {
    'checkpoint': {type: 'string'},
    'data': {type: 'string', default: 'scenes'},
    'images': {type: 'string', default: '200'},
    'to': {type: 'string'},
    'print': {type: 'string', multiple: true},
    'methods': {type: 'string', multiple: true},
    'controls': {type: 'boolean', default: true},
    'size': {type: 'string'},
    'views': {type: 'string'},
    'steps': {type: 'string', default: '5'},
    'curve-words': {type: 'string', default: '1'},
    'perturbations': {type: 'string', default: '16'},
    'noises': {type: 'string', default: '0'},
    'seed': {type: 'string', default: '1'},
    'minutes': {type: 'string'},
    'draws': {type: 'string', default: '1000'},
  },
  allowNegative: true,
});
const require = createRequire(import.meta.url);
const {drawScenes, openDataset, ofSplit, Captioner} = require('captioner');
const {measureImage} = require('captioner/dist/explain/faithful/measure-image');
const {measured} = require('captioner/dist/explain/faithful/faithfulness');
const {summarize, faithfulnessScores} = require('captioner/dist/explain/faithful/summary');
const {Truth} = require('captioner/dist/explain/faithful/truth');
const {wrongWordSignals} = require('captioner/dist/explain/faithful/wrong-words');

/** The measurements of a file, those of an image with different methods put together. */
function read(file) {
  const images = new Map();
  for (const line of existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : []) {
    const image = JSON.parse(line);
    const known = images.get(image.id);
    images.set(image.id, known ? {...known, methods: {...known.methods, ...image.methods}} : image);
  }
  return images;
}

async function measure() {
  const size = given.size && Number(given.size);
  const views = given.views && Number(given.views);
  const captioner = await Captioner.load(given.checkpoint, {...(size && {size}), ...(views && {views})});
  const number = Number(given.images);
  let folder = given.data;
  if (folder === 'scenes') {
    folder = join(tmpdir(), `captioner-scenes-${number}`);
    await drawScenes(folder, {train: 0, validation: 0, test: number});
  }
  const images = ofSplit(await openDataset(folder), 'test').slice(0, number);
  const methods = measured(
    (given.methods ?? []).map((text) => {
      const [label, name = label, options = '{}'] = text.split('=');
      return {label, method: name, ...JSON.parse(options)};
    }),
    {controls: given.controls},
  );
  const done = read(given.to);
  const truth = new Truth();
  const settings = {
    steps: Number(given.steps),
    curveWords: Number(given['curve-words']),
    perturbations: Number(given.perturbations),
    noises: Number(given.noises),
    seed: Number(given.seed),
    batch: 16,
  };
  const end = given.minutes === undefined ? Infinity : Date.now() + 60_000 * Number(given.minutes);
  let count = 0;
  for (const image of images) {
    const known = done.get(image.id)?.methods ?? {};
    const missing = methods.filter(({label}) => !(label in known));
    if (missing.length === 0 && done.has(image.id)) continue;
    if (Date.now() > end) return false;
    const found = await measureImage(captioner, image, missing, truth, settings);
    if (found) appendFileSync(given.to, `${JSON.stringify(found)}\n`);
    count++;
  }
  console.log(`${given.to}: ${count} images measured`);
  return true;
}

function print(file) {
  const images = [...read(file).values()];
  const options = {draws: Number(given.draws)};
  const rows = summarize(images, options);
  const shown = faithfulnessScores.filter((name) => rows.some(({scores}) => scores[name]));
  const number = (value) => value.toFixed(2);
  console.log(`\n${file}: ${images.length} images\n`);
  console.log(`| method | ${shown.join(' | ')} | forward | backward | seconds | images |`);
  console.log(`| --- |${' --- |'.repeat(shown.length + 4)}`);
  for (const {method, scores, cost} of rows) {
    const cells = shown.map((name) => {
      const score = scores[name];
      return score ? `${number(score.value)} (${number(score.low)} to ${number(score.high)})` : '';
    });
    const [forward, backward] = [cost.forwardPasses, cost.backwardPasses].map(Math.round);
    const counts = Object.values(scores).map(({images}) => images);
    console.log(
      `| ${[method, ...cells, forward, backward, cost.seconds.toFixed(1), Math.max(0, ...counts)].join(' | ')} |`,
    );
  }
  const labels = rows.map(({method}) => method);
  console.log(`\n| agreement | ${labels.join(' | ')} |\n| --- |${' --- |'.repeat(labels.length)}`);
  for (const {method, agreement} of rows)
    console.log(
      `| ${method} | ${labels.map((other) => (Number.isNaN(agreement[other]) ? '' : number(agreement[other]))).join(' | ')} |`,
    );
  console.log('\n| signal | area under the curve | wrong | right |\n| --- | --- | --- | --- |');
  for (const {signal, area, low, high, wrong, right} of wrongWordSignals(images, options))
    console.log(`| ${signal} | ${number(area)} (${number(low)} to ${number(high)}) | ${wrong} | ${right} |`);
}

if (given.print) given.print.forEach(print);
else process.exitCode = (await measure()) ? 0 : 75; // 75: stopped before the end; run it again
