/**
 * A layer of long short-term memory over all steps of a batch, with its gradient (Hochreiter and Schmidhuber 1997, with
 * the forget gate of Gers, Schmidhuber and Cummins 2000):
 *
 *     i, f, o = σ(…), ci = tanh(…) of [x, h] · weight + bias;  c' = f · c + i · ci;  h' = o · tanh(c')
 *
 * Weights are laid out as TensorFlow's kernel `LSTMBlockCell` has them: `weight` is `[inputs + units, 4 · units]`, the
 * gates along its columns in the order i, ci, f, o. What can be done for all steps at once is one product: the inputs'
 * part of the gates, the gradient of the weights and that of the inputs; only `h · weight` is done step by step.
 */
import {bool, float, int, kernel, kernels, type} from './kernels';
import {tf} from './native';
import {avx512} from './processor';
import {product} from './product';

const float32 = type('T', 'float32');
const peephole = bool('use_peephole', false);

/**
 * All steps from a state of zeros.
 *
 * @param x `[steps, batch, inputs]`, steps first, so that each step lies in one piece.
 * @param weight `[inputs + units, 4 · units]`, with a context `[inputs + size + units, 4 · units]`.
 * @param bias `[4 · units]`
 * @param context What stands behind the input at every step, `[batch, size]`: its part of the gates is one product for all steps.
 * @returns The states h after each step, `[steps, batch, units]`; differentiable with respect to all that is given.
 */
export function lstm(
  x: tf.Tensor3D,
  weight: tf.Tensor2D,
  bias: tf.Tensor1D,
  context?: tf.Tensor2D,
): tf.Tensor3D {
  return run(x, weight, bias, false, context);
}

/** As `lstm`, with the cells c after each step behind the states, `[steps, batch, 2 · units]`. */
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
  const layer = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const parts = tf.split<tf.Tensor2D>(weight, [inputs, ...(context ? [context.shape[1]] : []), units]);
    const [wx, wh] = [parts[0]!, parts.at(-1)!];
    const alike = context ? [context, parts[1]!] : []; // at every step
    const fromContext = context ? [product(alike[0]!, alike[1]!)] : [];
    const flat = tf.reshape(x, [steps * batch, inputs]);
    const x1 = tf.concat([flat, tf.ones([steps * batch, 1])], 1) as tf.Tensor2D; // the ones multiply the bias
    const w1 = tf.concat([wx, tf.reshape(bias, [1, 4 * units])]);
    const fromInput = split(product(x1, w1), 0, steps);

    const whT = tf.transpose(wh);
    const i: tf.Tensor[] = [];
    const ci: tf.Tensor[] = [];
    const f: tf.Tensor[] = [];
    const o: tf.Tensor[] = [];
    const c: tf.Tensor[] = [];
    const co: tf.Tensor[] = [];
    const h: tf.Tensor[] = [];
    for (let t = 0; t < steps; t++) {
      const z = sum([fromInput[t]!, ...fromContext, ...(t === 0 ? [] : [ofFew(h[t - 1]!, wh, whT)])]);
      const gates = split(z, 1, 4);
      i.push(kernel('Sigmoid', [gates[0]!], [float32]));
      ci.push(kernel('Tanh', [gates[1]!], [float32]));
      f.push(kernel('Sigmoid', [gates[2]!], [float32]));
      o.push(kernel('Sigmoid', [gates[3]!], [float32]));
      const written = kernel('Mul', [i[t]!, ci[t]!], [float32]);
      c.push(
        t === 0
          ? written
          : kernel('AddV2', [kernel('Mul', [f[t]!, c[t - 1]!], [float32]), written], [float32]),
      );
      co.push(kernel('Tanh', [c[t]!], [float32]));
      h.push(kernel('Mul', [o[t]!, co[t]!], [float32]));
    }
    const states = stack(h);
    save([x1, wx, wh, whT, states, ...i, ...ci, ...f, ...o, ...c, ...co, ...alike]);
    return {
      value: withCells ? tf.concat([states, stack(c)], 2) : states,
      gradFunc: (dy, saved) => gradient(dy as tf.Tensor3D, saved, inputs, withCells),
    };
  });
  return layer(x, weight, bias, ...(context ? [context] : [])) as tf.Tensor3D;
}

function gradient(
  dy: tf.Tensor3D,
  saved: readonly tf.Tensor[],
  inputs: number,
  withCells: boolean,
): tf.Tensor[] {
  const [dStates, dCells] = withCells ? (tf.split(dy, 2, 2) as [tf.Tensor3D, tf.Tensor3D]) : [dy];
  const [steps, batch, units] = dStates.shape;
  const [x1, wx, wh, whT] = saved as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const states = saved[4] as tf.Tensor3D;
  const [i, ci, f, o, c, co] = [0, 1, 2, 3, 4, 5].map((k) =>
    saved.slice(5 + k * steps, 5 + (k + 1) * steps),
  ) as [tf.Tensor[], tf.Tensor[], tf.Tensor[], tf.Tensor[], tf.Tensor[], tf.Tensor[]];
  const dh = unstack(dStates);
  const dcHere = dCells && unstack(dCells);
  const zero = tf.zeros([batch, units]);
  // The kernel looks at the shapes of the input, the bias and the peephole weights, and at nothing else of them.
  const noInput = tf.zeros([batch, 0]);
  const noBias = tf.zeros([4 * units]);
  const noPeephole = tf.zeros([units]);

  const dz: tf.Tensor[] = [];
  let dc: tf.Tensor = zero;
  let dhNext: tf.Tensor | undefined;
  for (let t = steps - 1; t >= 0; t--) {
    const dhHere = dhNext === undefined ? dh[t]! : kernel('AddV2', [dh[t]!, dhNext], [float32]);
    const before = t === 0 ? zero : c[t - 1]!;
    if (dcHere) dc = kernel('AddV2', [dc, dcHere[t]!], [float32]);
    const [dcBefore, dGates] = kernels(
      'LSTMBlockCellGrad',
      // prettier-ignore
      [noInput, before, zero, wh, noPeephole, noPeephole, noPeephole, noBias, i[t]!, c[t]!, f[t]!, o[t]!, ci[t]!, co[t]!, dc, dhHere],
      [peephole, float32],
      5,
    ) as [tf.Tensor, tf.Tensor];
    dz[t] = dGates;
    dc = dcBefore;
    if (t > 0) dhNext = ofFew(dGates, whT, wh);
  }

  const dzAll = tf.concat(dz, 0); // [steps · batch, 4 · units]
  const dx = product(dzAll, wx, 'second');
  const dw1 = product(x1, dzAll, 'first');
  const [dwx, dBias] = tf.split(dw1, [inputs, 1]) as [tf.Tensor, tf.Tensor];
  // The state before the first step is zero and adds nothing.
  const later = (steps - 1) * batch;
  const before = tf.reshape(tf.slice(states, 0, steps - 1), [later, units]);
  const dwh = product(before, tf.slice(dzAll, batch, later), 'first');
  const [ofInput, ofBias] = [tf.reshape(dx, [steps, batch, inputs]), tf.reshape(dBias, [4 * units])];
  const [context, wc] = saved.slice(5 + 6 * steps);
  if (context === undefined) return [ofInput, tf.concat([dwx, dwh], 0), ofBias];
  const dzSum = sum(dz); // [batch, 4 · units]
  const dContext = product(dzSum, wc!, 'second');
  const dwc = product(context, dzSum, 'first');
  return [ofInput, tf.concat([dwx, dwc, dwh], 0), ofBias, dContext];
}

/**
 * One step, in one kernel.
 *
 * @param x `[batch, inputs]`
 * @param h The state before, `[batch, units]`.
 * @param c The cell before, `[batch, units]`.
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

/**
 * `a · b` for few rows, where the layout of the second factor counts: with AVX-512 oneDNN is faster plain (by a third to a
 * half), without it transposed (by up to a third).
 */
function ofFew(a: tf.Tensor, b: tf.Tensor2D, bT: tf.Tensor2D): tf.Tensor {
  return avx512 ? product(a, b) : product(a, bT, 'second');
}

function sum(terms: readonly tf.Tensor[]): tf.Tensor {
  return terms.length === 1 ? terms[0]! : kernel('AddN', terms, [int('N', terms.length), float32]);
}

function split(x: tf.Tensor, axis: number, parts: number): tf.Tensor[] {
  const at = tf.scalar(axis, 'int32');
  return kernels('Split', [at, x], [int('num_split', parts), float32], parts);
}

function stack(parts: readonly tf.Tensor[]): tf.Tensor3D {
  return kernel('Pack', parts, [int('N', parts.length), float32, int('axis', 0)]);
}

function unstack(x: tf.Tensor3D): tf.Tensor[] {
  return kernels('Unpack', [x], [int('num', x.shape[0]), float32, int('axis', 0)], x.shape[0]);
}
