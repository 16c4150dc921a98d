/**
 * Adam (Kingma and Ba 2015), with decoupled weight decay where it is asked for (AdamW, Loshchilov and Hutter 2019), by TensorFlow's
 * kernel `ResourceApplyAdam`, in place and many times faster than tfjs's.
 * Its whole state can be taken out and put back to the bit, so that a resumed run equals an uninterrupted one.
 */
import {CaptionerError} from '../errors';
import {bool, runOp, runOpMulti, shape, text, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';

export interface AdamOptions {
  /** Decay of the mean of gradients. @default 0.9 */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. @default 0.999 */
  readonly beta2?: number;
  /** Keeps the division finite. @default 1e-8 */
  readonly epsilon?: number;
}

interface Slot {
  readonly weight: tf.Variable;
  /** Handles of TensorFlow's own variables: the weight and the two moments. */
  readonly value: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
  /** What the weight held after the last update; when it holds something else, someone has assigned to it. */
  known: object | undefined;
}

const float32 = type('dtype', 'float32');
const attributes = [type('T', 'float32'), bool('use_locking', false), bool('use_nesterov', false)];
let made = 0;

export class Adam {
  readonly #slots = new Map<string, Slot>();
  readonly #constants: readonly [tf.Scalar, tf.Scalar, tf.Scalar];
  readonly #betas: readonly [number, number];
  /** beta1 and beta2 to the power of the next update, in float32 as the kernel takes them. */
  #powers: Float32Array;

  /** @param weights By the names that gradients and state have. They stay the caller's. */
  constructor(
    weights: ReadonlyMap<string, tf.Variable>,
    {beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8}: AdamOptions = {},
  ) {
    this.#betas = [beta1, beta2];
    this.#powers = Float32Array.of(beta1, beta2);
    this.#constants = [tf.keep(tf.scalar(beta1)), tf.keep(tf.scalar(beta2)), tf.keep(tf.scalar(epsilon))];
    for (const [name, weight] of weights) {
      const [value, m, v] = [handle(weight.shape), handle(weight.shape), handle(weight.shape)];
      this.#slots.set(name, {weight, value, m, v, known: undefined});
      tf.tidy(() => {
        const zeros = tf.zeros(weight.shape);
        assign(m, zeros);
        assign(v, zeros);
      });
    }
  }

  /**
   * One update of every weight that has a gradient.
   *
   * @param gradients By the weights' names. They stay the caller's.
   * @param rate The learning rate, or that of each weight.
   * @param decay What is taken off every matrix before, as a part of it and times its rate; vectors (biases) keep what they have.
   */
  apply(
    gradients: ReadonlyMap<string, tf.Tensor>,
    rate: number | ((name: string) => number),
    decay = 0,
  ): void {
    tf.tidy(() => {
      const [beta1, beta2, epsilon] = this.#constants;
      const powers = [tf.scalar(this.#powers[0]!), tf.scalar(this.#powers[1]!)];
      const rates = new Map<number, tf.Scalar>();
      const rateOf = (name: string): tf.Scalar => {
        const value = typeof rate === 'number' ? rate : rate(name);
        if (!rates.has(value)) rates.set(value, tf.scalar(value));
        return rates.get(value)!;
      };
      for (const [name, gradient] of gradients) {
        const slot = this.#slot(name);
        const {weight, value, m, v} = slot;
        if (decay > 0 && weight.rank > 1)
          assign(value, tf.sub(weight, tf.mul(weight, tf.mul(rateOf(name), decay))));
        else if (weight.dataId !== slot.known) assign(value, weight);
        // A buffer that two tensors share is copied before it is written, so the weight lets go of it meanwhile.
        weight.assign(hollow(weight.shape));
        try {
          runOpMulti(
            'ResourceApplyAdam',
            [value, m, v, ...powers, rateOf(name), beta1, beta2, epsilon, gradient],
            attributes,
            0,
          );
        } finally {
          weight.assign(read(value));
          slot.known = weight.dataId;
        }
      }
    });
    this.#powers[0]! *= this.#betas[0];
    this.#powers[1]! *= this.#betas[1];
  }

  /** Everything that the next update depends on, besides the weights: `m.<name>`, `v.<name>`, `powers`. */
  state(): Map<string, Float32Array> {
    const state = new Map<string, Float32Array>();
    for (const [name, {m, v}] of this.#slots) {
      for (const [moment, resource] of [
        ['m', m],
        ['v', v],
      ] as const) {
        const tensor = read(resource);
        state.set(`${moment}.${name}`, tensor.dataSync<'float32'>().slice());
        tensor.dispose();
      }
    }
    state.set('powers', this.#powers.slice());
    return state;
  }

  /**
   * Puts back what `state` gave.
   *
   * @throws CaptionerError `mismatch`, when it is not the state of these weights; then nothing is changed.
   */
  restore(state: ReadonlyMap<string, Float32Array>): void {
    const expected = new Map([['powers', 2]]);
    for (const [name, {weight}] of this.#slots)
      expected.set(`m.${name}`, weight.size).set(`v.${name}`, weight.size);
    for (const [name, size] of expected) {
      const got = state.get(name);
      if (got?.length !== size) {
        const found = got === undefined ? 'nothing' : `${got.length}`;
        throw new CaptionerError(
          'mismatch',
          `Adam's state: expected ${size} numbers \`${name}\`, got ${found}`,
        );
      }
    }
    for (const name of state.keys()) {
      if (!expected.has(name)) throw new CaptionerError('mismatch', `Adam's state: unexpected \`${name}\``);
    }
    for (const [name, {weight, m, v}] of this.#slots) {
      tf.tidy(() => {
        assign(m, tf.tensor(state.get(`m.${name}`)!.slice(), weight.shape, 'float32'));
        assign(v, tf.tensor(state.get(`v.${name}`)!.slice(), weight.shape, 'float32'));
      });
    }
    this.#powers = state.get('powers')!.slice();
  }

  dispose(): void {
    for (const {value, m, v} of this.#slots.values()) {
      for (const resource of [value, m, v]) {
        runOpMulti('DestroyResourceOp', [resource], [bool('ignore_lookup_error', true)], 0);
        resource.dispose();
      }
    }
    this.#slots.clear();
    tf.dispose([...this.#constants]);
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined)
      throw new CaptionerError('mismatch', `Adam: a gradient for the unknown weight \`${name}\``);
    return slot;
  }
}

function handle(size: number[]): tf.Tensor {
  const name = text('shared_name', `captioner.adam.${made++}`);
  return tf.keep(runOp('VarHandleOp', [], [text('container', ''), name, float32, shape('shape', size)]));
}

function assign(resource: tf.Tensor, value: tf.Tensor): void {
  runOpMulti('AssignVariableOp', [resource, value], [float32, bool('validate_shape', false)], 0);
}

function read(resource: tf.Tensor): tf.Tensor {
  return runOp('ReadVariableOp', [resource], [float32]);
}

/** Passes for a tensor of `size` but holds one number. */
function hollow(size: number[]): tf.Tensor {
  const {dataId} = tf.scalar(0);
  tf.backend().incRef(dataId);
  return tf.engine().makeTensorFromTensorInfo({dataId, shape: size, dtype: 'float32'});
}
