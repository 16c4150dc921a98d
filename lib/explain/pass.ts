/** A forward pass through encoder and decoder, from which the gradients of each word are computed. */
import {
  layerGradients,
  pixelGradient,
  type EncoderParts,
  type RecordedFeatures,
} from '../encoders/encoder-gradient';
import type {BackwardRule, Outputs} from '../encoders/backward';
import {tf} from '../tensorflow/tensorflow';
import type {StepDecoder} from '../decoders/decoder';
import {scoreGradients, wordScores, type ScoredWords, type ScoreGradients} from './word-scores';

/** Gradients of a word's score. The caller disposes both. */
export interface PixelGradients {
  /** `[images, size, size, 3]`, or `[1, size, size, 3]` if they were summed. */
  readonly pixels: tf.Tensor4D;
  /** With respect to the embeddings of the words, `[images, steps, embedding]`. */
  readonly embeddings: tf.Tensor3D;
}

export interface GradientOptions {
  /** How gradients pass the encoder's activations. @default 'gradient' */
  readonly rule?: BackwardRule;
  /** Weight of each image; the weighted gradients are summed. @default each image's gradient by itself */
  readonly sum?: readonly number[];
}

/** What a pass uses of its `CaptionModel`. */
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

  constructor(
    private readonly model: PassModel,
    private readonly recorded: RecordedFeatures,
    private readonly embeddings: tf.Tensor3D,
    private readonly scored: ScoredWords,
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
  gradient(word: number, {rule = 'gradient', sum}: GradientOptions = {}): PixelGradients {
    const {parts, decoder} = this.model;
    const compute = (
      outputs: readonly Outputs[],
      dFeatures: tf.Tensor,
      rule: BackwardRule,
      summed: boolean,
    ) =>
      tf.tidy(() => {
        const all = pixelGradient(parts, decoder.features, outputs, dFeatures, {rule});
        return summed ? tf.sum(all, 0, true) : all;
      });
    const {features, embeddings} = this.featureGradient(word, sum);
    this.model.backwardPasses += this.images;
    const {outputs} = this.recorded;
    const pixels = this.model.compiled('pixel gradient', compute)(outputs, features, rule, sum !== undefined);
    features.dispose();
    return {pixels: pixels as tf.Tensor4D, embeddings};
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
    const {features, embeddings} = this.featureGradient(word);
    this.model.backwardPasses += this.images;
    const {outputs} = this.recorded;
    const found = this.model.compiled('layer gradients', compute)(outputs, features, layer);
    tf.dispose([features, embeddings]);
    return found;
  }

  /** Returns the outputs of a layer that `CaptionModel.pass` was to keep, by view. They belong to this object. */
  output(layer: string): tf.Tensor4D[] {
    return this.recorded.outputs.map((outputs) => outputs[layer]!);
  }

  /** The image features, as the decoder reads them. They belong to this object. */
  get features(): tf.Tensor {
    return this.recorded.features;
  }

  /**
   * Computes the gradient of a word's score with respect to features and embeddings.
   *
   * @param sum See `GradientOptions`; here the gradients of the images are only weighted.
   */
  featureGradient(word: number, sum?: readonly number[]): ScoreGradients {
    const {decoder, words} = this.model;
    const compute = (
      features: tf.Tensor,
      embeddings: tf.Tensor3D,
      scored: ScoredWords,
      weights: tf.Tensor2D,
    ): ScoreGradients => ({...scoreGradients(decoder, features, embeddings, scored, weights)});
    const values = new Float32Array(this.images * words);
    for (let image = 0; image < this.images; image++) values[image * words + word] = sum?.[image] ?? 1;
    const weights = tf.tensor2d(values, [this.images, words]);
    const {features} = this.recorded;
    const found = this.model.compiled('score gradients', compute)(
      features,
      this.embeddings,
      this.scored,
      weights,
    );
    weights.dispose();
    return found;
  }

  dispose(): void {
    const {features, outputs} = this.recorded;
    tf.dispose([features, this.embeddings, ...outputs.flatMap((one) => Object.values(one))]);
  }
}
