/**
 * Adam (Kingma and Ba 2015) with optional decoupled weight decay (AdamW, Loshchilov and Hutter 2019). It uses TensorFlow's op
 * `ResourceApplyAdam`, which updates in place and is many times faster than tfjs's Adam. Its state can be saved and restored exactly, so a
 * resumed run equals an uninterrupted one.
 */
import {CaptionerError} from '../errors';
import {compiled, disposeFunctions} from '../tensorflow/compiled';
import {bool, runOp, runOpMulti, shape, text, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {clipping, scaled} from './clip';

export interface AdamOptions {
  /** Decay rate of the mean of gradients. @default 0.9 */
  readonly beta1?: number;
  /** Decay rate of the mean of squared gradients. @default 0.999 */
  readonly beta2?: number;
  /** Term added to the denominator for numerical stability. @default 1e-8 */
  readonly epsilon?: number;
}

interface Slot {
  readonly weight: tf.Variable;
  /** Handles of TensorFlow's resource variables: the weight and the two moments. */
  readonly value: tf.Tensor;
  readonly m: tf.Tensor;
  readonly v: tf.Tensor;
  /** Data id of the weight after the last update. If the weight has another, it was assigned to in the meantime. */
  known: object | undefined;
}

/** Learning rate, or a function that returns it for a weight's name. */
type Rate = number | ((name: string) => number);

interface UpdateSettings {
  readonly rate: Rate;
  /** See `apply`. */
  readonly decay: number;
}

interface UpdateInputs {
  readonly gradients: readonly tf.Tensor[];
  /** TensorFlow's variables: the weight and the two moments of each. */
  readonly handles: readonly (readonly [tf.Tensor, tf.Tensor, tf.Tensor])[];
  readonly powers: tf.Tensor1D;
  /** The distinct learning rates. */
  readonly rates: tf.Tensor1D;
  /** Absent: nothing is clipped or checked. */
  readonly loss?: tf.Scalar;
  readonly clipNorm?: tf.Scalar;
}

/** Settings that are the same in every update, so that they are baked into the compiled one. */
interface BakedUpdate {
  /** Index of each weight's learning rate. */
  readonly rates: readonly number[];
  /** Whether each weight is a matrix, which decays. */
  readonly matrices: readonly boolean[];
  readonly decay: number;
}

interface Updated {
  readonly weights: tf.Tensor[];
  readonly norm?: tf.Scalar;
}

const float32 = type('dtype', 'float32');
const attributes = [type('T', 'float32'), bool('use_locking', false), bool('use_nesterov', false)];
/** Number of resource variables created; makes their names unique. */
let created = 0;

export class Adam {
  readonly #slots = new Map<string, Slot>();
  readonly #betas: readonly [number, number];
  readonly #epsilon: number;
  readonly #compiled = compiled((inputs: UpdateInputs, baked: BakedUpdate) => this.#update(inputs, baked), {
    name: 'adam',
  });
  /** beta1 and beta2 to the power of the next step, in float32 as the op takes them. */
  #powers: Float32Array;

  /** @param weights Weights by name; gradients and state use the same names. The caller keeps them. */
  constructor(
    weights: ReadonlyMap<string, tf.Variable>,
    {beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8}: AdamOptions = {},
  ) {
    this.#betas = [beta1, beta2];
    this.#powers = Float32Array.of(beta1, beta2);
    this.#epsilon = epsilon;
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
   * Updates every weight that has a gradient, in place.
   *
   * @param gradients Gradients by weight name. The caller keeps them.
   * @param rate Learning rate, or a function that returns it for a weight's name.
   * @param decay Weight decay: each matrix is first multiplied by `1 - rate · decay`. Vectors (biases) do not decay.
   * @throws CaptionerError `mismatch` for a gradient whose name is unknown.
   */
  apply(gradients: ReadonlyMap<string, tf.Tensor>, rate: Rate, decay = 0): void {
    this.#run(gradients, {rate, decay});
    this.advance();
  }

  /**
   * Clips gradients by their global norm and updates every weight that has one, in place. If the norm or the loss is not finite, nothing
   * changes. Nothing is read, so a GPU doesn't stop: the caller reads the results when it likes, and calls `advance` for an update that
   * took place.
   *
   * @param gradients Gradients by weight name. The caller keeps them.
   * @param settings.loss The loss of the gradients; not disposed.
   * @returns The norm before clipping. The caller disposes it.
   * @throws CaptionerError `mismatch` for a gradient whose name is unknown.
   */
  clipAndApply(
    gradients: ReadonlyMap<string, tf.Tensor>,
    settings: UpdateSettings & {readonly clipNorm: number; readonly loss: tf.Scalar},
  ): tf.Scalar {
    return this.#run(gradients, settings)!;
  }

  /** Counts an update. */
  advance(): void {
    this.#powers[0]! *= this.#betas[0];
    this.#powers[1]! *= this.#betas[1];
  }

  #run(
    gradients: ReadonlyMap<string, tf.Tensor>,
    {rate, decay, clipNorm, loss}: UpdateSettings & {readonly clipNorm?: number; readonly loss?: tf.Scalar},
  ): tf.Scalar | undefined {
    const slots = [...gradients.keys()].map((name) => this.#slot(name));
    const all = [...gradients.keys()].map((name) => (typeof rate === 'number' ? rate : rate(name)));
    const rates = [...new Set(all)];
    return tf.tidy(() => {
      for (const {weight, value, known} of slots) if (weight.dataId !== known) assign(value, weight);
      // TensorFlow copies a shared buffer before writing to it, so the weights release their buffers during the update.
      for (const {weight} of slots) weight.assign(placeholder(weight.shape));
      let updated: Updated | undefined;
      try {
        const inputs = {
          gradients: [...gradients.values()],
          handles: slots.map(({value, m, v}) => [value, m, v] as const),
          powers: tf.tensor1d(this.#powers),
          rates: tf.tensor1d(rates),
          ...(loss && {loss, clipNorm: tf.scalar(clipNorm!)}),
        };
        const baked = {
          rates: all.map((one) => rates.indexOf(one)),
          matrices: slots.map(({weight}) => weight.rank > 1),
          decay,
        };
        updated = this.#compiled(inputs, baked);
        return updated.norm;
      } finally {
        for (const [at, slot] of slots.entries()) {
          slot.weight.assign(updated?.weights[at] ?? read(slot.value));
          slot.known = slot.weight.dataId;
        }
      }
    });
  }

  /** The update as a function of tensors, whose effect is on TensorFlow's variables. */
  #update(
    {gradients, handles, powers, rates, loss, clipNorm}: UpdateInputs,
    {rates: rateOf, matrices, decay}: BakedUpdate,
  ): Updated {
    return tf.tidy((): Updated & tf.TensorContainerObject => {
      const clip = loss && clipNorm && clipping(gradients, clipNorm, loss);
      // A step that is not applied changes nothing, to the bit: rate and gradients are 0, and the moments decay by nothing.
      const unless = (value: tf.Tensor, otherwise: number): tf.Tensor =>
        clip ? tf.where(clip.finite, value, tf.scalar(otherwise)) : value;
      const [beta1, beta2] = this.#betas.map((beta) => unless(tf.scalar(beta), 1));
      const [power1, power2] = tf.unstack(powers);
      const steps = tf.unstack(unless(rates, 0));
      const epsilon = tf.scalar(this.#epsilon);
      for (const [at, [value, m, v]] of handles.entries()) {
        const step = steps[rateOf[at]!]!;
        if (decay > 0 && matrices[at])
          tf.tidy(() => {
            const before = read(value);
            assign(value, tf.sub(before, tf.mul(before, tf.mul(step, decay))));
          });
        const gradient = clip ? scaled(gradients[at]!, clip.factor) : gradients[at]!;
        runOpMulti(
          'ResourceApplyAdam',
          [value, m, v, power1!, power2!, step, beta1!, beta2!, epsilon, gradient],
          attributes,
          0,
        );
        if (clip) gradient.dispose();
      }
      return {weights: handles.map(([value]) => read(value)), ...(clip && {norm: clip.norm})};
    });
  }

  /** Returns a copy of all that the next update depends on besides the weights: `m.<name>`, `v.<name>` and `powers`. */
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
   * Restores a state returned by `state`.
   *
   * @throws CaptionerError `mismatch` if the state belongs to other weights; nothing has changed then.
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
          `Adam state: expected ${size} numbers for \`${name}\`, got ${found}`,
        );
      }
    }
    for (const name of state.keys()) {
      if (!expected.has(name)) throw new CaptionerError('mismatch', `Adam state: unexpected \`${name}\``);
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
    this.#compiled.dispose();
    disposeFunctions(this);
    for (const {value, m, v} of this.#slots.values()) {
      for (const resource of [value, m, v]) {
        runOpMulti('DestroyResourceOp', [resource], [bool('ignore_lookup_error', true)], 0);
        resource.dispose();
      }
    }
    this.#slots.clear();
  }

  #slot(name: string): Slot {
    const slot = this.#slots.get(name);
    if (slot === undefined)
      throw new CaptionerError('mismatch', `Adam: got a gradient for the unknown weight \`${name}\``);
    return slot;
  }
}

function handle(size: number[]): tf.Tensor {
  const name = text('shared_name', `captioner.adam.${created++}`);
  return tf.keep(runOp('VarHandleOp', [], [text('container', ''), name, float32, shape('shape', size)]));
}

function assign(resource: tf.Tensor, value: tf.Tensor): void {
  runOpMulti('AssignVariableOp', [resource, value], [float32, bool('validate_shape', false)], 0);
}

function read(resource: tf.Tensor): tf.Tensor {
  return runOp('ReadVariableOp', [resource], [float32]);
}

/** Makes a tensor that claims shape `size` but holds one number. */
function placeholder(size: number[]): tf.Tensor {
  const {dataId} = tf.scalar(0);
  tf.backend().incRef(dataId);
  return tf.engine().makeTensorFromTensorInfo({dataId, shape: size, dtype: 'float32'});
}
