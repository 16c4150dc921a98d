/**
 * A captioner as a function, for one image and one caption: pixels in, the score of each explained word out. The caption's words are
 * given (teacher forcing), so that the function is the same for every image that a method tries. Methods of explanation use a captioner
 * only through this.
 */
import type {StepDecoder} from '../decoders/decoder';
import {encodeRecorded, partsOf, type EncoderParts} from '../encoders/encoder-gradient';
import type {Encoder} from '../encoders/encoder';
import {functionOf} from '../tensorflow/compiled';
import {tf} from '../tensorflow/tensorflow';
import {special} from '../text/vocabulary';
import type {ChosenWords} from './chosen-words';
import {Pass} from './pass';
import {wordScores, type ScoredWords} from './word-scores';

/** The parts of a captioner that are explained. */
export interface ExplainedParts {
  readonly encoder: Encoder;
  readonly decoder: StepDecoder;
}

/** The image, the caption and the words to explain, and the size of a batch. */
export interface CaptionModelOptions extends ChosenWords {
  /** RGB, 0 to 255, `size × size × 3`, row by row. */
  readonly pixels: ArrayLike<number>;
  /** Ids of the caption's words. */
  readonly caption: readonly number[];
  /** Images in memory at once. */
  readonly batch: number;
}

export class CaptionModel {
  /** Side of the image in pixels. */
  readonly size: number;
  /** The image, `[1, size, size, 3]`, 0 to 255. */
  readonly pixels: tf.Tensor4D;
  /** Embeddings of the words that the decoder reads, `[1, steps, embedding]`: of the start id, then of the caption's words but the last. */
  readonly embeddings: tf.Tensor3D;
  /** Ids of the caption's words. */
  readonly caption: readonly number[];
  /** Positions of the explained words in the caption. */
  readonly positions: readonly number[];
  /** Id of the word that they are contrasted with: the scores are then differences of log-probabilities. */
  readonly against: number | undefined;
  /** Images in memory at once. */
  readonly batch: number;
  readonly encoder: Encoder;
  readonly decoder: StepDecoder;
  /** Images that ran through the model so far. */
  forwardPasses = 0;
  /** Images whose gradients were computed so far, for one word each. */
  backwardPasses = 0;
  readonly #scored: ScoredWords;

  constructor({encoder, decoder}: ExplainedParts, options: CaptionModelOptions) {
    const {pixels, caption, positions, against, batch} = options;
    const {size} = encoder.preprocessing;
    [this.encoder, this.decoder, this.size] = [encoder, decoder, size];
    [this.caption, this.positions, this.against, this.batch] = [caption, positions, against, batch];
    this.pixels = tf.tensor4d(Float32Array.from(pixels), [1, size, size, 3]);
    const inputs = [special.start, ...caption.slice(0, -1)];
    this.embeddings = tf.tidy(() => decoder.embed(tf.tensor2d([inputs], undefined, 'int32')));
    const others = against === undefined ? [] : [caption.map(() => against)];
    this.#scored = {
      tokens: tf.tensor2d([[...caption], ...others], undefined, 'int32'),
      positions: tf.tensor1d([...positions], 'int32'),
    };
  }

  /** Number of explained words. */
  get words(): number {
    return this.positions.length;
  }

  /** The encoder taken apart. @throws CaptionerError `options` for an encoder that is no CNN. */
  get parts(): EncoderParts {
    return partsOf(this.encoder);
  }

  /**
   * Computes the scores of the words for images: the log-probability of each word given the image and the words before it, or with
   * `against` its difference to that of the other word. Forward only; pauses between batches.
   *
   * @param pixels `[images, size, size, 3]`, 0 to 255; not disposed. Any number of images.
   * @param embeddings Other embeddings of the words, see `embeddings`. @default the caption's
   * @returns `[images, words]`, row by row.
   */
  *scores(
    pixels: tf.Tensor4D,
    embeddings: tf.Tensor3D = this.embeddings,
  ): Generator<void, Float32Array, void> {
    const [images] = pixels.shape;
    const all = new Float32Array(images * this.words);
    for (const [from, count] of this.batches(images)) {
      const part = tf.slice(pixels, from, count);
      all.set(this.scoresAtOnce(part, embeddings), from * this.words);
      part.dispose();
      yield;
    }
    return all;
  }

  /** Like `scores`, for as many images as fit in memory, without a pause. */
  scoresAtOnce(pixels: tf.Tensor4D, embeddings: tf.Tensor3D = this.embeddings): Float32Array {
    const {encoder, decoder} = this;
    this.forwardPasses += pixels.shape[0];
    const compute = (pixels: tf.Tensor4D, embeddings: tf.Tensor3D, scored: ScoredWords): tf.Tensor2D =>
      tf.tidy(() => {
        const features = encoder.encode(pixels)[decoder.features];
        return wordScores(decoder, features, tiled(embeddings, pixels.shape[0]), scored);
      });
    const scores = this.compiled('word scores', compute)(pixels, embeddings, this.#scored);
    try {
      return scores.dataSync<'float32'>();
    } finally {
      scores.dispose();
    }
  }

  /**
   * Runs the model on images and keeps what gradients need: those of all words share this forward pass.
   *
   * @param pixels `[images, size, size, 3]`, at most `batch` images; not disposed.
   * @param embeddings `[images or 1, steps, embedding]` @default the caption's
   * @param keep Layers of the encoder whose outputs are kept, see `Pass.output`.
   * @returns The caller disposes it.
   */
  pass(pixels: tf.Tensor4D, embeddings: tf.Tensor3D = this.embeddings, keep: readonly string[] = []): Pass {
    const {parts, decoder} = this;
    const [images] = pixels.shape;
    this.forwardPasses += images;
    const record = (pixels: tf.Tensor4D, keep: readonly string[]) =>
      encodeRecorded(parts, decoder.features, pixels, keep);
    const recorded = this.compiled('recorded features', record)(pixels, keep);
    return new Pass(this, recorded, tiled(embeddings, images), this.#scored);
  }

  /**
   * Returns embeddings without words: that of the start id, and zeros for the words, as a baseline. The caller disposes them.
   */
  withoutWords(): tf.Tensor3D {
    const [, steps, size] = this.embeddings.shape;
    return tf.tidy(() =>
      tf.concat<tf.Tensor3D>([tf.slice(this.embeddings, 0, [1, 1, size]), tf.zeros([1, steps - 1, size])], 1),
    );
  }

  /** Splits a number of images into batches of nearly the same size, as few as possible. */
  batches(images: number): [from: number, count: number][] {
    const parts = Math.ceil(images / this.batch);
    const start = (part: number): number => Math.floor((part * images) / parts);
    return Array.from({length: parts}, (_, part) => [start(part), start(part + 1) - start(part)]);
  }

  /** Returns the compiled function of that name which belongs to the decoder and the encoder, see `functionOf`. */
  compiled<Parameters extends readonly unknown[], Result>(
    label: string,
    fn: (...inputs: Parameters) => Result,
  ): (...inputs: Parameters) => Result {
    return functionOf(this.decoder, label, fn, [this.encoder]);
  }

  dispose(): void {
    tf.dispose([this.pixels, this.embeddings, this.#scored.tokens, this.#scored.positions]);
  }
}

/** Repeats the embeddings for each image, unless every image has its own. */
function tiled(embeddings: tf.Tensor3D, images: number): tf.Tensor3D {
  return embeddings.shape[0] === images ? tf.clone(embeddings) : tf.tile(embeddings, [images, 1, 1]);
}
