/**
 * A process that trains every decoder, encodes and searches in a loop, and prints a digest of the results of each round. Undisturbed, all
 * rounds are bit-identical. It handles signals, as Node programs do.
 */
import {createHash} from 'node:crypto';
import {setImmediate as runEventLoop} from 'node:timers/promises';
import {beamSearch, collate, createDecoder, decoderKinds, featuresOf, loadEncoder, tf} from 'captioner';
import {Adam} from 'captioner/dist/optim/adam';
import {gradients} from 'captioner/dist/training/loss';

const [vocabulary, depth, images] = [500, 128, 16];

async function main(): Promise<void> {
  const rounds = Number(process.argv[2]);
  let handled = 0;
  for (const signal of ['SIGWINCH', 'SIGCHLD', 'SIGUSR2'] as const) process.on(signal, () => handled++);
  const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 96}});
  const pixels = tf.cast(tf.randomUniform<tf.Rank.R4>([4, 96, 96, 3], 0, 255, 'float32', 3), 'int32');
  process.stdout.write('ready\n');
  for (let round = 0; round < rounds; round++) {
    const digest = createHash('sha256');
    const keep = (tensor: tf.Tensor): void => void digest.update(tensor.dataSync() as Float32Array);
    const {grid, pooled} = encoder.encode(pixels);
    for (const tensor of [grid, pooled]) keep(tensor);
    tf.dispose([grid, pooled]);
    for (const kind of decoderKinds) {
      train(kind, digest, keep);
      await runEventLoop();
    }
    process.stdout.write(`${JSON.stringify({round, handled, digest: digest.digest('hex')})}\n`);
  }
}

function train(
  kind: string,
  digest: {update(text: string): unknown},
  keep: (tensor: tf.Tensor) => void,
): void {
  const decoder = createDecoder(kind, vocabulary, depth, {units: 128, seed: 5});
  const adam = new Adam(decoder.weights);
  const {inputs, targets, size, steps} = collate(
    Array.from({length: images}, (_, at) => ({
      id: `${at}`,
      tokens: Array.from({length: 8}, (_, step) => 4 + ((31 * at + 7 * step) % (vocabulary - 4))),
    })),
  );
  tf.tidy(() => {
    const shape = featuresOf(kind) === 'grid' ? ([images, 9, depth] as const) : ([images, depth] as const);
    const features = tf.randomNormal<tf.Rank>([...shape], 0, 1, 'float32', 7);
    const [read, next] = [inputs, targets].map((ids) => tf.tensor2d(ids, [size, steps], 'int32'));
    for (let step = 0; step < 4; step++) {
      const found = gradients(decoder, features, read!, next!);
      digest.update(`${found.loss}`);
      adam.apply(found.gradients, 0.002);
    }
    for (const weight of decoder.weights.values()) keep(weight);
    digest.update(JSON.stringify(beamSearch(decoder, features, {beams: 3, maximumLength: 10})));
  });
  adam.dispose();
  decoder.dispose();
}

void main();
