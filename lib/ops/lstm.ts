/**
 * An LSTM layer over all steps of a batch, with its gradient (Hochreiter and Schmidhuber 1997, with the forget gate of Gers,
 * Schmidhuber and Cummins 2000):
 *
 *     i, f, o = σ(…), ci = tanh(…) of [x, h] · weight + bias;  c' = f · c + i · ci;  h' = o · tanh(c')
 *
 * Weights have the layout of TensorFlow's op `LSTMBlockCell`: `weight` is `[inputs + units, 4 · units]` with the gates along its columns
 * in the order i, ci, f, o. The inputs' part of the gates, the gradient of the weights and that of the inputs are each one product for
 * all steps; only `h · weight` runs step by step.
 */
import {runOp, type} from '../tensorflow/ops';
import {cell, cellGradient, cellParts, type Cell} from './lstm-cell';
import {tf} from '../tensorflow/tensorflow';
import {flatten, split, stack, sum, unflatten, unstack} from '../tensorflow/tensor-lists';
import {matmul, matmulSmall} from './matmul';
import {withGradient} from './with-gradient';

const float32 = type('T', 'float32');

/**
 * Runs all steps from an initial state of zeros.
 *
 * @param x `[steps, batch, inputs]`; steps come first, so that each step is contiguous.
 * @param weight `[inputs + units, 4 · units]`, or `[inputs + size + units, 4 · units]` with a context.
 * @param bias `[4 · units]`
 * @param context A further input that is the same at every step, `[batch, size]`; its part of the gates is one product for all steps.
 * @returns The state h after each step, `[steps, batch, units]`. Differentiable with respect to all inputs.
 */
export function lstm(
  x: tf.Tensor3D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
  context?: tf.Tensor2D,
): tf.Tensor3D {
  return run(x, weight, bias, false, context);
}

/** Like `lstm`, but returns state and cell after each step, concatenated: `[steps, batch, 2 · units]`. */
export function lstmWithCells(x: tf.Tensor3D, weight: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor3D {
  return run(x, weight, bias, true);
}

function run(
  x: tf.Tensor3D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
  withCells: boolean,
  context?: tf.Tensor2D,
): tf.Tensor3D {
  const [steps, batch, inputs] = x.shape;
  const units = bias.shape[0] / 4;
  return withGradient<tf.Tensor3D>([x, weight, bias, ...(context ? [context] : [])], (save) => {
    const parts = tf.split<tf.Tensor2D>(weight, [inputs, ...(context ? [context.shape[1]] : []), units]);
    const [wx, wh] = [parts[0]!, parts.at(-1)!];
    const contextAndWeight = context ? [context, parts[1]!] : [];
    const fromContext = context ? [matmul(contextAndWeight[0]!, contextAndWeight[1]!)] : [];
    const flat = tf.reshape(x, [steps * batch, inputs]);
    const x1 = tf.concat([flat, tf.ones([steps * batch, 1])], 1) as tf.Tensor2D; // the ones multiply the bias
    const w1 = tf.concat([wx, tf.reshape(bias, [1, 4 * units])]);
    const fromInput = split(matmul(x1, w1), 0, steps);

    const whT = tf.transpose(wh);
    const cells: Cell[] = [];
    for (let t = 0; t < steps; t++) {
      const before = cells.at(-1);
      const z = sum([fromInput[t]!, ...fromContext, ...(before ? [matmulSmall(before.h, wh, whT)] : [])]);
      cells.push(cell(z, before?.c));
    }
    const states = stack(cells.map(({h}) => h));
    save([x1, wx, wh, whT, ...contextAndWeight, ...flatten(cells, cellParts)]);
    return {
      value: withCells ? tf.concat([states, stack(cells.map(({c}) => c))], 2) : states,
      gradient: (dy, saved) => gradients(dy, saved, inputs, withCells, context !== undefined),
    };
  });
}

function gradients(
  dy: tf.Tensor3D,
  saved: readonly tf.Tensor[],
  inputs: number,
  withCells: boolean,
  withContext: boolean,
): tf.Tensor[] {
  const [dStates, dCells] = withCells ? (tf.split(dy, 2, 2) as [tf.Tensor3D, tf.Tensor3D]) : [dy];
  const [steps, batch, units] = dStates.shape;
  const [x1, wx, wh, whT] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const [context, wc] = withContext ? (saved.slice(4, 6) as [tf.Tensor, tf.Tensor]) : [];
  const cells = unflatten(saved.slice(withContext ? 6 : 4), cellParts);
  const dh = unstack(dStates);
  const dcHere = dCells && unstack(dCells);
  const gradient = cellGradient(batch, wh);
  const zero = tf.zeros([batch, units]);

  const dz: tf.Tensor[] = [];
  let dc: tf.Tensor = zero;
  let dhNext: tf.Tensor | undefined;
  for (let t = steps - 1; t >= 0; t--) {
    const dhHere = dhNext === undefined ? dh[t]! : runOp('AddV2', [dh[t]!, dhNext], [float32]);
    if (dcHere) dc = runOp('AddV2', [dc, dcHere[t]!], [float32]);
    const step = gradient(cells[t]!, cells[t - 1]?.c ?? zero, dhHere, dc);
    dz[t] = step.dz;
    dc = step.dBefore;
    if (t > 0) dhNext = matmulSmall(step.dz, whT, wh);
  }

  const dzAll = tf.concat(dz, 0); // [steps · batch, 4 · units]
  const dx = matmul(dzAll, wx, 'second');
  const dw1 = matmul(x1, dzAll, 'first');
  const [dwx, dBias] = tf.split(dw1, [inputs, 1]) as [tf.Tensor, tf.Tensor];
  const dwh = recurrentWeightGradient(cells, dzAll, batch, wh);
  const [dInput, dGates] = [tf.reshape(dx, [steps, batch, inputs]), tf.reshape(dBias, [4 * units])];
  if (context === undefined) return [dInput, tf.concat([dwx, dwh], 0), dGates];
  const dzSum = sum(dz); // [batch, 4 · units]
  const dContext = matmul(dzSum, wc!, 'second');
  const dwc = matmul(context, dzSum, 'first');
  return [dInput, tf.concat([dwx, dwc, dwh], 0), dGates, dContext];
}

/** Leaves out the first step, whose previous state is zero. */
function recurrentWeightGradient(
  cells: readonly Cell[],
  dzAll: tf.Tensor,
  batch: number,
  wh: tf.Tensor,
): tf.Tensor {
  const before = cells.slice(0, -1).map(({h}) => h);
  if (before.length === 0) return tf.zerosLike(wh);
  return matmul(tf.concat(before, 0), tf.slice(dzAll, batch, before.length * batch), 'first');
}
