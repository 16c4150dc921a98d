/** Base classes of the decoders: named weights, feature normalization and the output layer. */
import {setDescription} from '../description';
import {disposeFunctions} from '../tensorflow/compiled';
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {embed} from '../ops/embedding';
import {logSoftmaxOf} from '../ops/log-softmax';
import {matmul} from '../ops/matmul';
import type {Attended, Decoder, DecoderState, DecoderStep, DropoutKey, WordInputs} from './decoder';
import {describeDecoder} from './describe-decoder';
import {initialNormalization} from './weight-init';

/** A decoder with named weights and an output layer. */
export abstract class BaseDecoder<Settings extends object> implements Decoder {
  abstract readonly kind: string;
  abstract readonly features: Decoder['features'];
  readonly output: Decoder['output'];
  readonly featureNormalization: ReadonlyMap<string, tf.Variable>;

  /** @param outputWeight Name of the output layer's weight; another weight's name ties the two. @default 'output.weight' */
  constructor(
    readonly vocabulary: number,
    readonly depth: number,
    readonly options: Settings & Readonly<Record<string, unknown>>,
    readonly weights: ReadonlyMap<string, tf.Variable>,
    outputWeight: string = 'output.weight',
  ) {
    this.featureNormalization = initialNormalization(depth);
    this.output = {weight: this.weight(outputWeight), bias: this.weight('output.bias')};
  }

  abstract states(
    features: tf.Tensor,
    inputs: WordInputs,
    dropout?: DropoutKey,
    images?: tf.Tensor1D,
  ): tf.Tensor3D;
  abstract begin(features: tf.Tensor, length?: number): DecoderState;
  abstract step(tokens: tf.Tensor1D, state: DecoderState): DecoderStep;

  logits(features: tf.Tensor, inputs: tf.Tensor2D, images?: tf.Tensor1D): tf.Tensor3D {
    const [batch, steps] = inputs.shape;
    return tf.tidy(() => {
      const states = this.states(features, inputs, undefined, images);
      const rows = tf.reshape<tf.Rank.R2>(states, [batch * steps, states.shape[2]]);
      return tf.reshape(this.logitsOf(rows), [batch, steps, this.vocabulary]);
    });
  }

  get embedding(): number {
    return this.weight('embedding').shape[1]!;
  }

  embed(words: tf.Tensor2D): tf.Tensor3D {
    return embed(this.weight('embedding'), words) as tf.Tensor3D;
  }

  logProbabilities(features: tf.Tensor, embeddings: tf.Tensor3D, tokens: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() => logProbabilitiesOfStates(this, this.states(features, embeddings), tokens));
  }

  dispose(): void {
    disposeFunctions(this);
    for (const weight of [...this.weights.values(), ...this.featureNormalization.values()]) weight.dispose();
  }

  protected weight<R extends tf.Rank>(name: string): tf.Variable<R> {
    return this.weights.get(name) as tf.Variable<R>;
  }

  /** Applies the output layer: states `[rows, units]` to logits `[rows, vocabulary]`. Not differentiable: training fuses it with the loss. */
  protected logitsOf(states: tf.Tensor2D): tf.Tensor2D {
    const {weight, bias} = this.output;
    return runOp('BiasAdd', [matmul(states, weight, 'second'), bias], [type('T', 'float32')]);
  }
}

/**
 * Computes log-probabilities from a decoder's states.
 *
 * @param states `[batch, steps, units]`
 * @param tokens See `StepDecoder.logProbabilities`.
 */
export function logProbabilitiesOfStates(
  {output}: Pick<Decoder, 'output'>,
  states: tf.Tensor3D,
  tokens: tf.Tensor2D,
): tf.Tensor3D {
  const [batch, steps, units] = states.shape;
  const [count] = tokens.shape;
  const {weight, bias} = output as {weight: tf.Variable<tf.Rank.R2>; bias: tf.Variable<tf.Rank.R1>};
  return tf.tidy(() => {
    const rows = tf.reshape<tf.Rank.R2>(states, [batch * steps, units]);
    const byStep = tf.gather(tf.reshape(tokens, [count * steps]), transposed(count, steps));
    const wanted = tf.tile(byStep, [batch, 1]) as tf.Tensor2D;
    return tf.reshape(logSoftmaxOf(rows, weight, bias, wanted), [batch, steps, count]);
  });
}

/** The places of the elements of `[count, steps]` in their transpose, int32 `[steps, count]`. */
function transposed(count: number, steps: number): tf.Tensor2D {
  const order = Int32Array.from(
    {length: count * steps},
    (_, at) => (at % count) * steps + Math.floor(at / count),
  );
  return tf.tensor2d(order, [steps, count], 'int32');
}

/** A decoder that attends to a grid of image features. */
export abstract class GridDecoder<Settings extends object> extends BaseDecoder<Settings> {
  readonly features = 'grid';

  abstract attend(
    features: tf.Tensor,
    inputs: WordInputs,
    dropout?: DropoutKey,
    images?: tf.Tensor1D,
  ): Attended;

  states(...inputs: Parameters<Decoder['states']>): tf.Tensor3D {
    return tf.tidy(() => this.attend(...inputs).states);
  }
}

setDescription<Decoder>(BaseDecoder.prototype, describeDecoder);
