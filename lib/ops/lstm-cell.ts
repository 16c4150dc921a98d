/**
 * One step of an LSTM, as building blocks for functions with custom gradients:
 *
 *     i, f, o = σ(…), ci = tanh(…) of z;  c' = f · c + i · ci;  h' = o · tanh(c')
 *
 * The gates in z have the layout of TensorFlow's op `LSTMBlockCell`: `[batch, 4 · units]` in the order i, ci, f, o.
 */
import {isWritingForXla} from '../tensorflow/graph-writer';
import {bool, float, runOp, runOpMulti, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {split} from '../tensorflow/tensor-lists';
import {matmul} from './matmul';

const float32 = type('T', 'float32');
const peephole = bool('use_peephole', false);

/** The tensors of a step: its gates, the cell after it (c, and co = tanh(c)) and the state after it (h), all `[batch, units]`. */
export const cellParts = ['i', 'ci', 'f', 'o', 'c', 'co', 'h'] as const;
export type Cell = Readonly<Record<(typeof cellParts)[number], tf.Tensor>>;

/**
 * Computes one step, without recording a gradient.
 *
 * @param z The gates before their activations, `[batch, 4 · units]`.
 * @param before The previous cell, `[batch, units]`. @default zeros
 */
export function cell(z: tf.Tensor, before?: tf.Tensor): Cell {
  const gates = split(z, 1, 4);
  const i = runOp('Sigmoid', [gates[0]!], [float32]);
  const ci = runOp('Tanh', [gates[1]!], [float32]);
  const f = runOp('Sigmoid', [gates[2]!], [float32]);
  const o = runOp('Sigmoid', [gates[3]!], [float32]);
  const written = runOp('Mul', [i, ci], [float32]);
  const c = before ? runOp('AddV2', [runOp('Mul', [f, before], [float32]), written], [float32]) : written;
  const co = runOp('Tanh', [c], [float32]);
  return {i, ci, f, o, c, co, h: runOp('Mul', [o, co], [float32])};
}

/**
 * Prepares the gradient of `cell` for a batch.
 *
 * @param weight Any tensor of shape `[units, 4 · units]`: the op takes one but reads only its shape.
 * @returns A function of a step, the previous cell and the gradients of h and c, which returns the gradients of z and of the previous
 *   cell.
 */
export function cellGradient(
  batch: number,
  weight: tf.Tensor,
): (step: Cell, before: tf.Tensor, dh: tf.Tensor, dc: tf.Tensor) => {dz: tf.Tensor2D; dBefore: tf.Tensor} {
  if (isWritingForXla()) return elementaryCellGradient;
  const [units] = weight.shape as [number, number];
  const noState = tf.zeros([batch, units]);
  const noInput = tf.zeros([batch, 0]);
  const noBias = tf.zeros([4 * units]);
  const noPeephole = tf.zeros([units]);
  return ({i, ci, f, o, c, co}, before, dh, dc) => {
    const peepholes = [noPeephole, noPeephole, noPeephole];
    const inputs = [noInput, before, noState, weight, ...peepholes, noBias, i, c, f, o, ci, co, dc, dh];
    const [dBefore, dz, ...rest] = runOpMulti('LSTMBlockCellGrad', inputs, [peephole, float32], 5);
    tf.dispose(rest);
    return {dz: dz as tf.Tensor2D, dBefore: dBefore!};
  };
}

/** The same gradient by ops that XLA knows. */
function elementaryCellGradient(
  {i, ci, f, o, co}: Cell,
  before: tf.Tensor,
  dh: tf.Tensor,
  dc: tf.Tensor,
): {dz: tf.Tensor2D; dBefore: tf.Tensor} {
  const ofSigmoid = (y: tf.Tensor, dy: tf.Tensor): tf.Tensor => runOp('SigmoidGrad', [y, dy], [float32]);
  const ofTanh = (y: tf.Tensor, dy: tf.Tensor): tf.Tensor => runOp('TanhGrad', [y, dy], [float32]);
  const dCell = tf.add(dc, ofTanh(co, tf.mul(dh, o)));
  const gates = [
    ofSigmoid(i, tf.mul(dCell, ci)),
    ofTanh(ci, tf.mul(dCell, i)),
    ofSigmoid(f, tf.mul(dCell, before)),
    ofSigmoid(o, tf.mul(dh, co)),
  ];
  return {dz: tf.concat(gates, 1) as tf.Tensor2D, dBefore: tf.mul(dCell, f)};
}

/** Up to that many rows one op is fastest, beyond them a product by oneDNN: by a third for 500 rows of 512 units. */
const fewRows = 8;

/**
 * Computes one step, matrix product included, without a gradient.
 *
 * @param x `[batch, inputs]`
 * @param h The previous state, `[batch, units]`.
 * @param c The previous cell, `[batch, units]`.
 * @param weight `[inputs + units, 4 · units]`
 * @param bias `[4 · units]`
 * @returns The new state and cell. The caller disposes them.
 */
export function lstmCell(
  x: tf.Tensor2D,
  h: tf.Tensor2D,
  c: tf.Tensor2D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
): {h: tf.Tensor2D; c: tf.Tensor2D} {
  if (x.shape[0] > fewRows)
    return tf.tidy(() => {
      const z = runOp('BiasAdd', [matmul(tf.concat([x, h], 1), weight), bias], [float32]);
      const next = cell(z, c);
      return {h: next.h as tf.Tensor2D, c: next.c as tf.Tensor2D};
    });
  const noPeephole = tf.zeros([c.shape[1]]);
  const outputs = runOpMulti(
    'LSTMBlockCell',
    [x, c, h, weight, noPeephole, noPeephole, noPeephole, bias],
    [float('forget_bias', 0), float('cell_clip', -1), peephole, float32],
    7,
  ) as tf.Tensor2D[];
  const [i, after, f, o, ci, co, state] = outputs;
  tf.dispose([noPeephole, i!, f!, o!, ci!, co!]);
  return {h: state!, c: after!};
}
