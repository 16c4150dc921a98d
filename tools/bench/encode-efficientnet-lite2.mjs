/** Our side of encode-efficientnet-lite2: from pixels to features, forward only. */
import {createRequire} from 'node:module';
import {serve} from './serve.mjs';

const require = createRequire(import.meta.url);
const {loadEncoder} = require('captioner/dist/encoders/registry');
const {tf} = require('captioner/dist/tensorflow/tensorflow');

const {batch, batches, size} = require('./encode-efficientnet-lite2.json');
const encoder = await loadEncoder('efficientnet-lite2');
const pixels = tf.randomUniform([batch, size, size, 3], 0, 256, 'int32');

serve('images a second', () => {
  for (let k = 0; k < batches; k++) {
    const {grid, pooled} = encoder.encode(pixels);
    pooled.dataSync();
    tf.dispose([grid, pooled]);
  }
  return batches * batch;
});
