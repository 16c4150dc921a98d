/** Helpers for functions with custom gradients: splitting and stacking without the gradient tape, and packing what `save` keeps. */
import {int, runOp, runOpMulti, type} from './ops';
import {tf} from './tensorflow';

const float32 = type('T', 'float32');

/** Splits a tensor into `parts` of equal size along an axis. */
export function split(x: tf.Tensor, axis: number, parts: number): tf.Tensor[] {
  return runOpMulti('Split', [tf.scalar(axis, 'int32'), x], [int('num_split', parts), float32], parts);
}

/** Adds tensors of the same shape. A single term is returned itself. */
export function sum(terms: readonly tf.Tensor[]): tf.Tensor {
  return terms.length === 1 ? terms[0]! : runOp('AddN', terms, [int('N', terms.length), float32]);
}

/** Stacks tensors along a new first dimension. */
export function stack(parts: readonly tf.Tensor[]): tf.Tensor3D {
  return runOp('Pack', parts, [int('N', parts.length), float32, int('axis', 0)]);
}

/** Takes a tensor apart along its first dimension. */
export function unstack(x: tf.Tensor): tf.Tensor[] {
  const [length] = x.shape as [number];
  return runOpMulti('Unpack', [x], [int('num', length), float32, int('axis', 0)], length);
}

/** Puts the named tensors of all steps into one list, as `save` takes it; `unflatten` reverses it. */
export function flatten<Name extends string>(
  steps: readonly Readonly<Record<Name, tf.Tensor>>[],
  names: readonly Name[],
): tf.Tensor[] {
  return steps.flatMap((step) => names.map((name) => step[name]));
}

/** Returns the named tensors of each step from a list made by `flatten`. */
export function unflatten<Name extends string>(
  tensors: readonly tf.Tensor[],
  names: readonly Name[],
): Record<Name, tf.Tensor>[] {
  return Array.from({length: tensors.length / names.length}, (_, t) => {
    const step = names.map((name, at) => [name, tensors[t * names.length + at]!] as const);
    return Object.fromEntries(step) as Record<Name, tf.Tensor>;
  });
}
