/** Base classes of the decoders: named weights, feature normalization and the output layer. */
import {setDescription} from '../description';
import {disposeFunctions} from '../tensorflow/compiled';
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import {matmul} from '../ops/matmul';
import type {Attended, Decoder, DecoderState, DecoderStep, DropoutKey} from './decoder';
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
    inputs: tf.Tensor2D,
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

/** A decoder that attends to a grid of image features. */
export abstract class GridDecoder<Settings extends object> extends BaseDecoder<Settings> {
  readonly features = 'grid';

  abstract attend(
    features: tf.Tensor,
    inputs: tf.Tensor2D,
    dropout?: DropoutKey,
    images?: tf.Tensor1D,
  ): Attended;

  states(...inputs: Parameters<Decoder['states']>): tf.Tensor3D {
    return tf.tidy(() => this.attend(...inputs).states);
  }
}

setDescription<Decoder>(BaseDecoder.prototype, describeDecoder);
