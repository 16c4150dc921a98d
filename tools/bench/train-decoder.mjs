/** Our side of the benchmarks that train a decoder. */
import {createRequire} from 'node:module';
import {serve} from './serve.mjs';

const require = createRequire(import.meta.url);
const {createDecoder} = require('captioner/dist/decoders/registry');
const {compiledGradients, lossInputs, settingsOf} = require('captioner/dist/training/loss');
const {Adam} = require('captioner/dist/optim/adam');
const {tf} = require('captioner/dist/tensorflow/tensorflow');

/** @param {{features: number[], steps: number, vocabulary: number, depth: number, block: number}} sizes `features` is their shape. */
export function trainDecoder(kind, {features: shape, steps, vocabulary, depth, block}, options) {
  const [size] = shape;
  const decoder = createDecoder(kind, vocabulary, depth, options);
  const adam = new Adam(decoder.weights);
  const features = tf.randomUniform(shape);
  const words = tf.randomUniform([size, steps + 1], 4, vocabulary, 'int32');
  const [inputs, targets] = [0, 1].map((from) => words.slice([0, from], [size, steps]).dataSync());

  let step = 0;
  const train = () =>
    tf.tidy(() => {
      const training = {seed: 1, step: step++};
      const given = lossInputs(decoder, features, {inputs, targets, size, steps}, training);
      const {loss, gradients} = compiledGradients(decoder, given, settingsOf(training));
      adam.apply(new Map(Object.entries(gradients)), 1e-3);
      return loss.dataSync()[0];
    });
  serve('seconds a step', () => {
    for (let k = 0; k < block; k++) train();
    return block;
  });
}
