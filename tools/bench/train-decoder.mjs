/** Our side of the benchmarks that train a decoder. */
import {createRequire} from 'node:module';
import {serve} from './serve.mjs';

const require = createRequire(import.meta.url);
const {createDecoder} = require('captioner/dist/decoders/registry');
const {compiledGradients, lossInputs, settingsOf} = require('captioner/dist/training/loss');
const {Adam} = require('captioner/dist/optim/adam');
const {tf} = require('captioner/dist/tensorflow/tensorflow');

/** Trains with the sizes of `train-<kind>.json`, on features of `cells` cells, or pooled ones; the program's argument is another batch size. */
export function trainDecoder(kind) {
  const {batch, steps, cells, vocabulary, depth, block, ...options} = require(`./train-${kind}.json`);
  const size = Number(process.argv[2] ?? batch);
  const decoder = createDecoder(kind, vocabulary, depth, options);
  const adam = new Adam(decoder.weights);
  const features = tf.randomUniform(cells === undefined ? [size, depth] : [size, cells, depth]);
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
