/** The sentences that a search goes on with, as the decoder sees them: a row of its state for each, all one word further at once. */
import {CaptionerError} from '../errors';
import {throwIfStopped} from '../interrupt';
import {runOp, type} from '../tensorflow/ops';
import {tf} from '../tensorflow/tensorflow';
import type {DecoderState, StepDecoder} from '../decoders/decoder';

export interface RowStep {
  /** The logarithms of all words' probabilities by the model, `[rows, vocabulary]`; the caller's to dispose. */
  readonly logProbabilities: tf.Tensor2D;
  /** Where a row looked, if the decoder looks at a grid: a view of what holds all rows. */
  readonly attention?: (row: number) => Float32Array;
}

export class DecodingState {
  #state: DecoderState;
  /** The image of each row. */
  #images: readonly number[];
  /** The tensors of the state that the last step handed on as they were: they hang on the image alone. */
  #fixed: ReadonlySet<object> = new Set();

  /**
   * @param features Image features, as the decoder reads them; not disposed. One row for each image.
   * @throws CaptionerError `shape`
   */
  constructor(
    private readonly decoder: StepDecoder,
    features: tf.Tensor,
  ) {
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
    this.#state = decoder.begin(features);
    this.#images = Array.from({length: features.shape[0]}, (_, image) => image);
  }

  /** One word further, all rows. @throws CaptionerError `stopped` */
  step(words: Int32Array): RowStep {
    throwIfStopped();
    const tokens = tf.tensor1d(words, 'int32');
    const {logits, state, attention} = this.decoder.step(tokens, this.#state);
    const before = new Set(this.#state.map(({dataId}) => dataId));
    this.#fixed = new Set(state.map(({dataId}) => dataId).filter((id) => before.has(id)));
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

  /** Goes on with these rows only, in this order; a row may be named more than once. */
  reorder(rows: readonly number[]): void {
    const unmoved = (order: readonly number[], before: readonly number[]): boolean =>
      order.length === before.length && order.every((row, at) => row === before[at]);
    if (unmoved(rows, [...this.#images.keys()])) return;
    const images = rows.map((row) => this.#images[row]!);
    // As a rule an image's sentences only change places, and what they all see stays: most of what there would be to copy.
    const fixed = unmoved(images, this.#images) ? this.#fixed : new Set<object>();
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

/** @throws CaptionerError `diverged` when a log-probability is no number. */
export function checkNumbers(logProbabilities: Float32Array): void {
  if (logProbabilities.some(Number.isNaN))
    throw new CaptionerError(
      'diverged',
      'Search: expected logits that are numbers, got NaN; the weights or the features are broken',
    );
}
