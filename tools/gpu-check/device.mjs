/** Says what TensorFlow computes on, and how fast. */
import {createRequire} from 'node:module';

const {device, tf} = createRequire(import.meta.url)('captioner/dist/tensorflow/tensorflow');

const side = device() === 'gpu' ? 4096 : 1024;
const factor = tf.ones([side, side]);
const multiply = () => tf.tidy(() => tf.matMul(factor, factor).slice([0, 0], [1, 1]).dataSync()[0]);
if (multiply() !== side) throw new Error(`Expected ${side} as the sum of ${side} ones`);
const start = performance.now();
const times = 10;
for (let k = 0; k < times; k++) multiply();
const seconds = (performance.now() - start) / 1000 / times;
console.log(JSON.stringify({device: device(), side, teraflops: (2 * side ** 3) / seconds / 1e12}));
