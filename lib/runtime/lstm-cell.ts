/**
 * One step of long short-term memory, in the pieces that functions with gradients of their own are made of:
 *
 *     i, f, o = σ(…), ci = tanh(…) of z;  c' = f · c + i · ci;  h' = o · tanh(c')
 *
 * The gates lie in z as TensorFlow's kernel `LSTMBlockCell` has them: `[batch, 4 · units]` in the order i, ci, f, o.
 */
import {bool, float, int, kernel, kernels, type} from './kernels';
import {tf} from './native';

const float32 = type('T', 'float32');
const peephole = bool('use_peephole', false);

/** A step: its gates, what the cell holds after it (c, and co = tanh(c)) and the state after it (h), all `[batch, units]`. */
export type Cell = Readonly<Record<'i' | 'ci' | 'f' | 'o' | 'c' | 'co' | 'h', tf.Tensor>>;

/** @param before What the cell held, `[batch, units]`; absent: zeros. */
export function cell(z: tf.Tensor, before?: tf.Tensor): Cell {
  const gates = split(z, 1, 4);
  const i = kernel('Sigmoid', [gates[0]!], [float32]);
  const ci = kernel('Tanh', [gates[1]!], [float32]);
  const f = kernel('Sigmoid', [gates[2]!], [float32]);
  const o = kernel('Sigmoid', [gates[3]!], [float32]);
  const written = kernel('Mul', [i, ci], [float32]);
  const c = before ? kernel('AddV2', [kernel('Mul', [f, before], [float32]), written], [float32]) : written;
  const co = kernel('Tanh', [c], [float32]);
  return {i, ci, f, o, c, co, h: kernel('Mul', [o, co], [float32])};
}

/** The tensors of all steps in one list, as `save` of a function with its own gradient takes it, and as `unlist` reads it. */
export function list(cells: readonly Cell[]): tf.Tensor[] {
  return cells.flatMap(({i, ci, f, o, c, co, h}) => [i, ci, f, o, c, co, h]);
}

export function unlist(tensors: readonly tf.Tensor[]): Cell[] {
  return Array.from({length: tensors.length / 7}, (_, t) => {
    const [i, ci, f, o, c, co, h] = tensors.slice(7 * t, 7 * t + 7) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ];
    return {i, ci, f, o, c, co, h};
  });
}

/**
 * The gradient of `cell`, for a batch.
 *
 * @param weight Any of shape `[units, 4 · units]`: the kernel asks for one and looks only at its shape.
 * @returns A function of a step, of what the cell held before it and of the gradients of h and c after it, that gives those of z and of what
 *   the cell held before.
 */
export function cellGradient(
  batch: number,
  weight: tf.Tensor,
): (step: Cell, before: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor) => {dz: tf.Tensor2D; dBefore: tf.Tensor} {
  const [units] = weight.shape as [number, number];
  const noState = tf.zeros([batch, units]);
  const noInput = tf.zeros([batch, 0]);
  const noBias = tf.zeros([4 * units]);
  const noPeephole = tf.zeros([units]);
  return ({i, ci, f, o, c, co}, before, dh, dc) => {
    const peepholes = [noPeephole, noPeephole, noPeephole];
    const inputs = [noInput, before, noState, weight, ...peepholes, noBias, i, c, f, o, ci, co, dc, dh];
    const [dBefore, dz, ...rest] = kernels('LSTMBlockCellGrad', inputs, [peephole, float32], 5);
    tf.dispose(rest);
    return {dz: dz as tf.Tensor2D, dBefore: dBefore!};
  };
}

/**
 * One step with its product, in one kernel and without a gradient.
 *
 * @param x `[batch, inputs]`
 * @param h The state before, `[batch, units]`.
 * @param c What the cell held before, `[batch, units]`.
 * @param weight `[inputs + units, 4 · units]`
 * @param bias `[4 · units]`
 * @returns The state and the cell after. The caller disposes them.
 */
export function lstmCell(
  x: tf.Tensor2D,
  h: tf.Tensor2D,
  c: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
): {h: tf.Tensor2D; c: tf.Tensor2D} {
  const noPeephole = tf.zeros([c.shape[1]]);
  const outputs = kernels(
    'LSTMBlockCell',
    [x, c, h, weight, noPeephole, noPeephole, noPeephole, bias],
    [float('forget_bias', 0), float('cell_clip', -1), peephole, float32],
    7,
  ) as tf.Tensor2D[];
  const [i, next, f, o, ci, co, state] = outputs as [
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
    tf.Tensor2D,
  ];
  tf.dispose([noPeephole, i, f, o, ci, co]);
  return {h: state, c: next};
}

/** Parts of equal size along an axis. */
export function split(x: tf.Tensor, axis: number, parts: number): tf.Tensor[] {
  const at = tf.scalar(axis, 'int32');
  return kernels('Split', [at, x], [int('num_split', parts), float32], parts);
}

export function sum(terms: readonly tf.Tensor[]): tf.Tensor {
  return terms.length === 1 ? terms[0]! : kernel('AddN', terms, [int('N', terms.length), float32]);
}

/** Along a new first dimension. */
export function stack(parts: readonly tf.Tensor[]): tf.Tensor3D {
  return kernel('Pack', parts, [int('N', parts.length), float32, int('axis', 0)]);
}

/** Along the first dimension. */
export function unstack(x: tf.Tensor): tf.Tensor[] {
  const [length] = x.shape as [number];
  return kernels('Unpack', [x], [int('num', length), float32, int('axis', 0)], length);
}
