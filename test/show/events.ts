/** Events of an invented run, for displays. */
import type {EpochReport, StepReport, TrainingEvent, WatchedRun} from 'captioner';

export const stepsPerEpoch = 10;

/** A moment of the run, in seconds. */
export function at(seconds: number): string {
  return new Date(1.7e12 + 1000 * seconds).toISOString();
}

export function stepReport(step: number): StepReport {
  const epoch = Math.ceil(step / stepsPerEpoch);
  return {step, epoch, loss: 1 + 4 / step, learningRate: 1e-3, gradientNorm: 2};
}

/** A step, one second after the one before. */
export function stepAt(step: number): TrainingEvent {
  return {type: 'step', time: at(step), ...stepReport(step), seconds: 1, images: 8, words: 120};
}

/** @param file Of the panel's image. */
export function epochReport(epoch: number, file: string, caption: string = `a dog ${epoch}`): EpochReport {
  const losses = {loss: 3 / epoch, validationLoss: 3.5 / epoch, learningRate: 1e-3};
  const metrics = {'BLEU-4': epoch / 10, 'CIDEr-D': epoch === 2 ? 0.9 : 0.1};
  const panel = [{id: 'dog.jpg', file, caption, references: ['a hound <b>']}];
  return {epoch, step: epoch * stepsPerEpoch, ...losses, metrics, seconds: 12, panel, best: epoch <= 2};
}

export function epochAt(epoch: number, file: string): TrainingEvent {
  return {type: 'epoch', time: at(epoch * stepsPerEpoch), ...epochReport(epoch, file)};
}

export function beginAt(step: number, epochs: number, until: number = epochs): TrainingEvent {
  const epoch = Math.floor(step / stepsPerEpoch);
  const rest = {settings: {}, decoder: {}, encoder: {}, data: {}} as object;
  const event = {type: step === 0 ? 'begin' : 'resume', time: at(step), step, epoch, epochs, until, stepsPerEpoch, pid: process.pid, ...rest}; // prettier-ignore
  return event as unknown as TrainingEvent;
}

/** A run of which some epochs are done. */
export function runWith(ended: number, epochs: number, file: string): WatchedRun {
  const steps = Array.from({length: ended * stepsPerEpoch}, (_, before) => stepReport(before + 1));
  const reports = Array.from({length: ended}, (_, before) => epochReport(before + 1, file));
  const position = {step: steps.length, epoch: ended};
  return {history: {steps, epochs: reports}, options: {epochs}, stepsPerEpoch, position};
}
