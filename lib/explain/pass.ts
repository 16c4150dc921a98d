/** A forward pass through encoder and decoder, from which the gradients of each word are computed. */
import {
  layerGradients,
  pixelGradient,
  type EncoderParts,
  type RecordedFeatures,
} from '../encoders/encoder-gradient';
import {gradientRule, type GradientRuleOptions, type Outputs} from '../encoders/backward';
import {tf} from '../tensorflow/tensorflow';
import type {StepDecoder} from '../decoders/decoder';
import {scoreGradients, wordScores, type ScoredWords, type ScoreGradients} from './word-scores';

/** Gradients of a word's score. The caller disposes both. */
export interface PixelGradients {
  /** `[images, size, size, 3]`, or `[1, size, size, 3]` if they were summed. */
  readonly pixels: tf.Tensor4D;
  /** With respect to the embeddings of the words, `[images, steps, embedding]`; weighted, but not summed. */
  readonly embeddings: tf.Tensor3D;
}

export interface GradientOptions {
  /** Only positive gradients pass the encoder's activations. @default false */
  readonly guided?: boolean;
  /** Weight of each image; the weighted gradients are summed. @default each image's gradient by itself */
  readonly sum?: readonly number[];
}

/** The part of `CaptionModel` that a pass uses. */
export interface PassModel {
  readonly parts: EncoderParts;
  readonly decoder: StepDecoder;
  /** Number of explained words. */
  readonly words: number;
  backwardPasses: number;
  compiled<Parameters extends readonly unknown[], Result>(
    label: string,
    fn: (...inputs: Parameters) => Result,
  ): (...inputs: Parameters) => Result;
}

export class Pass {
  /** Number of images. */
  readonly images: number;
  /** By word; computed when the first is asked for. */
  #featureGradients: readonly ScoreGradients[] | undefined;

  constructor(
    private readonly model: PassModel,
    private readonly recorded: RecordedFeatures,
    readonly embeddings: tf.Tensor3D,
    readonly scored: ScoredWords,
  ) {
    this.images = embeddings.shape[0];
  }

  /** The scores of the words, `[images, words]`. The caller disposes them. */
  scores(): tf.Tensor2D {
    const {decoder} = this.model;
    const compute = (features: tf.Tensor, embeddings: tf.Tensor3D, scored: ScoredWords) =>
      wordScores(decoder, features, embeddings, scored);
    const {features} = this.recorded;
    return this.model.compiled('scores of features', compute)(features, this.embeddings, this.scored);
  }

  /**
   * Computes the gradient of a word's score.
   *
   * @param word Number of the word among those explained.
   */
  gradient(word: number, {guided = false, sum}: GradientOptions = {}): PixelGradients {
    const {parts, decoder} = this.model;
    const compute = (
      outputs: readonly Outputs[],
      {features, embeddings}: ScoreGradients,
      weights: tf.Tensor1D,
      options: GradientRuleOptions,
    ) =>
      tf.tidy((): PixelGradients & tf.TensorContainerObject => ({
        pixels: pixelGradient(parts, decoder.features, outputs, weigh(features, weights), (network) =>
          gradientRule(network, options),
        ),
        embeddings: weigh(embeddings, weights) as tf.Tensor3D,
      }));
    this.model.backwardPasses += this.images;
    const weights = tf.tensor1d([...(sum ?? new Array<number>(this.images).fill(1))]);
    const call = this.model.compiled('pixel gradient', compute);
    const {outputs} = this.recorded;
    const found = call(outputs, this.featureGradient(word), weights, {guided, sum: sum !== undefined});
    weights.dispose();
    return found;
  }

  /**
   * Computes the gradient of a word's score with respect to the output of a layer of the encoder.
   *
   * @param layer Name of the layer.
   * @returns `[images, side, side, channels]` for each view. The caller disposes them.
   */
  layerGradients(word: number, layer: string): tf.Tensor4D[] {
    const {parts, decoder} = this.model;
    const compute = (outputs: readonly Outputs[], dFeatures: tf.Tensor, until: string) =>
      layerGradients(parts, decoder.features, outputs, dFeatures, {until});
    this.model.backwardPasses += this.images;
    const {features} = this.featureGradient(word);
    return this.model.compiled('layer gradients', compute)(this.recorded.outputs, features, layer);
  }

  /** Returns the outputs of a layer that `CaptionModel.pass` was to keep, by view. They belong to this object. */
  output(layer: string): tf.Tensor4D[] {
    return this.recorded.outputs.map((outputs) => outputs[layer]!);
  }

  /** Outputs of layers that the encoder's backward pass needs, by view. They belong to this object. */
  get outputs(): readonly Outputs[] {
    return this.recorded.outputs;
  }

  /** The image features, as the decoder reads them. They belong to this object. */
  get features(): tf.Tensor {
    return this.recorded.features;
  }

  /** Computes the gradient of a word's score with respect to features and embeddings. It belongs to this object. */
  featureGradient(word: number): ScoreGradients {
    const {decoder} = this.model;
    const compute = (features: tf.Tensor, embeddings: tf.Tensor3D, scored: ScoredWords) =>
      scoreGradients(decoder, features, embeddings, scored);
    this.#featureGradients ??= this.model.compiled('score gradients', compute)(
      this.recorded.features,
      this.embeddings,
      this.scored,
    );
    return this.#featureGradients[word]!;
  }

  dispose(): void {
    const {features, outputs} = this.recorded;
    tf.dispose([features, this.embeddings, ...outputs.flatMap((one) => Object.values(one))]);
    for (const one of this.#featureGradients ?? []) tf.dispose([one.features, one.embeddings]);
  }
}

/** Multiplies the values of each image by its weight. */
function weigh(x: tf.Tensor, weights: tf.Tensor1D): tf.Tensor {
  return tf.mul(x, tf.reshape(weights, [weights.size, ...x.shape.slice(1).fill(1)]));
}
