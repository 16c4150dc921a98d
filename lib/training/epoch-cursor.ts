/** Position in the training data: the next captions, the progress of training, and its best score. */
import {BatchPlan, type Batch} from './batches';
import type {Position} from '../checkpoints/checkpoint';
import type {Example, ExampleTable} from './example-table';
import type {Shards} from './shard-order';

interface Result {
  readonly score: number;
  /** Validation loss; absent in runs of version 0.1. */
  readonly loss?: number | undefined;
}

/** Settings that, with the epoch, decide the order of the captions. */
export interface CaptionOrder {
  readonly batch: number;
  readonly seed: number;
  readonly captionsPerImage: number;
  /** Shards of the features, if captions are shuffled within a few of them. */
  readonly shards?: Shards | undefined;
}

/** Lower scores count as 0: BLEU's are never exactly 0. */
const smallestScore = 1e-3;

function isBetter(one: Result, best: Result): boolean {
  const [score, other] = [one, best].map((result) => (result.score < smallestScore ? 0 : result.score));
  return score === other ? one.loss! < (best.loss ?? Infinity) : score! > other!;
}

export class EpochCursor {
  #plan: {readonly epoch: number; readonly batches: BatchPlan} | undefined;

  constructor(
    private readonly examples: readonly Example[] | ExampleTable,
    private readonly order: CaptionOrder,
    private at: Omit<Position, 'learningRate'> = {step: 0, epoch: 0, batch: 0},
  ) {}

  get position(): Omit<Position, 'learningRate'> {
    return this.at;
  }
  /** Batches in an epoch. */
  get length(): number {
    return this.#batches().length;
  }
  /** Whether the epoch has no batch left. */
  get ended(): boolean {
    return this.at.batch >= this.length;
  }

  /** Whether this many batches are the rest of the epoch. */
  endsAfter(count: number): boolean {
    return this.at.batch + count >= this.length;
  }

  /** Returns the next batches: fewer at the end of an epoch, and after its last batch the first ones of the next epoch. */
  next(count: number): Batch[] {
    const {epoch, batch} = this.at;
    const [batches, first] = this.ended ? [this.#batches(epoch + 1), 0] : [this.#batches(), batch];
    const found = Math.min(count, batches.length - first);
    return Array.from({length: found}, (_, at) => batches.batch(first + at));
  }

  /** Moves to the next epoch, if this one has no batch left. */
  enter(): void {
    if (this.ended) this.at = {...this.at, epoch: this.at.epoch + 1, batch: 0};
  }

  /** Counts a step, on any batch. */
  stepped(): void {
    this.at = {...this.at, step: this.at.step + 1};
  }

  /** Moves past the next batches. */
  advance(count: number): void {
    this.at = {...this.at, batch: this.at.batch + count};
  }

  /**
   * Ends the epoch after its validation.
   *
   * @param loss Validation loss; of epochs with equal scores, the one with the lower loss is better.
   * @returns Whether it is the best epoch so far.
   */
  finish(score: number | undefined, loss: number): boolean {
    const {step, epoch, best} = this.at;
    const better = score !== undefined && (best === undefined || isBetter({score, loss}, best));
    const found = better ? {score, step, ...(Number.isFinite(loss) && {loss})} : best;
    this.at = {step, epoch: epoch + 1, batch: 0, best: found};
    return better;
  }

  /** A cursor at the same place that goes its own way. */
  copy(): EpochCursor {
    return new EpochCursor(this.examples, this.order, this.at);
  }

  #batches(epoch: number = this.at.epoch): BatchPlan {
    if (this.#plan?.epoch !== epoch)
      this.#plan = {
        epoch,
        batches: new BatchPlan(this.examples, this.order.batch, {...this.order, epoch}),
      };
    return this.#plan.batches;
  }
}
