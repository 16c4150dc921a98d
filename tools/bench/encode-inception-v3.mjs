/** Our side of encode-inception-v3: from pixels to features, forward only. Any weights take the same time. */
import {createRequire} from 'node:module';
import {serve} from './serve.mjs';

const require = createRequire(import.meta.url);
const {Cnn} = require('captioner/dist/encoders/cnn');
const {weightShapes} = require('captioner/dist/encoders/forward');
const {architectureOf} = require('captioner/dist/encoders/registry');
const {float32} = require('captioner/dist/files/safetensors');
const {tf} = require('captioner/dist/tensorflow/tensorflow');

const {batch, batches, size} = require('./encode-inception-v3.json');
const architecture = architectureOf('inception-v3');
const tensors = new Map();
for (const [name, shape] of weightShapes(architecture.layers)) {
  // As large as keeps outputs as large as inputs.
  const deviation = Math.sqrt(2 / shape.slice(0, -1).reduce((product, side) => product * side, 1));
  const values = tf.tidy(() => tf.randomNormal(shape, 0, shape.length === 1 ? 0.1 : deviation).dataSync());
  tensors.set(name, float32(values, shape));
}
const encoder = Cnn.create(architecture, architecture.preprocessing, {tensors, digest: ''}, 'random weights');
const pixels = tf.randomUniform([batch, size, size, 3], 0, 256, 'int32');

serve('images a second', () => {
  for (let k = 0; k < batches; k++) {
    const {grid, pooled} = encoder.encode(pixels);
    pooled.dataSync();
    tf.dispose([grid, pooled]);
  }
  return batches * batch;
});
