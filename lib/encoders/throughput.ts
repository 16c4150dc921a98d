/** Measures the speed of an encoder. */
import {tf} from '../tensorflow/tensorflow';
import type {Encoder} from './encoder';

/**
 * Measures how many images per second an encoder turns from pixels into features.
 *
 * @param options.batch Images per batch. @default 16
 * @param options.rounds Batches to time, after one warm-up batch. @default 8
 * @returns Images per second, the median over the rounds.
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
  return batch / seconds.sort((a, b) => a - b)[rounds >> 1]!;
}
