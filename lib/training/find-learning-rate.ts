/**
 * The learning-rate range test (Smith 2017, arXiv 1506.01186): training for a hundred steps while the rate grows exponentially. Where the
 * loss falls fastest, the rate is good; where it rises again, it is too high.
 */
import {counted, description, setDescription} from '../description';
import {CaptionerError} from '../errors';
import {interruptible, type Interrupt} from '../interrupt';
import {startProgress, type ProgressOptions} from '../show-progress';
import {startOf} from './open-run';
import type {StepResult} from './step';
import type {Trainer} from './trainer';

/** Options of `findLearningRate`. */
export interface FindLearningRateOptions extends ProgressOptions {
  /** Rate of the first step. @default 1e-6 */
  readonly from?: number;
  /** Rate of the last step. @default 1 */
  readonly to?: number;
  /** Number of steps. @default 100 */
  readonly steps?: number;
  /** Stops it like the interrupt. */
  readonly signal?: AbortSignal;
}

/** A step of the test. */
export interface LearningRatePoint {
  readonly learningRate: number;
  readonly loss: number;
  /** Moving average of the losses so far. */
  readonly smoothed: number;
}

/** The result of `findLearningRate`. */
export interface FoundLearningRate {
  readonly points: readonly LearningRatePoint[];
  /** Rate at which the loss falls fastest. */
  readonly steepest: number;
  /** Rate at which the loss is least. */
  readonly minimum: number;
  /** Rate to train with: the steepest, but at most a tenth of that at the minimum, beyond which training is unstable. */
  readonly suggestion: number;
}

const decay = 0.9;
/** The test ends where the loss is so many times the least. */
const divergence = 4;

/**
 * Tries learning rates on the next training batches, from low to high, until the loss explodes. Weights, optimizer, position, history and
 * the run's folder are left as they were, so the losses of the training that follows are the same to the bit. A fine-tuned encoder's
 * rate grows in proportion. Training that begins at a rate far from the suggestion raises an alarm.
 *
 * @throws CaptionerError `options`; `stopped`, after which everything is as it was, too.
 * @example
 * const found = await findLearningRate(trainer);
 * showLearningRates(found);
 * trainer.learningRate = found.suggestion;
 */
export async function findLearningRate(
  trainer: Trainer,
  {from = 1e-6, to = 1, steps = 100, progress, signal}: FindLearningRateOptions = {},
): Promise<FoundLearningRate> {
  if (!(from > 0 && to > from && Number.isInteger(steps) && steps >= 10))
    throw new CaptionerError(
      'options',
      `findLearningRate: expected 0 < \`from\` < \`to\` and at least 10 \`steps\`, got ${from}, ${to} and ${steps}`,
    );
  if (trainer.options.objective !== 'cross-entropy')
    throw new CaptionerError(
      'options',
      'findLearningRate: expected the objective cross-entropy; the loss of self-critical training says nothing about its progress',
    );
  trainer.nextBatch(); // throws where the trainer is closed
  const points: LearningRatePoint[] = [];
  const bar = startProgress({progress}, 'Learning rates', steps);
  const restore = startOf(trainer).model.snapshot();
  try {
    const work = async (interrupt: Interrupt): Promise<void> => {
      for (const point of tried(trainer, {from, to, steps})) {
        points.push(point);
        await bar.update(points.length);
        await interrupt.pause();
        interrupt.throwIfRequested();
      }
    };
    await interruptible(work, {
      stopped: () => `after ${points.length} of ${steps} rates; nothing was changed`,
      signal,
    });
  } finally {
    restore();
    await bar.finish();
  }
  const found = suggested(points);
  const {suggestion, minimum} = found;
  startOf(trainer).journal.learningRateTest = {suggestion, minimum};
  return found;
}

/** Takes one step after the other, as long as the loss is finite and doesn't explode. */
function* tried(
  trainer: Trainer,
  {from, to, steps}: {readonly from: number; readonly to: number; readonly steps: number},
): Generator<LearningRatePoint> {
  const {model, course} = startOf(trainer);
  const cursor = course.copy();
  const {options} = trainer;
  const {scheduledSampling, epochs, accumulate} = options;
  const total = epochs * trainer.stepsPerEpoch;
  let mean = 0;
  let least = Infinity;
  for (let at = 0; at < steps; at++) {
    const learningRate = from * (to / from) ** (at / (steps - 1));
    cursor.enter();
    const batches = cursor.next(accumulate);
    const {step} = cursor.position;
    let result: StepResult;
    try {
      result = model.trialStep(batches, {
        ...options,
        step,
        learningRate,
        encoderLearningRate: (options.encoderLearningRate * learningRate) / options.learningRate,
        ownWords: scheduledSampling * Math.min(1, step / total),
      });
    } catch (error) {
      if (error instanceof CaptionerError && error.code === 'diverged' && at > 0) return;
      throw error;
    }
    cursor.stepped();
    cursor.advance(batches.length);
    mean = decay * mean + (1 - decay) * result.loss;
    const smoothed = mean / (1 - decay ** (at + 1));
    yield {learningRate, loss: result.loss, smoothed};
    least = Math.min(least, smoothed);
    if (smoothed > divergence * least) return;
  }
}

function suggested(points: readonly LearningRatePoint[]): FoundLearningRate {
  const lowest = points.reduce((best, {smoothed}, at) => (smoothed < points[best]!.smoothed ? at : best), 0);
  // The slope over several steps, since batches differ; only before the minimum, and not while the average is still young.
  const half = Math.max(2, Math.round(points.length / 20));
  let steepest = Math.min(lowest, half);
  let least = Infinity;
  for (let at = half; at + half < points.length && at <= lowest; at++) {
    const slope = slopeOf(points.slice(at - half, at + half + 1));
    if (slope < least) [steepest, least] = [at, slope];
  }
  const [rate, minimum] = [points[steepest]!.learningRate, points[lowest]!.learningRate];
  const rounded = (value: number): number => Number(value.toPrecision(2));
  const suggestion = rounded(Math.min(rate, minimum / 10));
  return setDescription({points, steepest: rate, minimum, suggestion}, (found: FoundLearningRate) =>
    description(`Range test of ${counted(found.points.length, 'learning rate')}`, {
      'suggestion': String(found.suggestion),
      'loss falls fastest at': String(rounded(found.steepest)),
      'loss is least at': String(rounded(found.minimum)),
    }),
  );
}

/** Slope of the least-squares line through the smoothed losses; the rates are equally far apart in the logarithm. */
function slopeOf(points: readonly LearningRatePoint[]): number {
  const middle = (points.length - 1) / 2;
  const [up, across] = points.reduce(
    ([a, b], {smoothed}, at) => [a + (at - middle) * smoothed, b + (at - middle) ** 2],
    [0, 0],
  );
  return up / across;
}
