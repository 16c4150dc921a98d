/** Our side of the benchmarks that train a decoder. */
import {createRequire} from 'node:module';
import {serve} from './serve.mjs';

const require = createRequire(import.meta.url);
const {createDecoder} = require('captioner/dist/decoders/registry');
const {gradients} = require('captioner/dist/training/loss');
const {Adam} = require('captioner/dist/optim/adam');
const {tf} = require('captioner/dist/tensorflow/tensorflow');

/** @param {{features: number[], steps: number, vocabulary: number, depth: number, block: number}} sizes `features` is their shape. */
export function trainDecoder(kind, {features: shape, steps, vocabulary, depth, block}, options) {
  const [batch] = shape;
  const decoder = createDecoder(kind, vocabulary, depth, options);
  const adam = new Adam(decoder.weights);
  const features = tf.randomUniform(shape);
  const words = tf.randomUniform([batch, steps + 1], 4, vocabulary, 'int32');
  const inputs = words.slice([0, 0], [batch, steps]);
  const targets = words.slice([0, 1], [batch, steps]);

  let step = 0;
  serve('seconds a step', () => {
    for (let k = 0; k < block; k++) {
      const result = gradients(decoder, features, inputs, targets, {seed: 1, step: step++});
      adam.apply(result.gradients, 1e-3);
      tf.dispose([...result.gradients.values()]);
    }
    return block;
  });
}
