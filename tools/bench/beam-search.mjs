/** Our side of beam-search: captions of pooled features by an LSTM decoder; weights and captions go into files for the other side. */
import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {serve} from './serve.mjs';

const require = createRequire(import.meta.url);
const {createDecoder} = require('captioner/dist/decoders/registry');
const {beamSearch} = require('captioner/dist/search/beam-search');
const {tf} = require('captioner/dist/tensorflow/tensorflow');
const {uniform} = require('captioner/dist/ops/random');
const {special} = require('captioner/dist/text/vocabulary');

const {pictures: all, vocabulary, depth, embedding, units, ...search} = require('./beam-search.json');
// Fewer pictures may be named; then a block is as many searches as there are pictures otherwise.
const pictures = Number(process.argv[2] ?? all);
const searches = all / pictures;
const folder = fileURLToPath(new URL('../../.build/bench-beam-search', import.meta.url));

const decoder = createDecoder('lstm', vocabulary, depth, {embedding, units});
const features = tf.tidy(() => uniform([pictures, depth], [1, 2]).sub(0.5));
tf.tidy(() => {
  // Random weights, so large that words differ clearly in probability, and an end that comes here and there.
  for (const weight of decoder.weights.values()) weight.assign(weight.mul(8));
  const bias = decoder.weights.get('output.bias');
  bias.assign(tf.oneHot(special.end, vocabulary, 1, 0, 'float32'));
});

const captions = beamSearch(decoder, features, search).map(([best]) => best.tokens);
rmSync(folder, {recursive: true, force: true});
mkdirSync(folder, {recursive: true});
for (const [name, tensor] of [...decoder.weights, ['features', features]])
  writeFileSync(join(folder, name), tensor.dataSync());
writeFileSync(join(folder, 'captions.json'), JSON.stringify(captions));

serve(`seconds for ${all} images`, () => {
  for (let k = 0; k < searches; k++) beamSearch(decoder, features, search);
  return 1;
});
