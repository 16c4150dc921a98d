/**
 * The recurrent part of «Show, Attend and Tell» (Xu et al. 2015, arXiv 1502.03044) over all steps of a batch, with its gradient: before
 * each step the state h asks where to look, a gate says how much of what is seen goes on, and the LSTM reads that beside the word.
 *
 *     context, α = attention(keys, h · query);  view = σ(h · gate + gateBias) · context
 *     h', c' = lstm cell of word + [view, h] · weight
 *
 * Written as one function, because what all steps add to is then added up once: the gradients of the weights are one product each for
 * all steps, that of the values is one for all steps of an image, and that of the keys is one sum.
 */
import {look, LookGradients} from './additive-attention';
import {runOp, type} from '../tensorflow/ops';
import {cell, cellGradient, cellParts} from './lstm-cell';
import {tf} from '../tensorflow/tensorflow';
import {flatten, split, stack, sum, unflatten, unstack} from '../tensorflow/tensor-lists';
import {matmul, matmulSmall} from './matmul';

const float32 = type('T', 'float32');

export interface AttentionLstmInputs {
  /** What each word adds to the gates, `[steps, batch, 4 · units]`. */
  readonly words: tf.Tensor3D;
  /** State and cell before the first step, `[batch, units]`. */
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
  /** Of view and state before in the gates, `[2 · units, 4 · units]`. */
  readonly weight: tf.Tensor2D;
}

/**
 * Of a step: its cell; its look (see `Look`); what the gate lets through, σ(…), `[batch, 1]`; and view and state before, which the cell
 * read side by side, `[batch, 2 · units]`.
 */
const stepParts = [...cellParts, 'tanh', 'alpha', 'context', 'opened', 'read'] as const;
type Step = Readonly<Record<(typeof stepParts)[number], tf.Tensor>>;

/** What the gradients of all steps need. */
const shared = ['c', 'values', 'score', 'weight', 'weightT', 'ofState', 'ofStateT'] as const;

/** The gradients that a step leaves for the sums over all. */
interface Back {
  readonly dz: tf.Tensor2D;
  /** Of the query and of what opens the gate, side by side. */
  readonly dAsked: tf.Tensor2D;
}

/**
 * @returns State after each step, view and attention of the step, side by side, `[steps, batch, units + units + cells]`;
 *   differentiable with respect to all that is given.
 */
export function attentionLstm(inputs: AttentionLstmInputs): tf.Tensor3D {
  const {words, h, c, keys, values, query, score, gate, gateBias, weight} = inputs;
  const [steps, batch] = words.shape;
  const [, cells, attention] = keys.shape;
  const units = h.shape[1];

  const layer = tf.customGrad((...args) => {
    const save = args.at(-1) as unknown as tf.GradSaveFunc;
    const ofState = tf.concat([query, gate], 1);
    const [weightT, ofStateT] = [tf.transpose(weight), tf.transpose(ofState)];
    const all: Step[] = [];
    for (const word of unstack(words)) {
      const before: {h: tf.Tensor; c: tf.Tensor} = all.at(-1) ?? {h, c};
      const [q, g] = tf.split<tf.Tensor2D>(matmulSmall(before.h, ofState, ofStateT), [attention, 1], 1);
      const seen = look(keys, q!, score, values);
      const opened = tf.sigmoid(tf.add(g!, gateBias));
      const read = tf.concat([tf.mul<tf.Tensor2D>(seen.context, opened), before.h as tf.Tensor2D], 1);
      const z = sum([word, matmulSmall(read, weight, weightT)]);
      all.push({...seen, opened, read, ...cell(z, before.c)});
    }
    const own = {c, values, score, weight, weightT, ofState, ofStateT};
    save([...flatten([own], shared), ...flatten(all, stepParts)]);
    const views: tf.Tensor3D = tf.slice(stack(all.map(({read}) => read)), 0, [steps, batch, units]);
    const states = stack(all.map((step) => step.h));
    const maps = tf.reshape<tf.Rank.R3>(stack(all.map(({alpha}) => alpha)), [steps, batch, cells]);
    return {
      value: tf.concat<tf.Tensor3D>([states, views, maps], 2),
      gradFunc: (dy, saved) => gradient(dy as tf.Tensor3D, saved),
    };
  });
  return layer(words, h, c, keys, values, query, score, gate, gateBias, weight) as tf.Tensor3D;

  function gradient(dy: tf.Tensor3D, saved: readonly tf.Tensor[]): tf.Tensor[] {
    const [own] = unflatten(saved.slice(0, shared.length), shared);
    const {c, values, score, weight, weightT, ofState, ofStateT} = own!;
    const all = unflatten(saved.slice(shared.length), stepParts);
    const parts = tf.split(dy, [units, units, cells], 2) as [tf.Tensor, tf.Tensor, tf.Tensor];
    const [dStates, dViews] = [unstack(parts[0]), unstack(parts[1])];
    const dMaps = unstack(tf.reshape(parts[2], [steps, batch, 1, cells]));
    const ofCell = cellGradient(batch, tf.slice(weight, 0, units));

    const back: Back[] = [];
    const looks = new LookGradients(score, values);
    let dh: tf.Tensor = tf.zerosLike(c);
    let dc: tf.Tensor = dh;
    for (let t = steps - 1; t >= 0; t--) {
      const step = all[t]!;
      const {dz, dBefore} = ofCell(step, all[t - 1]?.c ?? c, tf.add(dStates[t]!, dh), dc);
      const [ofView, ofBefore] = split(matmulSmall(dz, weightT, weight), 1, 2);
      const dView = tf.add(dViews[t]!, ofView!);
      const dContext = tf.mul(dView, step.opened);
      const dOpened = tf.sum(tf.mul(dView, step.context), 1, true);
      const dGate = runOp<tf.Tensor2D>('SigmoidGrad', [step.opened, dOpened], [float32]);
      const dQuery = looks.add(step, tf.reshape(dContext, [batch, 1, units]), dMaps[t]!);
      const dAsked = tf.concat([dQuery, dGate], 1);
      back[t] = {dz, dAsked};
      dh = tf.add(ofBefore!, matmulSmall(dAsked, ofStateT, ofState));
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
    return [dWords, dh, dc, looks.keys(), looks.values(), dWq!, looks.score(), dWg!, dGateBias, dWeight];
  }
}
