/** The line that says how a training goes: `Epoch 3 of 8, step 245 of 752 (32 %), loss 1.534, 2,310 words/s, 1 min 14 s left, 812 MB`. */
import type {Fragment} from './html';
import {progressBar} from './progress-bar';
import {formatDuration, formatNumber} from './text';
import type {TrainingState} from './training-state';

/** The status in parts. */
export interface TrainingStatus {
  /** The current activity: `Epoch 3 of 8`. */
  readonly title: string;
  /** Steps done, from 0 to 1. */
  readonly fraction: number;
  /** Numbers: steps, loss, speed, time left, memory. */
  readonly details: readonly string[];
}

/** Facts from outside the training state. */
export interface Surroundings {
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Memory of the process that trains, in bytes; undefined if it is not known. */
  readonly memory: number | undefined;
}

/** Describes a state. */
export function trainingStatus(state: TrainingState, {now, memory}: Surroundings): TrainingStatus {
  const {phase, step, total, planned, curves} = state;
  const fraction = Math.min(1, step / total);
  const loss = curves.loss === undefined ? undefined : `loss ${curves.loss.toFixed(3)}`;
  if (phase === 'waiting') return {title: 'Waiting for the first step', fraction, details: []};
  if (phase === 'ended' || phase === 'stopped' || phase === 'died')
    return {title: endTitle(state), fraction, details: endDetails(state, loss)};
  const percent = Math.floor(100 * fraction);
  const words = state.pace.wordsPerSecond;
  const left = secondsLeft(state, now);
  return {
    title: `Epoch ${Math.min(state.ended + 1, planned)} of ${planned}`,
    fraction,
    details: present([
      phase === 'validating'
        ? validationText(state)
        : `step ${formatNumber(step)} of ${formatNumber(total)} (${percent} %)`,
      loss,
      phase === 'training' && words !== undefined && `${formatNumber(Math.round(words))} words/s`,
      left !== undefined &&
        `${left < 10 ? `${Math.max(1, Math.round(left))} s` : formatDuration(left)} left${state.until < planned ? ` to the end of epoch ${state.until}` : ''}`,
      memory !== undefined && `${formatNumber(Math.round(memory / 1e6))} MB`,
    ]),
  };
}

/** Returns how many seconds are left of this call of `train`; undefined while that is not known. */
export function secondsLeft(state: TrainingState, now: number): number | undefined {
  const {phase, step, ended, until, stepsPerEpoch, validation, pace} = state;
  const steps = Math.max(0, until * stepsPerEpoch - step);
  const left = Math.max(0, until - ended);
  if (phase !== 'validating') return pace.secondsLeft({steps, validations: left}, now);
  const validated = validation?.unit === 'images' ? validation.done / validation.total : 0;
  return pace.secondsLeft({steps, validations: Math.max(0, left - 1), validated}, now);
}

function validationText({validation}: TrainingState): string | undefined {
  if (!validation) return undefined;
  const {unit, done, total} = validation;
  const counted = `${formatNumber(done)} of ${formatNumber(total)}`;
  return unit === 'images' ? `Validating ${counted} images` : `Validating: loss of ${counted} captions`;
}

function endTitle({phase, ended, planned, step, total, taken, until}: TrainingState): string {
  const place = `at step ${formatNumber(step)} of ${formatNumber(total)}, in epoch ${ended + 1} of ${planned}`;
  if (phase === 'died')
    return `The process that trained this run is gone; resume the run to continue ${place}`;
  const history = taken === 0 ? '; curves from the run:' : '';
  if (phase === 'ended' && ended >= planned) {
    const all = planned === 1 ? 'The epoch is' : `All ${planned} epochs are`;
    return `${all} done${history}`;
  }
  if (phase === 'ended')
    return `Ended early, after epoch ${ended} of ${planned}: the score has not improved${history}`;
  // A call of `train` for some of the epochs ends at the end of one.
  if (ended > 0 && (taken === 0 || ended >= until)) return `${ended} of ${planned} epochs are done${history}`;
  return `Stopped ${place}`;
}

function endDetails({epochs, best}: TrainingState, loss: string | undefined): string[] {
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  return present([
    loss,
    best !== undefined && `best epoch ${best}`,
    seconds > 0 && `${formatDuration(seconds)} in all`,
  ]);
}

function present(parts: readonly (string | false | undefined)[]): string[] {
  return parts.filter((part) => typeof part === 'string');
}

/** Formats a status as text. */
export function statusText({title, details}: TrainingStatus): string {
  // A finished run is introduced with a colon.
  return title.endsWith(':') ? [title, details.join(', ')].join(' ').trim() : [title, ...details].join(', ');
}

/** Formats a status with a bar. */
export function statusHtml({title, fraction, details}: TrainingStatus): Fragment {
  return progressBar(title, fraction, details);
}
