// Measures the memory that datasets larger than usual take, with made-up captions, and prints a line for each stage:
//
//     node tools/large-dataset.mjs captions 10000000          # as many image–caption pairs, held, made ready to train on, and put in order
//     node tools/large-dataset.mjs tars DIR 100000 10          # writes tar archives: images of 16 × 16 pixels, with so many captions each
import {mkdirSync, readFileSync} from 'node:fs';
import {createWriteStream} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';

const require = createRequire(import.meta.url);
const {SeededRandom} = require('captioner/dist/random/random');

/** Captions of 6 to 16 words out of 60,000, the frequent ones as frequent as in English (Zipf's law). */
class MadeUp {
  constructor(seed) {
    this.random = new SeededRandom(seed);
    const syllables = 'ba ce di fo gu la me ni po ru sa te vi wo zu'.split(' ');
    this.words = Array.from({length: 60_000}, (_, at) => {
      let word = '';
      for (let rest = at + 1; rest > 0; rest = Math.floor(rest / syllables.length))
        word += syllables[rest % syllables.length];
      return word;
    });
  }
  caption() {
    const length = 6 + Math.floor(11 * this.random.next());
    const words = Array.from(
      {length},
      () => this.words[Math.floor(this.words.length ** this.random.next()) - 1],
    );
    return `${words.join(' ')} .`;
  }
}

/** Memory of this process, in megabytes: now, and at its peak. */
function memory() {
  const status = readFileSync('/proc/self/status', 'utf8');
  const [now, peak] = ['VmRSS', 'VmHWM'].map((name) =>
    Math.round(Number(new RegExp(`${name}:\\s+(\\d+)`).exec(status)[1]) / 1024),
  );
  return {now, peak};
}

let began = performance.now();
function report(stage) {
  globalThis.gc?.();
  const {now, peak} = memory();
  console.log(
    `${stage.padEnd(58)} ${String(now).padStart(6)} MB, at most ${String(peak).padStart(6)} MB, ${((performance.now() - began) / 1000).toFixed(0)} s`,
  );
  began = performance.now();
}

function captions(count) {
  const {ImageTable} = require('captioner/dist/datasets/image-table');
  const {NameIndex} = require('captioner/dist/datasets/columns/name-index');
  const {listImages, captionsOf} = require('captioner/dist/datasets/image-list');
  const {ExampleTable} = require('captioner/dist/training/example-table');
  const {BatchPlan} = require('captioner/dist/training/batches');
  const {Vocabulary} = require('captioner/dist/text/vocabulary');
  report('before');
  const made = new MadeUp(1);
  const table = new ImageTable();
  const names = new NameIndex((row) => table.id(row));
  let characters = 0;
  for (let at = 0; at < count; at++) {
    const id = `${String(Math.floor(at / 10_000)).padStart(5, '0')}.tar/${String(at).padStart(9, '0')}.jpg`;
    const row = table.add(id, `/data/pairs/${id}`);
    names.add(id, row);
    table.setSplit(row, 'train');
    const caption = made.caption();
    characters += caption.length;
    table.addCaption(row, caption);
  }
  report(`${count} captions of ${(characters / count).toFixed(0)} characters, held`);
  const images = listImages(
    table,
    Int32Array.from({length: count}, (_, row) => row),
  );
  const vocabulary = Vocabulary.from(captionsOf(images.slice(0, 200_000)), {minimumCount: 5});
  report(`vocabulary of ${vocabulary.size} words`);
  const examples = new ExampleTable((image) => images[image].id, vocabulary.size);
  for (const [image, {captions: own}] of images.entries())
    for (const caption of own) examples.push(image, vocabulary.encode(caption).slice(0, 24));
  report('ready to train on, as well');
  const plan = new BatchPlan(examples, 128, {seed: 1, epoch: 0});
  let words = 0;
  for (let at = 0; at < Math.min(1000, plan.length); at++) words += plan.batch(at).targets.length;
  report(`order of an epoch of ${plan.length} batches, as well`);
  if (words === 0 || table.length !== count) throw new Error('expected captions');
}

async function tars(folder, count, each) {
  const sharp = require('sharp');
  const {pack} = require('tar-stream');
  const made = new MadeUp(2);
  mkdirSync(folder, {recursive: true});
  const side = 16;
  for (let from = 0; from < count; from += 10_000) {
    const tar = pack();
    const name = `${String(from / 10_000).padStart(5, '0')}.tar`;
    const written = pipeline(tar, createWriteStream(join(folder, name)));
    for (let at = from; at < Math.min(count, from + 10_000); at++) {
      const pixels = Buffer.from(
        Array.from({length: side * side * 3}, (_, k) => (k * (at % 251) + at) & 0xff),
      );
      const image = await sharp(pixels, {raw: {width: side, height: side, channels: 3}})
        .jpeg()
        .toBuffer();
      const key = String(at).padStart(9, '0');
      await new Promise((resolve) => tar.entry({name: `${key}.jpg`, mtime: new Date(0)}, image, resolve));
      const text = Array.from({length: each}, () => made.caption()).join('\n');
      await new Promise((resolve) => tar.entry({name: `${key}.txt`, mtime: new Date(0)}, text, resolve));
    }
    tar.finalize();
    await written;
  }
  report(`${count} images with ${each} captions each in ${folder}`);
}

const [what, ...given] = process.argv.slice(2);
if (what === 'captions') captions(Number(given[0] ?? 10_000_000));
else if (what === 'tars') await tars(given[0], Number(given[1]), Number(given[2] ?? 10));
else throw new Error('expected `captions COUNT` or `tars DIR IMAGES CAPTIONS`');
