/**
 * Collective ops over the workers of a cluster. Every worker must make the same calls in the same order; a call returns when all have made
 * it. There is no time limit: TensorFlow's heartbeat ends what waits for a worker that is gone.
 */
import {cluster, lostWorker} from './cluster';
import {runInBfloat16} from './casts';
import {bool, float, int, runOp, text, type, type Attribute} from './ops';
import type {Precision} from './precision';
import {tf} from './tensorflow';

/** Numbers that are sent at once: gRPC is slower with one large message than with several. */
export const bucketSize = 4_000_000;

// With a limit TensorFlow leaves two threads asleep for as long after each op, and in the end can start no more.
const common = [text('communication_hint', 'auto'), float('timeout_seconds', 0)];
const [floats, integers] = [type('T', 'float32'), type('T', 'int32')];
const unordered = [bool('is_stateless', false), int('Nordering_token', 0)];

/** Keys that TensorFlow tells collectives apart by: one for each purpose and shape, in the order of first use, the same on all workers. */
const instances = new Map<string, number>();

function keys(purpose: string): tf.Tensor[] {
  const instance = instances.get(purpose) ?? instances.size + 1;
  instances.set(purpose, instance);
  return [cluster().size, 1, instance].map((value) => tf.scalar(value, 'int32'));
}

function collective<T extends tf.Tensor>(op: string, inputs: tf.Tensor[], attributes: Attribute[]): T {
  return orLost(() => runOp<T>(op, inputs, [...common, ...attributes]));
}

function orLost<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw lostWorker(error);
  }
}

const sums = [
  ...common,
  ...unordered,
  text('merge_op', 'Add'),
  text('final_op', 'Id'),
  int('max_subdivs_per_device', -1),
];

/**
 * Sums vectors over all workers: the same bits on each.
 *
 * @param parts As `bucketSize` divides them; of the same sizes on every worker.
 * @param sent Type of the numbers that are sent and added; bfloat16 halves what is sent, and rounds.
 * @returns The sums. The caller disposes them.
 * @throws CaptionerError `cluster`
 */
export function allReduce(parts: readonly tf.Tensor1D[], sent: Precision = 'float32'): tf.Tensor1D[] {
  return parts.map((part, at) =>
    tf.tidy(() => {
      const key = keys(`sum ${at} [${part.size}] ${sent}`);
      return orLost(() =>
        sent === 'float32'
          ? runOp<tf.Tensor1D>('CollectiveReduceV2', [part, ...key], [...sums, floats])
          : runInBfloat16('CollectiveReduceV2', part, key, sums),
      );
    }),
  );
}

/**
 * Gathers a text of each worker.
 *
 * @param length Bytes that are sent; the same on every worker, and at least those of the text.
 * @returns The texts by rank.
 * @throws CaptionerError `cluster`
 */
export function gather(own: string, length: number): string[] {
  const bytes = Buffer.from(own);
  if (bytes.length > length)
    throw new RangeError(`expected a text of at most ${length} bytes, got ${bytes.length}`);
  return tf.tidy(() => {
    const padded = Int32Array.from({length}, (_, at) => bytes[at] ?? 0);
    const all = collective<tf.Tensor1D>(
      'CollectiveGatherV2',
      [tf.tensor1d(padded, 'int32'), ...keys(`gather [${length}]`)],
      [...unordered, integers],
    ).dataSync<'int32'>();
    return Array.from({length: cluster().size}, (_, rank) => {
      const found = all.subarray(rank * length, (rank + 1) * length);
      const end = found.indexOf(0);
      return Buffer.from(end < 0 ? found : found.subarray(0, end)).toString();
    });
  });
}

/**
 * Gives the chief's bytes to all workers.
 *
 * @param bytes Those of the chief; the others give none.
 * @throws CaptionerError `cluster`
 */
export function broadcast(bytes?: Uint8Array): Uint8Array {
  const [length] = broadcastIntegers(bytes && Int32Array.of(bytes.length), 1);
  const words = Math.ceil(length! / 4);
  const whole = new Int32Array(words);
  if (bytes) new Uint8Array(whole.buffer).set(bytes);
  for (let from = 0; from < words; from += bucketSize) {
    const part = whole.subarray(from, from + bucketSize);
    whole.set(broadcastIntegers(bytes && part, part.length), from);
  }
  return new Uint8Array(whole.buffer, 0, length);
}

function broadcastIntegers(values: Int32Array | undefined, size: number): Int32Array {
  return tf.tidy(() => {
    const key = keys(`broadcast [${size}]`);
    const attributes = [integers];
    const found = values
      ? collective('CollectiveBcastSendV2', [tf.tensor1d(values, 'int32'), ...key], attributes)
      : collective(
          'CollectiveBcastRecvV2',
          [...key, tf.tensor1d([size], 'int32')],
          [...attributes, type('Tshape', 'int32')],
        );
    return found.dataSync<'int32'>().slice();
  });
}
