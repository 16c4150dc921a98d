/** Our side of explain: integrated gradients of every word of a caption, through EfficientNet-Lite2 and the soft-attention decoder. */
import {createRequire} from 'node:module';
import {serve} from './serve.mjs';

const require = createRequire(import.meta.url);
const {createDecoder} = require('captioner/dist/decoders/registry');
const {loadEncoder} = require('captioner/dist/encoders/registry');
const {CaptionModel} = require('captioner/dist/explain/caption-model');
const {methodNamed} = require('captioner/dist/explain/methods');
const {tf} = require('captioner/dist/tensorflow/tensorflow');

const {size, steps, words, batch, vocabulary, depth, units, embedding, attention} = require('./explain.json');
const encoder = await loadEncoder('efficientnet-lite2');
const decoder = createDecoder('attention', vocabulary, depth, {units, embedding, attention});
const caption = Array.from({length: words}, (_, at) => 4 + at);
const model = new CaptionModel(
  {encoder, decoder},
  {
    caption,
    positions: [...caption.keys()],
    pixels: tf.tidy(() => tf.randomUniform([size * size * 3], 0, 256).dataSync()),
    batch,
  },
);
const method = methodNamed('integrated-gradients');
const settings = method.options.schema.parse({steps});

const work = () => {
  const run = method.compute(model, settings);
  while (!run.next().done);
  return 1;
};
work();
serve(`seconds for all ${words} words`, work);
