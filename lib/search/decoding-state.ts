/**
 * The decoder's state during search: one row per hypothesis, all advanced by one word at a time. A word is one compiled function: it
 * reorders the rows, runs the decoder and chooses words. The number of rows takes few different values, since each is compiled anew:
 * it starts rounded up and is halved when so many rows are no longer needed.
 */
import {CaptionerError} from '../errors';
import {throwIfStopped} from '../interrupt';
import {functionOf} from '../tensorflow/compiled';
import {runOp, type} from '../tensorflow/ops';
import {roundedSize} from '../tensorflow/rounded-size';
import {tf} from '../tensorflow/tensorflow';
import type {DecoderState, StepDecoder} from '../decoders/decoder';
import {special} from '../text/vocabulary';

/** Chooses from the log-probabilities of all words, `[rows, vocabulary]`: a pure function of tensors, part of the compiled step. */
export interface Choice<Inputs, Output> {
  readonly name: string;
  readonly choose: (logProbabilities: tf.Tensor2D, inputs: Inputs) => Output;
}

/** Result of one decoding step. */
export interface RowStep<Output> {
  /** The caller disposes it. */
  readonly chosen: Output;
  /** Returns a row's attention weights, as a view of the array of all rows. Absent if the decoder doesn't attend to a grid. */
  readonly attention?: (row: number) => Float32Array;
}

/** Cells of images whose initial state is computed at once. */
const cellsAtOnce = 1024;
/** Positions that a decoder's state has room for at first. */
const initialLength = 32;
/** Fewer rows than that aren't halved: they cost little, and another number of rows is another function to compile. */
const fewRows = 8;

export class DecodingState<Inputs, Output extends tf.TensorContainer> {
  #state: DecoderState;
  /** Rows of the state, those included that stand for nothing. */
  #capacity: number;
  /** For each tensor of the state whether a step passes it through unchanged, since it depends on the image alone. */
  #fixed: readonly boolean[];
  #steps = 0;
  #length: number;

  private constructor(
    private readonly decoder: StepDecoder,
    private readonly choice: Choice<Inputs, Output>,
    state: DecoderState,
    images: number,
    length: number,
  ) {
    this.#state = state;
    this.#fixed = state.map(() => false);
    this.#capacity = images;
    this.#length = length;
    this.keep(Array.from({length: images}, (_, row) => row));
  }

  /**
   * Starts with one row per image. Pauses after every few images, since the projection of large grids takes long.
   *
   * @param features Image features of the decoder's kind, one row per image; not disposed.
   * @param maximumLength Number of steps that there will be at most.
   * @throws CaptionerError `shape`
   */
  static *begin<Inputs, Output extends tf.TensorContainer>(
    decoder: StepDecoder,
    features: tf.Tensor,
    choice: Choice<Inputs, Output>,
    maximumLength: number,
  ): Generator<void, DecodingState<Inputs, Output>, void> {
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
    const length = Math.min(initialLength, 4 * Math.ceil(maximumLength / 4));
    const [images] = features.shape as [number];
    const made = (state: DecoderState) => new DecodingState(decoder, choice, state, images, length);
    const atOnce = Math.max(1, Math.floor((cellsAtOnce * features.shape.at(-1)!) / (features.size / images)));
    if (images <= atOnce) return made(decoder.begin(features, length));
    const parts: DecoderState[] = [];
    try {
      for (let from = 0; from < images; from += atOnce) {
        const some = tf.slice(features, from, Math.min(atOnce, images - from));
        parts.push(decoder.begin(some, length));
        some.dispose();
        yield;
      }
      return made(parts[0]!.map((_, at) => tf.concat(parts.map((part) => part[at]!))));
    } finally {
      for (const part of parts) tf.dispose([...part]);
    }
  }

  /** Number of rows, those included that stand for nothing. */
  get rows(): number {
    return this.#capacity;
  }

  /** Whether so few rows are left that `keep` would halve their number. */
  canShrink(rows: number): boolean {
    return this.#capacity > fewRows && rows <= Math.ceil(this.#capacity / 2);
  }

  /** Keeps the given rows in the given order; a row may occur more than once. All images may change places. */
  keep(rows: readonly number[]): void {
    let capacity = rows.length > this.#capacity ? roundedSize(rows.length) : roundedSize(this.#capacity);
    while (capacity > fewRows && rows.length <= Math.ceil(capacity / 2)) capacity = Math.ceil(capacity / 2);
    const same = capacity === this.#capacity && rows.every((row, at) => row === at);
    if (same) return;
    const order = tf.tensor1d(
      Int32Array.from({length: capacity}, (_, at) => rows[at] ?? rows[0]!),
      'int32',
    );
    this.#replace(this.#state.map((part) => tf.gather(part, order)));
    order.dispose();
    this.#capacity = capacity;
  }

  /**
   * Advances all rows by one word.
   *
   * @param words Previous word of each row.
   * @param inputs What the choice takes. Not disposed.
   * @param parents Row whose state each row continues, of the same image. @default each its own
   * @throws CaptionerError `stopped`
   */
  step(words: ArrayLike<number>, inputs: Inputs, parents?: ArrayLike<number>): RowStep<Output> {
    throwIfStopped();
    if (this.#steps++ === this.#length && this.decoder.lengthen) {
      this.#replace(this.decoder.lengthen(this.#state, this.#length));
      this.#length *= 2;
    }
    const rows = Int32Array.from({length: this.#capacity}, (_, row) => row);
    const tokens = tf.tensor1d(
      rows.map((row) => words[row] ?? special.start),
      'int32',
    );
    const order =
      parents &&
      tf.tensor1d(
        rows.map((row) => parents[row] ?? row),
        'int32',
      );
    // The bulk of the state depends on the image alone. Hypotheses stay with their image, so it needs no copy.
    const moving = order ? this.#fixed.map((fixed) => !fixed) : [];
    const {decoder, choice} = this;
    const advance = functionOf(decoder, choice.name, (given: RowInputs<Inputs>, moving: readonly boolean[]) =>
      advanceRows(decoder, choice, given, moving),
    );
    const {chosen, state, attention} = advance({tokens, order, state: this.#state, inputs}, moving);
    if (!order) this.#fixed = state.map(({dataId}, at) => dataId === this.#state[at]!.dataId);
    tf.dispose([tokens, ...(order ? [order] : [])]);
    this.#replace(state);
    if (!attention) return {chosen};
    const [, cells] = attention.shape;
    const maps = attention.dataSync<'float32'>();
    attention.dispose();
    return {chosen, attention: (row) => maps.subarray(row * cells, (row + 1) * cells)};
  }

  dispose(): void {
    tf.dispose([...this.#state]);
  }

  #replace(state: DecoderState): void {
    tf.dispose([...this.#state]);
    this.#state = state;
  }
}

interface RowInputs<Inputs> {
  /** int32 `[rows]` */
  readonly tokens: tf.Tensor1D;
  /** int32 `[rows]` */
  readonly order?: tf.Tensor1D | undefined;
  readonly state: DecoderState;
  readonly inputs: Inputs;
}

/** One step as a pure function of tensors. `moving`: which parts of the state are reordered. */
function advanceRows<Inputs, Output extends tf.TensorContainer>(
  decoder: StepDecoder,
  {choose}: Choice<Inputs, Output>,
  {tokens, order, state, inputs}: RowInputs<Inputs>,
  moving: readonly boolean[],
) {
  return tf.tidy(() => {
    const moved = state.map((part, at) => (order && moving[at] ? tf.gather(part, order) : part));
    const next = decoder.step(tokens, moved);
    const logProbabilities = runOp<tf.Tensor2D>('LogSoftmax', [next.logits], [type('T', 'float32')]);
    return {chosen: choose(logProbabilities, inputs), state: next.state, attention: next.attention} as {
      chosen: Output;
      state: tf.Tensor[];
      attention: tf.Tensor2D | undefined;
    } & tf.TensorContainerObject;
  });
}

/** @throws CaptionerError `diverged` when a log-probability is NaN. */
export function checkNumbers(logProbabilities: Float32Array): void {
  if (logProbabilities.some(Number.isNaN))
    throw new CaptionerError(
      'diverged',
      'Search: expected finite logits, got NaN; check the weights and the image features',
    );
}
