/**
 * The mean of loss and gradients over all workers of a cluster, each batch weighted by its number of words: what one machine computes
 * from the same batches, but for rounding. One vector is summed: a few totals, then every gradient times its words. In bfloat16, the totals
 * are summed by themselves, in float32.
 */
import {allReduce, bucketSize} from '../tensorflow/collectives';
import {functionOf} from '../tensorflow/compiled';
import type {Precision} from '../tensorflow/precision';
import {tf} from '../tensorflow/tensorflow';
import type {LossGradients} from './loss';

/** A worker's contribution to the step. */
export interface Contribution extends LossGradients {
  readonly words: number;
  readonly captions: number;
  readonly reward?: number | undefined;
}

export interface SharedGradients extends LossGradients {
  /** Mean reward of all captions; undefined where there are none. */
  readonly reward: number | undefined;
  /** Whether any worker asks to stop after this step. */
  readonly stop: boolean;
}

type Shapes = Readonly<Record<string, readonly number[]>>;

/** Totals ahead of the gradients: sums of loss, words, rewards, rewarded captions, requests to stop; then the number of gradients of each weight. */
const totals = 5;

/**
 * Sums the contributions of all workers; some may have none at the end of an epoch.
 *
 * @param owner Object that the compiled functions belong to.
 * @param weights All weights that may have a gradient.
 * @param stop Whether this worker asks to stop.
 * @param sent Type in which gradients are sent and added.
 * @throws CaptionerError `cluster`
 */
export function sharedGradients(
  owner: object,
  own: readonly Contribution[],
  weights: ReadonlyMap<string, tf.Variable>,
  stop: boolean,
  sent: Precision,
): SharedGradients {
  const shapes: Shapes = Object.fromEntries([...weights].map(([name, {shape}]) => [name, shape]));
  const sum = (of: (one: Contribution) => number): number => own.reduce((total, one) => total + of(one), 0);
  return tf.tidy((): SharedGradients & tf.TensorContainerObject => {
    const present = Object.keys(shapes).map((name) => sum(({gradients}) => (gradients[name] ? 1 : 0)));
    const numbers = [
      sum(({loss, words}) => loss.dataSync()[0]! * words),
      sum(({words}) => words),
      sum(({reward = 0, captions}) => reward * captions),
      sum(({reward, captions}) => (reward === undefined ? 0 : captions)),
      stop ? 1 : 0,
      ...present,
    ];
    const gradients = own.map(({gradients}) => gradients);
    const words = tf.tensor1d(
      own.map(({words}) => words),
      'float32',
    );
    const apart = sent !== 'float32';
    const [first, ...rest] = functionOf(owner, 'flattened', flattened)(
      tf.tensor1d(numbers),
      gradients,
      words,
      shapes,
      apart,
    );
    const summed = [...allReduce([first!]), ...allReduce(rest, sent)];
    const found = tf.slice(summed[0]!, 0, numbers.length).dataSync<'float32'>();
    const [loss, allWords, reward, captions, stops] = found as unknown as number[];
    const mean = functionOf(owner, 'unflattened', unflattened)(
      summed,
      tf.scalar(allWords!),
      numbers.length,
      shapes,
    );
    // A weight without a gradient anywhere is left alone, as on one machine.
    const named = Object.entries(mean).filter((_, at) => found[totals + at]! > 0);
    return {
      loss: tf.scalar(loss! / allWords!),
      gradients: Object.fromEntries(named),
      reward: captions! > 0 ? reward! / captions! : undefined,
      stop: stops! > 0,
    };
  });
}

function flattened(
  numbers: tf.Tensor1D,
  own: readonly Readonly<Record<string, tf.Tensor>>[],
  words: tf.Tensor1D,
  shapes: Shapes,
  apart: boolean,
): tf.Tensor1D[] {
  return tf.tidy(() => {
    const counts = own.length > 0 ? tf.unstack(words) : [];
    const sums = Object.entries(shapes).map(([name, shape]): tf.Tensor1D => {
      const found = own.flatMap((gradients, at) => {
        const gradient = gradients[name];
        return gradient ? [tf.mul(gradient, counts[at]!)] : [];
      });
      return found.length > 0
        ? tf.reshape(tf.addN(found), [-1])
        : tf.zeros([tf.util.sizeFromShape([...shape])]);
    });
    const all = tf.concat(apart ? sums : [numbers, ...sums]);
    const buckets = Array.from({length: Math.ceil(all.size / bucketSize)}, (_, at) =>
      tf.slice(all, at * bucketSize, Math.min(bucketSize, all.size - at * bucketSize)),
    );
    return apart ? [tf.clone(numbers), ...buckets] : buckets;
  });
}

function unflattened(
  parts: readonly tf.Tensor1D[],
  words: tf.Scalar,
  skipped: number,
  shapes: Shapes,
): Record<string, tf.Tensor> {
  return tf.tidy(() => {
    const all = tf.div(tf.concat([...parts]), words);
    let from = skipped;
    return Object.fromEntries(
      Object.entries(shapes).map(([name, shape]) => {
        const size = tf.util.sizeFromShape([...shape]);
        const part = tf.reshape(tf.slice(all, from, size), [...shape]);
        from += size;
        return [name, part];
      }),
    );
  });
}
