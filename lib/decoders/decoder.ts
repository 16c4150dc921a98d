/**
 * What every decoder is: image features and the words so far in, logits for the next word out. Search knows nothing
 * else of a decoder, and a decoder knows nothing of search, vocabularies or files.
 */
import type {tf} from '../tensorflow/tensorflow';
import type {DropoutKey} from '../random/random';

export type {DropoutKey};

/**
 * What a decoder carries from word to word; every tensor has the batch as its first dimension. What hangs on the image alone, and on no
 * word, is handed on as it is (`tf.clone`), and nothing else is: search doesn't copy it where an image's sentences only change places.
 */
export type DecoderState = readonly tf.Tensor[];

/** The output layer: `logits = states · weightᵀ + bias`. */
export interface OutputLayer {
  /** `[vocabulary, units]` */
  readonly weight: tf.Variable;
  /** `[vocabulary]` */
  readonly bias: tf.Variable;
}

/** What a decoder returns for one more word. */
export interface DecoderStep {
  readonly logits: tf.Tensor2D;
  readonly state: DecoderState;
  readonly attention?: tf.Tensor2D;
}

/** What a decoder that looks at a grid gives for all steps at once. */
export interface Attended {
  /** As `Decoder.states` gives them. */
  readonly states: tf.Tensor3D;
  /** Where it looked for each word, `[batch, steps, cells]`: shares of 1, or of less where it looked less. */
  readonly attention: tf.Tensor3D;
  /** What training makes small beside the loss, if anything. */
  readonly penalty?: tf.Scalar;
}

/** What search needs: a decoder, or several that write together. */
export interface StepDecoder {
  readonly kind: string;
  /** Which image features it reads: `pooled` is `[batch, depth]`, `grid` is `[batch, cells, depth]`. */
  readonly features: 'pooled' | 'grid';
  /** Depth of the image features. */
  readonly depth: number;
  /** Number of word ids. */
  readonly vocabulary: number;
  /** Complete, as JSON, so that `createDecoder(kind, vocabulary, depth, options)` makes the same one again. */
  readonly options: Readonly<Record<string, unknown>>;
  /**
   * The state before the first word. The caller disposes it.
   *
   * @param features As `features` says; a grid also of several views of each image, `[batch, views, cells, depth]`.
   */
  begin(features: tf.Tensor): DecoderState;
  /**
   * One word further.
   *
   * @param tokens The words just chosen, int32 `[batch]`; the start id first.
   * @returns Logits `[batch, vocabulary]`, the next state and, of a decoder that looks at a grid, where it looked, `[batch, cells]`;
   *   all the caller's to dispose. `state` is left as it is.
   */
  step(tokens: tf.Tensor1D, state: DecoderState): DecoderStep;
  dispose(): void;
}

/** A decoder that can be trained. */
export interface Decoder extends StepDecoder {
  /** Every trainable weight by name, always in the same order. */
  readonly weights: ReadonlyMap<string, tf.Variable>;
  /**
   * What is measured on the training images before training, saved with the weights and never learnt:
   * `features.mean` and `features.std`, `[depth]`, which the image features are standardised with.
   */
  readonly featureNormalization: ReadonlyMap<string, tf.Variable>;
  readonly output: OutputLayer;
  /**
   * All steps at once (teacher forcing): the states that the output layer turns into logits.
   *
   * @param features Image features, `[batch, depth]` or `[batch, cells, depth]`.
   * @param inputs Word ids, int32 `[batch, steps]`; each row begins with the start id and is padded with 0.
   * @param dropout Absent: no dropout (evaluation).
   * @param images The row of each caption's image in the features, int32 `[batch]`, where several captions are of the same: what is
   *   made of an image alone is made once. Absent: each caption has a row of its own.
   * @returns `[batch, steps, units]`, differentiable with respect to `weights`.
   */
  states(features: tf.Tensor, inputs: tf.Tensor2D, dropout?: DropoutKey, images?: tf.Tensor1D): tf.Tensor3D;
  /** For decoders that look at a grid: the states together with where they looked. The caller disposes all. */
  attend?(features: tf.Tensor, inputs: tf.Tensor2D, dropout?: DropoutKey, images?: tf.Tensor1D): Attended;
  /** Logits for all steps, `[batch, steps, vocabulary]`, without dropout. */
  logits(features: tf.Tensor, inputs: tf.Tensor2D): tf.Tensor3D;
}
