/** The decoder's state during search: one row per open hypothesis, all advanced by one word at a time. */
import {CaptionerError} from '../errors';
import {throwIfStopped} from '../interrupt';
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import type {DecoderState, StepDecoder} from '../decoders/decoder';

/** Result of one decoding step. */
export interface RowStep {
  /** Log-probabilities of all words, `[rows, vocabulary]`. The caller disposes them. */
  readonly logProbabilities: tf.Tensor2D;
  /** Returns a row's attention weights, as a view of the array of all rows. Absent if the decoder doesn't attend to a grid. */
  readonly attention?: (row: number) => Float32Array;
}

/** Cells of images whose initial state is computed at once. */
const cellsAtOnce = 1024;

export class DecodingState {
  #state: DecoderState;
  /** Index of each row's image. */
  #images: readonly number[];
  /** State tensors that the last step passed through unchanged, since they depend on the image alone. */
  #fixed: ReadonlySet<object> = new Set();

  private constructor(
    private readonly decoder: StepDecoder,
    state: DecoderState,
    images: number,
  ) {
    this.#state = state;
    this.#images = Array.from({length: images}, (_, image) => image);
  }

  /**
   * Starts with one row per image. Pauses after every few images, since the projection of large grids takes long.
   *
   * @param features Image features of the decoder's kind, one row per image; not disposed.
   * @throws CaptionerError `shape`
   */
  static *begin(decoder: StepDecoder, features: tf.Tensor): Generator<void, DecodingState, void> {
    const {features: kind, depth} = decoder;
    if (
      features.rank < (kind === 'grid' ? 3 : 2) ||
      (kind === 'pooled' && features.rank > 2) ||
      features.shape.at(-1) !== depth
    )
      throw new CaptionerError(
        'shape',
        `Search: expected ${kind} features [images, ${kind === 'grid' ? 'cells, ' : ''}${depth}], got [${features.shape.join(', ')}]`,
      );
    const [images] = features.shape as [number];
    const atOnce = Math.max(1, Math.floor((cellsAtOnce * features.shape.at(-1)!) / (features.size / images)));
    if (images <= atOnce) return new DecodingState(decoder, decoder.begin(features), images);
    const parts: DecoderState[] = [];
    try {
      for (let from = 0; from < images; from += atOnce) {
        const some = tf.slice(features, from, Math.min(atOnce, images - from));
        parts.push(decoder.begin(some));
        some.dispose();
        yield;
      }
      const state = parts[0]!.map((_, at) => tf.concat(parts.map((part) => part[at]!)));
      return new DecodingState(decoder, state, images);
    } finally {
      for (const part of parts) tf.dispose([...part]);
    }
  }

  /**
   * Advances all rows by one word.
   *
   * @param words Previous word of each row.
   * @throws CaptionerError `stopped`
   */
  step(words: Int32Array): RowStep {
    throwIfStopped();
    const tokens = tf.tensor1d(words, 'int32');
    const {logits, state, attention} = this.decoder.step(tokens, this.#state);
    const previous = new Set(this.#state.map(({dataId}) => dataId));
    this.#fixed = new Set(state.map(({dataId}) => dataId).filter((id) => previous.has(id)));
    tf.dispose([tokens, ...this.#state]);
    this.#state = state;
    const logProbabilities = runOp<tf.Tensor2D>('LogSoftmax', [logits], [type('T', 'float32')]);
    logits.dispose();
    if (!attention) return {logProbabilities};
    const [, cells] = attention.shape;
    const maps = attention.dataSync<'float32'>();
    attention.dispose();
    return {logProbabilities, attention: (row) => maps.subarray(row * cells, (row + 1) * cells)};
  }

  /** Keeps the given rows in the given order; a row may occur more than once. */
  reorder(rows: readonly number[]): void {
    const equal = (a: readonly number[], b: readonly number[]): boolean =>
      a.length === b.length && a.every((value, at) => value === b[at]);
    if (equal(rows, [...this.#images.keys()])) return;
    const images = rows.map((row) => this.#images[row]!);
    // If hypotheses move only within their image, tensors of the image alone, the bulk of the state, need no copy.
    const fixed = equal(images, this.#images) ? this.#fixed : new Set<object>();
    const order = tf.tensor1d(Int32Array.from(rows), 'int32');
    const next = this.#state.map((part) =>
      fixed.has(part.dataId) ? tf.clone(part) : tf.gather(part, order),
    );
    tf.dispose([order, ...this.#state]);
    [this.#state, this.#images] = [next, images];
  }

  dispose(): void {
    tf.dispose([...this.#state]);
  }
}

/** @throws CaptionerError `diverged` when a log-probability is NaN. */
export function checkNumbers(logProbabilities: Float32Array): void {
  if (logProbabilities.some(Number.isNaN))
    throw new CaptionerError(
      'diverged',
      'Search: expected finite logits, got NaN; check the weights and the image features',
    );
}
