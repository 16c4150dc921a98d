/** Tensors in parts, for functions with gradients of their own: kernels that leave no trace on the gradient tape, and what such functions save. */
import {int, runOp, runOpMulti, type} from './ops';
import {tf} from './tensorflow';

const float32 = type('T', 'float32');

/** Parts of equal size along an axis. */
export function split(x: tf.Tensor, axis: number, parts: number): tf.Tensor[] {
  const at = tf.scalar(axis, 'int32');
  return runOpMulti('Split', [at, x], [int('num_split', parts), float32], parts);
}

export function sum(terms: readonly tf.Tensor[]): tf.Tensor {
  return terms.length === 1 ? terms[0]! : runOp('AddN', terms, [int('N', terms.length), float32]);
}

/** Along a new first dimension. */
export function stack(parts: readonly tf.Tensor[]): tf.Tensor3D {
  return runOp('Pack', parts, [int('N', parts.length), float32, int('axis', 0)]);
}

/** Along the first dimension. */
export function unstack(x: tf.Tensor): tf.Tensor[] {
  const [length] = x.shape as [number];
  return runOpMulti('Unpack', [x], [int('num', length), float32, int('axis', 0)], length);
}

/** Tensors by name, of all steps in one list: what `save` takes and `unlist` reads. */
export function flatten<Name extends string>(
  steps: readonly Readonly<Record<Name, tf.Tensor>>[],
  names: readonly Name[],
): tf.Tensor[] {
  return steps.flatMap((step) => names.map((name) => step[name]));
}

export function unflatten<Name extends string>(
  tensors: readonly tf.Tensor[],
  names: readonly Name[],
): Record<Name, tf.Tensor>[] {
  return Array.from({length: tensors.length / names.length}, (_, t) => {
    const own = names.map((name, at) => [name, tensors[t * names.length + at]!] as const);
    return Object.fromEntries(own) as Record<Name, tf.Tensor>;
  });
}
