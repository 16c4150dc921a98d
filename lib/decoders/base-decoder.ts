/** What all decoders of ours have in common: weights by name, of which the last two make words of states. */
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {matmul} from '../ops/matmul';
import type {Attended, Decoder, DecoderState, DecoderStep, DropoutKey} from './decoder';
import {initialNormalization} from './weight-init';

export abstract class BaseDecoder<Settings extends object> implements Decoder {
  abstract readonly kind: string;
  abstract readonly features: Decoder['features'];
  readonly output: Decoder['output'];
  readonly featureNormalization: ReadonlyMap<string, tf.Variable>;

  /** @param table The weight that the output layer multiplies states with. */
  constructor(
    readonly vocabulary: number,
    readonly depth: number,
    readonly options: Settings & Readonly<Record<string, unknown>>,
    readonly weights: ReadonlyMap<string, tf.Variable>,
    table: string = 'output.weight',
  ) {
    this.featureNormalization = initialNormalization(depth);
    this.output = {weight: this.weight(table), bias: this.weight('output.bias')};
  }

  abstract states(
    features: tf.Tensor,
    inputs: tf.Tensor2D,
    dropout?: DropoutKey,
    images?: tf.Tensor1D,
  ): tf.Tensor3D;
  abstract begin(features: tf.Tensor): DecoderState;
  abstract step(tokens: tf.Tensor1D, state: DecoderState): DecoderStep;

  logits(features: tf.Tensor, inputs: tf.Tensor2D): tf.Tensor3D {
    const [batch, steps] = inputs.shape;
    return tf.tidy(() => {
      const states = this.states(features, inputs);
      const rows = tf.reshape<tf.Rank.R2>(states, [batch * steps, states.shape[2]]);
      return tf.reshape(this.wordsOf(rows), [batch, steps, this.vocabulary]);
    });
  }

  dispose(): void {
    for (const weight of [...this.weights.values(), ...this.featureNormalization.values()]) weight.dispose();
  }

  protected weight<R extends tf.Rank>(name: string): tf.Variable<R> {
    return this.weights.get(name) as tf.Variable<R>;
  }

  /** Logits `[rows, vocabulary]` of states `[rows, units]`, without a gradient: training has the loss and them in one. */
  protected wordsOf(states: tf.Tensor2D): tf.Tensor2D {
    const {weight, bias} = this.output;
    return runOp('BiasAdd', [matmul(states, weight, 'second'), bias], [type('T', 'float32')]);
  }
}

/** Those that look at a grid. */
export abstract class GridDecoder<Settings extends object> extends BaseDecoder<Settings> {
  readonly features = 'grid';

  abstract attend(
    features: tf.Tensor,
    inputs: tf.Tensor2D,
    dropout?: DropoutKey,
    images?: tf.Tensor1D,
  ): Attended;

  states(...given: Parameters<Decoder['states']>): tf.Tensor3D {
    return tf.tidy(() => this.attend(...given).states);
  }
}
