/**
 * The interfaces of decoders: image features and the words so far in, logits of the next word out. Search uses a decoder only through
 * `StepDecoder`; a decoder knows nothing of search, vocabularies or files.
 */
import type {tf} from '../tensorflow/tensorflow';
import type {DropoutKey} from '../ops/random';

export type {DropoutKey};

/**
 * The recurrent state of a decoder; the first dimension of every tensor is the batch. A step passes tensors that depend on the image
 * alone through unchanged (`tf.clone`), and no others: search recognises them by their shared data and doesn't copy them when it only
 * reorders the hypotheses of an image.
 */
export type DecoderState = readonly tf.Tensor[];

/** The words that a decoder reads: ids, int32 `[batch, steps]`, or their embeddings, float32 `[batch, steps, embedding]`. */
export type WordInputs = tf.Tensor2D | tf.Tensor3D;

/** The output layer: `logits = states · weightᵀ + bias`. */
export interface OutputLayer {
  /** `[vocabulary, units]` */
  readonly weight: tf.Variable;
  /** `[vocabulary]` */
  readonly bias: tf.Variable;
}

/** Result of one decoding step. */
export interface DecoderStep {
  /** `[batch, vocabulary]` */
  readonly logits: tf.Tensor2D;
  readonly state: DecoderState;
  /** Attention weights `[batch, cells]`, if the decoder attends to a grid. */
  readonly attention?: tf.Tensor2D;
}

/** Result of an attending decoder for all steps at once. */
export interface Attended {
  /** As returned by `Decoder.states`. */
  readonly states: tf.Tensor3D;
  /** Attention weights for each word, `[batch, steps, cells]`. They sum to 1, or to less if a sentinel takes part. */
  readonly attention: tf.Tensor3D;
  /** Regularization term that training adds to the loss. */
  readonly penalty?: tf.Scalar;
}

/** The interface that search uses: a single decoder or an ensemble. */
export interface StepDecoder {
  readonly kind: string;
  /** Kind of image features that the decoder reads: `pooled` is `[batch, depth]`, `grid` is `[batch, cells, depth]`. */
  readonly features: 'pooled' | 'grid';
  /** Depth of the image features. */
  readonly depth: number;
  /** Vocabulary size. */
  readonly vocabulary: number;
  /** Size of the word embeddings; of an ensemble the sum of its members'. */
  readonly embedding: number;
  /** All options as JSON; `createDecoder(kind, vocabulary, depth, options)` creates the same decoder again. */
  readonly options: Readonly<Record<string, unknown>>;
  /**
   * Returns the initial state. The caller disposes it.
   *
   * @param features Image features of the kind that `features` names. A grid may have several views, `[batch, views, cells, depth]`.
   * @param length Number of steps that the state has room for, so that its shape stays the same. @default a state that depends on the
   *   number of steps grows with each
   */
  begin(features: tf.Tensor, length?: number): DecoderState;
  /** Makes room for `length` more steps in a state that began with a length. The caller disposes both. Absent if no state needs it. */
  lengthen?(state: DecoderState, length: number): DecoderState;
  /**
   * Computes the logits of the next word.
   *
   * @param tokens Previous words, int32 `[batch]`; the start id in the first step.
   * @param state State of the previous step; not disposed.
   * @returns Logits, next state and attention weights. The caller disposes them.
   */
  step(tokens: tf.Tensor1D, state: DecoderState): DecoderStep;
  /**
   * Looks up the embeddings of words.
   *
   * @param words Ids, int32 `[batch, steps]`.
   * @returns `[batch, steps, embedding]`; of an ensemble, those of its members side by side. The caller disposes it.
   */
  embed(words: tf.Tensor2D): tf.Tensor3D;
  /**
   * Computes the log-probabilities of words at every step, given the image and the words before (teacher forcing).
   *
   * @param features As for `begin`.
   * @param embeddings Embeddings of the words that are read, from the start id on, `[batch, steps, embedding]`.
   * @param tokens For each step the words to look at, int32 `[count, steps]`.
   * @returns `[batch, steps, count]`, differentiable with respect to `features` and `embeddings`. The caller disposes it.
   */
  logProbabilities(features: tf.Tensor, embeddings: tf.Tensor3D, tokens: tf.Tensor2D): tf.Tensor3D;
  dispose(): void;
}

/** A trainable decoder. */
export interface Decoder extends StepDecoder {
  /** All trainable weights by name, always in the same order. */
  readonly weights: ReadonlyMap<string, tf.Variable>;
  /**
   * Mean and standard deviation of the image features, `features.mean` and `features.std`, `[depth]`. They are fitted to the training
   * images before training, saved with the weights and never trained.
   */
  readonly featureNormalization: ReadonlyMap<string, tf.Variable>;
  readonly output: OutputLayer;
  /**
   * Computes the hidden states of all steps at once (teacher forcing); the output layer turns them into logits.
   *
   * @param features Image features, `[images, depth]` or `[images, cells, depth]`.
   * @param inputs Word ids, int32 `[batch, steps]`; each row begins with the start id and is padded with 0. Or the embeddings of such
   *   words, float32 `[batch, steps, embedding]`: the states are then differentiable with respect to them too.
   * @param dropout Key of the dropout masks. Absent: no dropout (evaluation).
   * @param images Row of each caption's image in `features`, int32 `[batch]`. Computations that depend on the image alone then run once
   *   per image rather than once per caption. Absent: caption and image have the same row.
   * @returns `[batch, steps, units]`, differentiable with respect to `weights` and `features`. The caller disposes it.
   */
  states(features: tf.Tensor, inputs: WordInputs, dropout?: DropoutKey, images?: tf.Tensor1D): tf.Tensor3D;
  /** Computes states and attention weights; present if the decoder attends to a grid. The caller disposes all results. */
  attend?(features: tf.Tensor, inputs: WordInputs, dropout?: DropoutKey, images?: tf.Tensor1D): Attended;
  /**
   * Computes the attention to the cells by each head of each layer, `[batch, heads, steps, cells]`; present if there is more than one. The
   * caller disposes all.
   */
  attentionOfHeads?(features: tf.Tensor, inputs: tf.Tensor2D): tf.Tensor4D[];
  /** Computes the logits of all steps without dropout, `[batch, steps, vocabulary]`. The caller disposes them. */
  logits(features: tf.Tensor, inputs: tf.Tensor2D, images?: tf.Tensor1D): tf.Tensor3D;
}
