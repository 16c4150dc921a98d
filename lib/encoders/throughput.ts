/** How fast an encoder is on this machine. */
import {tf} from '../tensorflow/tensorflow';
import type {Encoder} from './encoder';

/**
 * Measures the speed of an encoder on random images.
 *
 * @param options.batch Images that it sees at once. @default 16
 * @param options.rounds Batches that are timed, after one that is not. @default 8
 * @returns Images a second, pixels to features: the median of the rounds.
 */
export function throughput(
  encoder: Encoder,
  {batch = 16, rounds = 8}: {readonly batch?: number; readonly rounds?: number} = {},
): number {
  const {size} = encoder.preprocessing;
  const pixels = tf.randomUniform<tf.Rank.R4>([batch, size, size, 3], 0, 256, 'int32');
  const seconds: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const start = performance.now();
    const {grid, pooled} = encoder.encode(pixels);
    pooled.dataSync();
    tf.dispose([grid, pooled]);
    if (round > 0) seconds.push((performance.now() - start) / 1000);
  }
  pixels.dispose();
  return batch / seconds.sort((one, other) => one - other)[rounds >> 1]!;
}
