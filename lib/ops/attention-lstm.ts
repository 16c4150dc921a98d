/**
 * The recurrent part of «Show, Attend and Tell» (Xu et al. 2015, arXiv 1502.03044) over all steps of a batch, with its gradient. In each
 * step the state h queries the grid, a gate scales the context, and the LSTM cell reads the result beside the word:
 *
 *     context, α = attention(keys, h · query);  view = σ(h · gate + gateBias) · context
 *     h', c' = lstm cell of word + [view, h] · weight
 *
 * One function, so that the gradients are summed over the steps only once: each weight's is one product for all steps, the values' is
 * one product per image, and the keys' is one sum.
 */
import {attentionStep, AttentionGradients} from './additive-attention';
import {runOp, type} from '../tensorflow/ops';
import {cell, cellGradient, cellParts} from './lstm-cell';
import {tf} from '../tensorflow/tensorflow';
import {flatten, split, stack, sum, unflatten, unstack} from '../tensorflow/tensor-lists';
import {matmul, matmulSmall} from './matmul';
import {withGradient} from './with-gradient';

const float32 = type('T', 'float32');

export interface AttentionLstmInputs {
  /** Each word's contribution to the LSTM gates, `[steps, batch, 4 · units]`. */
  readonly words: tf.Tensor3D;
  /** Initial state and cell, `[batch, units]`. */
  readonly h: tf.Tensor2D;
  readonly c: tf.Tensor2D;
  /** `[batch, cells, attention]` */
  readonly keys: tf.Tensor3D;
  /** `[batch, cells, units]` */
  readonly values: tf.Tensor3D;
  /** `[units, attention]` */
  readonly query: tf.Tensor2D;
  /** `[attention, 1]` */
  readonly score: tf.Tensor2D;
  /** `[units, 1]` */
  readonly gate: tf.Tensor2D;
  /** `[1]` */
  readonly gateBias: tf.Tensor1D;
  /** Weight of the view and the previous state in the LSTM gates, `[2 · units, 4 · units]`. */
  readonly weight: tf.Tensor2D;
}

/**
 * The tensors kept of a step: its LSTM cell, its attention (see `AttentionStep`), the gate σ(…), `[batch, 1]`, as `opened`, and the
 * cell's input `read`, which is the view and the previous state concatenated, `[batch, 2 · units]`.
 */
const stepParts = [...cellParts, 'tanh', 'alpha', 'context', 'opened', 'read'] as const;
type Step = Readonly<Record<(typeof stepParts)[number], tf.Tensor>>;

/** The tensors that the gradients of all steps need. `ofState` is the weight of the query and the gate, concatenated. */
const shared = ['c', 'values', 'score', 'weight', 'weightT', 'ofState', 'ofStateT'] as const;

/** The gradients of a step from which the weights' gradients are computed at the end. */
interface StepGradients {
  readonly dz: tf.Tensor2D;
  /** Gradients of the query and of the gate's input, concatenated. */
  readonly dAsked: tf.Tensor2D;
}

/**
 * Runs all steps.
 *
 * @returns The state after each step, its view and its attention weights, concatenated: `[steps, batch, units + units + cells]`.
 *   Differentiable with respect to all inputs.
 */
export function attentionLstm(inputs: AttentionLstmInputs): tf.Tensor3D {
  const {words, h, c, keys, values, query, score, gate, gateBias, weight} = inputs;
  const [steps, batch] = words.shape;
  const [, cells, attention] = keys.shape;
  const units = h.shape[1];

  return withGradient<tf.Tensor3D>(
    [words, h, c, keys, values, query, score, gate, gateBias, weight],
    (save) => {
      const ofState = tf.concat([query, gate], 1);
      const [weightT, ofStateT] = [tf.transpose(weight), tf.transpose(ofState)];
      const all: Step[] = [];
      for (const word of unstack(words)) {
        const before: {h: tf.Tensor; c: tf.Tensor} = all.at(-1) ?? {h, c};
        const [q, g] = tf.split<tf.Tensor2D>(matmulSmall(before.h, ofState, ofStateT), [attention, 1], 1);
        const attended = attentionStep(keys, q!, score, values);
        const opened = tf.sigmoid(tf.add(g!, gateBias));
        const read = tf.concat([tf.mul<tf.Tensor2D>(attended.context, opened), before.h as tf.Tensor2D], 1);
        const z = sum([word, matmulSmall(read, weight, weightT)]);
        all.push({...attended, opened, read, ...cell(z, before.c)});
      }
      save([
        ...flatten([{c, values, score, weight, weightT, ofState, ofStateT}], shared),
        ...flatten(all, stepParts),
      ]);
      const views: tf.Tensor3D = tf.slice(stack(all.map(({read}) => read)), 0, [steps, batch, units]);
      const states = stack(all.map((step) => step.h));
      const maps = tf.reshape<tf.Rank.R3>(stack(all.map(({alpha}) => alpha)), [steps, batch, cells]);
      return {
        value: tf.concat<tf.Tensor3D>([states, views, maps], 2),
        gradient: (dy, saved) => gradient(dy, saved),
      };
    },
  );

  function gradient(dy: tf.Tensor3D, saved: readonly tf.Tensor[]): tf.Tensor[] {
    const [inputs] = unflatten(saved.slice(0, shared.length), shared);
    const {c, values, score, weight, weightT, ofState, ofStateT} = inputs!;
    const all = unflatten(saved.slice(shared.length), stepParts);
    const parts = tf.split(dy, [units, units, cells], 2) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const [dStates, dViews] = [unstack(parts[0]), unstack(parts[1])];
    const dMaps = unstack(tf.reshape(parts[2], [steps, batch, 1, cells]));
    const backCell = cellGradient(batch, tf.slice(weight, 0, units));

    const back: StepGradients[] = [];
    const attentionGradients = new AttentionGradients(score, values);
    let dh: tf.Tensor = tf.zerosLike(c);
    let dc: tf.Tensor = dh;
    for (let t = steps - 1; t >= 0; t--) {
      const step = all[t]!;
      const {dz, dBefore} = backCell(step, all[t - 1]?.c ?? c, tf.add(dStates[t]!, dh), dc);
      const [toView, toState] = split(matmulSmall(dz, weightT, weight), 1, 2);
      const dView = tf.add(dViews[t]!, toView!);
      const dContext = tf.mul(dView, step.opened);
      const dOpened = tf.sum(tf.mul(dView, step.context), 1, true);
      const dGate = runOp<tf.Tensor2D>('SigmoidGrad', [step.opened, dOpened], [float32]);
      const dQuery = attentionGradients.add(step, tf.reshape(dContext, [batch, 1, units]), dMaps[t]!);
      const dAsked = tf.concat([dQuery, dGate], 1);
      back[t] = {dz, dAsked};
      dh = tf.add(toState!, matmulSmall(dAsked, ofStateT, ofState));
      dc = dBefore;
    }

    const dzAll = tf.concat(back.map(({dz}) => dz)); // [steps · batch, 4 · units]
    const readAll = tf.concat(all.map(({read}) => read as tf.Tensor2D));
    const dAskedAll = tf.concat(back.map(({dAsked}) => dAsked));
    const before = tf.slice(readAll, [0, units], [steps * batch, units]);
    const [dWq, dWg] = tf.split<tf.Tensor2D>(matmul(before, dAskedAll, 'first'), [attention, 1], 1);
    const dGateBias = tf.sum(tf.slice(dAskedAll, [0, attention], [steps * batch, 1]), 0);
    const dWords = tf.reshape(dzAll, [steps, batch, 4 * units]);
    const dWeight = matmul(readAll, dzAll, 'first');
    const [dKeys, dValues] = [attentionGradients.dKeys(), attentionGradients.dValues()];
    return [dWords, dh, dc, dKeys, dValues, dWq!, attentionGradients.dScore(), dWg!, dGateBias, dWeight];
  }
}
