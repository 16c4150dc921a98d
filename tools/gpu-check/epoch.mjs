/** Trains a decoder for one epoch on synthetic data and prints how long its parts take. */
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {syntheticData} from './synthetic.mjs';

const require = createRequire(import.meta.url);
const {createDecoder, Trainer} = require('captioner');

const [kind, batch, images] = [process.argv[2], ...process.argv.slice(3).map(Number)];
const now = () => performance.now() / 1000;
const begun = now();
const parts = await syntheticData(
  join(process.env.CAPTIONER_OUTPUT, `epoch-${kind}`),
  kind === 'lstm' ? 'pooled' : 'grid',
  images,
);
const prepare = now() - begun;
const decoder = createDecoder(kind, parts.vocabulary.size, parts.features.depth, {});
const options = {
  epochs: 1,
  batch,
  learningRate: 1e-3,
  validationImages: Math.ceil(images / 6),
  panelImages: 1,
  meteor: false,
  seed: 1,
};
const trainer = await Trainer.create({...parts, decoder, options});
const times = [];
let last = now();
const start = last;
await trainer.train({
  progress: false,
  onStep: () => {
    times.push(now() - last);
    last = now();
  },
});
const [first, ...rest] = times;
const sorted = rest.toSorted((a, b) => a - b);
const {steps} = trainer.history;
console.log(
  JSON.stringify({
    kind,
    batch,
    captions: images * 5,
    words: parts.vocabulary.size,
    steps: times.length,
    prepare,
    first,
    step: sorted[sorted.length >> 1],
    train: last - start,
    validate: now() - last,
    loss: steps.at(-1).loss,
  }),
);
process.exit(0);
