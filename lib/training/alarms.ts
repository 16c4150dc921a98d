/**
 * Alarms: signs in a run's events that training goes wrong. Each is raised once per occurrence and says what to do. What is found depends
 * on the events alone, so a run that is followed from its file raises the same alarms.
 */
import type {History} from '../checkpoints/history';
import {
  epochEvent,
  type AlarmEvent,
  type AlarmKind,
  type BeginEvent,
  type EpochEvent,
  type StepEvent,
  type TrainingEvent,
} from './events';

/** A gradient norm explodes when it is this many times the median of the recent ones, and calms down below `calm` times. */
const exploding = {steps: 100, atLeast: 20, times: 10, calm: 4} as const;
/** A rate below the suggestion divided by this hardly learns. */
const slow = 100;
/** Fraction of the images with the same caption. */
const sameCaption = 0.5;
/** Mean distance between the attention of consecutive words. */
const stillAttention = 0.01;
/** Epochs in a row. */
const risingEpochs = 3;

/** Messages of alarms by kind; undefined while all is well. */
type Findings = Partial<Record<AlarmKind, string | undefined>>;

/** Finds alarms in the events of a run. */
export class AlarmDetector {
  readonly #norms: number[] = [];
  readonly #validation: number[] = [];
  readonly #raised = new Set<AlarmKind>();

  /** @param history Earlier steps and epochs of a resumed run, whose alarms were raised already. */
  constructor(history: History = {steps: [], epochs: []}) {
    for (const {gradientNorm} of history.steps.slice(-exploding.steps)) this.#norms.push(gradientNorm);
    for (const report of history.epochs) this.check(epochEvent(report, {}));
  }

  /** Returns the alarms that an event raises. */
  check(event: TrainingEvent): AlarmEvent[] {
    const {time, step} = event;
    const alarm = (kind: AlarmKind, message: string): AlarmEvent => ({
      type: 'alarm',
      time,
      step,
      kind,
      message,
    });
    const notes = event.type === 'begin' ? (event.notes ?? []) : [];
    const found = Object.entries(this.#find(event)) as [AlarmKind, string | undefined][];
    const raised = found.flatMap(([kind, message]) => {
      const isNew = message !== undefined && !this.#raised.has(kind);
      if (message === undefined) this.#raised.delete(kind);
      else this.#raised.add(kind);
      return isNew ? [alarm(kind, message)] : [];
    });
    return [...notes.map((note) => alarm('data', note)), ...raised];
  }

  #find(event: TrainingEvent): Findings {
    if (event.type === 'begin' || event.type === 'resume') return checkBegin(event);
    if (event.type === 'step') return this.#checkStep(event);
    return event.type === 'epoch' ? this.#checkEpoch(event) : {};
  }

  #checkStep({step, loss, gradientNorm}: StepEvent): Findings {
    if (!Number.isFinite(loss) || !Number.isFinite(gradientNorm))
      return {'not-finite': `Step ${step}: the loss is ${loss}, the gradient norm ${gradientNorm}. Lower the learning rate, or resume from the last checkpoint.`}; // prettier-ignore
    const median = this.#norms.length < exploding.atLeast ? Infinity : medianOf(this.#norms);
    const limit = median * (this.#raised.has('gradient-explodes') ? exploding.calm : exploding.times);
    const explodes = gradientNorm > limit && gradientNorm > 1e-6;
    this.#norms.push(gradientNorm);
    if (this.#norms.length > exploding.steps) this.#norms.shift();
    return {
      'not-finite': undefined,
      'gradient-explodes': explodes
        ? `Step ${step}: the gradient norm is ${short(gradientNorm)}, its median over the last steps ${short(median)}. If this goes on, lower the learning rate (trainer.learningRate) or clipNorm.`
        : undefined,
      'gradient-zero':
        gradientNorm < 1e-8
          ? `Step ${step}: the gradient is zero, so nothing is being learnt. Check that the captions differ, and start again with a lower learning rate or another seed.`
          : undefined,
    };
  }

  #checkEpoch({epoch, validationLoss, mostFrequent, attentionShift}: EpochEvent): Findings {
    if (validationLoss !== null) this.#validation.push(validationLoss);
    const last = this.#validation.slice(-1 - risingEpochs);
    const rises = last.length > risingEpochs && last.every((loss, at) => at === 0 || loss > last[at - 1]!);
    const same = mostFrequent !== undefined && mostFrequent.images > sameCaption * mostFrequent.of;
    // In the first epoch attention is often still the mean over all cells.
    const still = attentionShift !== undefined && attentionShift < stillAttention && epoch > 1;
    return {
      'validation-rises': rises
        ? `The validation loss has risen for ${risingEpochs} epochs (${last.map((loss) => loss.toFixed(3)).join(', ')}): the decoder overfits. The best epoch is kept; stop here, or use more dropout or weight decay.`
        : undefined,
      'same-caption': same
        ? `${mostFrequent.images} of ${mostFrequent.of} validation images have the same caption: “${mostFrequent.caption}”. This is normal in the first epochs; if it stays, lower the learning rate and check that images and captions belong together.`
        : undefined,
      'attention-still': still
        ? 'The attention hardly moves from word to word, so each word sees the same mean of the image. This often ends after a few epochs; if not, raise the learning rate or use more units.'
        : undefined,
    };
  }
}

function checkBegin({settings: {learningRate}, learningRateTest}: BeginEvent): Findings {
  if (learningRateTest === undefined) return {};
  const {suggestion, minimum} = learningRateTest;
  const high = learningRate > minimum;
  if (!high && learningRate >= suggestion / slow) return {'learning-rate': undefined};
  const effect = high
    ? `in the test the loss rose beyond ${short(minimum)}, so training may diverge`
    : 'training may take many more epochs than planned';
  return {
    'learning-rate': `The learning rate is ${short(learningRate)}, and findLearningRate suggests ${short(suggestion)}: ${effect}. Set trainer.learningRate to change it.`,
  };
}

/** Returns all alarms of a run, in order. */
export function alarmsOf(events: Iterable<TrainingEvent>): AlarmEvent[] {
  const detector = new AlarmDetector();
  return [...events].flatMap((event) => detector.check(event));
}

/** Returns the caption that most of the images have. */
export function mostFrequentCaption(captions: readonly string[]): EpochEvent['mostFrequent'] {
  const counts = new Map<string, number>();
  for (const caption of captions) counts.set(caption, (counts.get(caption) ?? 0) + 1);
  const [most] = [...counts].sort(([, a], [, b]) => b - a);
  return most && {caption: most[0], images: most[1], of: captions.length};
}

/**
 * Returns how far attention moves from word to word: the mean total variation distance between the weights of consecutive words, from 0
 * (not at all) to 1; undefined without attention.
 */
export function attentionShift(
  captions: readonly (readonly Float32Array[] | undefined)[],
): number | undefined {
  const shifts = captions.flatMap((words = []) =>
    words.slice(1).map((weights, at) => {
      const before = words[at]!;
      return weights.reduce((sum, weight, cell) => sum + Math.abs(weight - before[cell]!), 0) / 2;
    }),
  );
  return shifts.length === 0 ? undefined : shifts.reduce((sum, shift) => sum + shift, 0) / shifts.length;
}

function medianOf(values: readonly number[]): number {
  return Float64Array.from(values).sort()[values.length >> 1]!;
}

function short(value: number): string {
  return String(Number(value.toPrecision(3)));
}
