/** Reference tensors of the fixtures, and how near to them a result is. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {tf} from 'captioner';
import {backend} from 'captioner/dist/tensorflow/backend';
import {projectRoot} from './support';

export interface Reference {
  readonly shape: number[];
  readonly values: number[];
}

export function readFixture<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(projectRoot, 'test', 'fixtures', ...path), 'utf8')) as T;
}

export function tensorOf<R extends tf.Rank>({shape, values}: Reference): tf.Tensor<R> {
  return tf.tensor<R>(values, shape as tf.ShapeMap[R], 'float32');
}

/** The largest difference, as a part of the largest reference value. */
export function relativeError(got: tf.Tensor | ArrayLike<number>, reference: ArrayLike<number>): number {
  const values = got instanceof tf.Tensor ? got.dataSync() : got;
  expect(values.length).to.equal(reference.length);
  let difference = 0;
  let scale = 0;
  for (let k = 0; k < reference.length; k++) {
    difference = Math.max(difference, Math.abs(values[k]! - reference[k]!));
    scale = Math.max(scale, Math.abs(reference[k]!));
  }
  return Number.isNaN(difference) ? Infinity : difference / scale;
}

/** How many tensors more there are after `work` than before, by tfjs's count and by the native library's. */
export function leaked(work: () => void): {tensors: number; native: number} {
  const native = () => (tf.backend() as unknown as {getNumOfTFTensors(): number}).getNumOfTFTensors();
  const before = [tf.memory().numTensors, native()] as const;
  work();
  return {tensors: tf.memory().numTensors - before[0], native: native() - before[1]};
}

/** Runs work op by op, without compiled functions. */
export function eagerly<T>(work: () => T): T {
  process.env['CAPTIONER_EAGER'] = '1';
  try {
    return work();
  } finally {
    delete process.env['CAPTIONER_EAGER'];
  }
}

/** How often work reads a tensor on the host. */
export function countReads(work: () => void): number {
  const {binding} = backend;
  let reads = 0;
  backend.binding = Object.create(binding, {
    tensorDataSync: {value: (id: number) => (reads++, binding.tensorDataSync(id))},
  }) as typeof binding;
  try {
    work();
  } finally {
    backend.binding = binding;
  }
  return reads;
}
