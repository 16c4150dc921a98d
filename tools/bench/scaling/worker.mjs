/**
 * A worker of the benchmark of scaling: steps of the attention decoder on its part of the batches, as a training of a cluster takes them.
 * On a line `steps N` it takes N steps; on `sums N` it only adds up a vector as long as its gradient N times, on `pings N` a single number.
 */
import {createRequire} from 'node:module';
import {createInterface} from 'node:readline';

const require = createRequire(import.meta.url);
const {cluster, joinCluster} = require('captioner/dist/tensorflow/cluster');
joinCluster();
const {createDecoder} = require('captioner/dist/decoders/registry');
const {compiledGradients, countWords, lossInputs, settingsOf} = require('captioner/dist/training/loss');
const {meanOf} = require('captioner/dist/training/step');
const {sharedGradients} = require('captioner/dist/training/shared-gradients');
const {allReduce, bucketSize} = require('captioner/dist/tensorflow/collectives');
const {Adam} = require('captioner/dist/optim/adam');
const {tf} = require('captioner/dist/tensorflow/tensorflow');

const accumulate = Number(process.argv[2]);
const {batch, steps, cells, vocabulary, depth, block, ...options} = require('../train-attention.json');
void block;
const decoder = createDecoder('attention', vocabulary, depth, options);
const adam = new Adam(decoder.weights);
const features = tf.randomUniform([batch, cells, depth]);
const words = tf.randomUniform([batch, steps + 1], 4, vocabulary, 'int32');
const [inputs, targets] = [0, 1].map((from) => words.slice([0, from], [batch, steps]).dataSync());
const {rank, size} = cluster();

let step = 0;
function takeStep() {
  tf.tidy(() => {
    const passes = [];
    for (let part = rank; part < accumulate; part += size) {
      const training = {seed: 1, step: step * accumulate + part};
      const given = lossInputs(decoder, features, {inputs, targets, size: batch, steps}, training);
      const found = compiledGradients(decoder, given, settingsOf(training));
      passes.push({...found, words: countWords(targets), captions: batch});
    }
    const {gradients, loss} =
      size > 1 ? sharedGradients(adam, passes, decoder.weights, false, 'float32') : meanOf(adam, passes);
    const norm = adam.clipAndApply(new Map(Object.entries(gradients)), {
      rate: () => 1e-3,
      decay: 0,
      clipNorm: 5,
      loss,
    });
    tf.stack([loss, norm]).dataSync();
    adam.advance();
  });
  step++;
}

const length = [...decoder.weights.values()].reduce((sum, {size}) => sum + size, 0);
function addUp(length) {
  tf.tidy(() => {
    const parts = [];
    for (let from = 0; from < length; from += bucketSize)
      parts.push(tf.ones([Math.min(bucketSize, length - from)]));
    for (const sum of allReduce(parts)) sum.dataSync();
  });
}

const work = {steps: takeStep, sums: () => addUp(length), pings: () => addUp(1)};
console.log(JSON.stringify({ready: true, weights: length}));
for await (const line of createInterface({input: process.stdin})) {
  const [what, count] = line.split(' ');
  if (what === 'end') break;
  const start = performance.now();
  for (let done = 0; done < Number(count); done++) work[what]();
  console.log(JSON.stringify({seconds: (performance.now() - start) / 1000 / Number(count)}));
}
process.exit(0);
