/** Histograms of weights and gradients, counted by TensorFlow. */
import {runOp, type} from '../../tensorflow/ops';
import {tf} from '../../tensorflow/tensorflow';
import type {Histogram} from './summary';

/** TensorBoard shows 30; its percentiles are read from these. */
const buckets = 100;

/**
 * Counts the numbers of a tensor in buckets of equal width. TensorFlow's own summary of a histogram, with buckets of growing width, takes
 * several times as long.
 *
 * @returns undefined where there are no numbers or some are not finite.
 */
export function histogramOf(values: tf.Tensor): Histogram | undefined {
  if (values.size === 0) return undefined;
  return tf.tidy(() => {
    const range = tf.stack([tf.min(values), tf.max(values)]);
    const [low, high] = range.dataSync() as Float32Array as unknown as [number, number];
    if (!Number.isFinite(low) || !Number.isFinite(high)) return undefined;
    if (low === high) return {edges: [low, high], counts: [values.size]};
    const counts = runOp(
      'HistogramFixedWidth',
      [values, range, tf.scalar(buckets, 'int32')],
      [type('T', 'float32'), type('dtype', 'int32')],
    );
    const edges = Array.from({length: buckets + 1}, (_, at) => low + ((high - low) * at) / buckets);
    return {edges, counts: [...counts.dataSync()]};
  });
}
