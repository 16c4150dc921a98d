/**
 * Opens what a trainer starts from: a new run, or the newest checkpoint of an existing one. Either way the parts are checked to belong
 * together, the run's folder has one owner, and a failure leaves nothing open.
 */
import {countCaptions, ofSplit} from '../datasets/image-list';
import {CaptionerError} from '../errors';
import {userPath} from '../paths';
import {Adam} from '../optim/adam';
import {EpochCursor} from './epoch-cursor';
import {Journal} from './journal';
import {cutBack, unfinishedSeconds} from './metrics-log';
import {cutEventFiles} from '../checkpoints/event-files';
import type {History} from '../checkpoints/history';
import {restoreEma} from '../optim/ema';
import {cluster, isChief} from '../tensorflow/cluster';
import {compiles} from '../tensorflow/compiled';
import {emitWarning} from '../terminal';
import {
  checkResumable,
  captionOrder,
  prepareTrainingData,
  fitNormalization,
  type TrainingData,
  type Parts,
} from './training-data';
import {checkTrainingMemory} from './training-memory';
import {suitedOptions, trainerSettings, type TrainerSettings, type TrainerOptions} from './options';
import {closeTrainerOf, closeTrainers} from './open-trainings';
import {beginProvenance, resumeProvenance} from './provenance';
import {checkRunFolder, Run, type Skipped} from './run';
import {TrainableModel, trainableWeights} from './trainable-model';
import {EventLog} from './tensorboard/event-log';

export interface OpenRun {
  readonly parts: Parts;
  readonly material: TrainingData;
  readonly settings: TrainerSettings;
  readonly history: History;
  readonly course: EpochCursor;
  readonly model: TrainableModel;
  readonly run?: Run | undefined;
  readonly log?: EventLog | undefined;
  readonly journal: Journal;
  /** Seconds that the epoch in progress has taken so far. */
  readonly seconds: number;
  /** Checkpoints that were skipped, and why. */
  readonly skipped: readonly Skipped[];
  /** How the workers of a cluster agree to stop; undefined without a cluster. */
  readonly vote?: StopVote | undefined;
  /** Whether the decoder was made here, so that it goes when the run is opened again. */
  readonly ownDecoder: boolean;
}

/** A vote of all workers, taken in every step. */
export interface StopVote {
  /** Whether this worker asks to stop. */
  asked: boolean;
  /** Whether any worker did. */
  agreed: boolean;
}

const starts = new WeakMap<object, OpenRun>();

/** Remembers what a trainer is made of. */
export function keepStart(trainer: object, start: OpenRun): void {
  starts.set(trainer, start);
}

/** Returns what a trainer is made of, for work that tries things on it and undoes them. */
export function startOf(trainer: object): OpenRun {
  return starts.get(trainer)!;
}

/** @throws CaptionerError as `Trainer.create` */
export async function newRun(
  parts: Parts,
  folder: string | Run | undefined,
  options: TrainerOptions | undefined,
  {replace, measured}: {readonly replace: boolean; readonly measured: boolean},
): Promise<OpenRun> {
  const captions = countCaptions(ofSplit(parts.dataset, 'train'));
  const task = {
    features: parts.decoder.features,
    tuned: parts.features.trainable !== undefined,
    ...(options?.objective && {objective: options.objective}),
  };
  const settings = trainerSettings({...suitedOptions(captions, task), ...options});
  const material = prepareTrainingData(parts, settings.maximumLength);
  checkTrainingMemory(parts, material, settings);
  if (
    settings.selectBy === 'factual' &&
    material.judged.slice(0, settings.validationImages).some(({verify}) => !verify)
  )
    throw new CaptionerError(
      'options',
      'trainer: `selectBy`: expected a metric other than `factual`, which requires a dataset that can verify captions, such as the drawn scenes',
    );
  if (!measured) fitNormalization(parts, material);
  const history = {steps: [], epochs: []};
  const course = new EpochCursor(material.training, captionOrder(parts, settings));
  const run = typeof folder === 'string' ? beginRun(folder, replace) : folder;
  const vote = newVote();
  try {
    await run?.clear();
    if (run) await beginProvenance(run.folder, parts.dataset, settings);
    const log = run && new EventLog(run.folder, parts, history);
    const model = new TrainableModel(parts, new Adam(trainableWeights(parts)));
    const journal = new Journal(history, run?.metrics);
    const start = {parts, material, settings, history, course, model, run, log, journal, vote};
    return {...start, seconds: 0, skipped: [], ownDecoder: false};
  } catch (error) {
    run?.close();
    throw error;
  }
}

function newVote(): StopVote | undefined {
  return cluster().size > 1 ? {asked: false, agreed: false} : undefined;
}

function beginRun(folder: string, replace: boolean): Run {
  closeTrainers(userPath(folder));
  return Run.begin(folder, {replace});
}

/** A run never mixes compiled steps and steps op by op, since they round in different ways. @throws CaptionerError `mismatch` */
function checkCompiled(folder: string, before: boolean | undefined): void {
  if (before === undefined || before === compiles()) return;
  const advice = before
    ? 'unset CAPTIONER_EAGER; if it is not set, `npx captioner doctor` says why functions are not compiled'
    : 'set CAPTIONER_EAGER=1';
  const how = (compiled: boolean): string => (compiled ? 'compiled' : 'op by op');
  throw new CaptionerError(
    'mismatch',
    `${folder}: expected to take steps ${how(before)}, as the run did so far, got steps ${how(!before)}, which round differently; ${advice}`,
  );
}

/** @throws CaptionerError as `Trainer.resume` */
export async function resumeRun(
  folder: string,
  {dataset, features}: Pick<Parts, 'dataset' | 'features'>,
): Promise<OpenRun> {
  checkRunFolder(folder, 'resume');
  closeTrainerOf(userPath(folder));
  const run = new Run(folder, 'resume');
  const opened: {dispose(): void}[] = [];
  try {
    const {checkpoint, skipped} = await run.newest();
    const {decoder, vocabulary, encoder, fineTuned, training} = checkpoint;
    opened.push(decoder);
    const {learningRate, ...position} = training.position;
    const settings = trainerSettings({...training.settings, learningRate});
    const parts = {dataset, features, vocabulary, decoder};
    const material = prepareTrainingData(parts, settings.maximumLength);
    checkTrainingMemory(parts, material, settings);
    checkResumable(run.folder, encoder, training.data, features, material);
    const [views, given] = [training.views ?? 1, features.views ?? 1];
    if (views !== given)
      throw new CaptionerError(
        'mismatch',
        `${run.folder}: expected features in ${views} views, which it was trained on, got ${given}`,
      );
    if (training.mirrored !== undefined && training.mirrored !== features.mirrored) {
      const how = (mirrored: boolean | undefined): string => `with${mirrored ? '' : 'out'} mirror images`;
      throw new CaptionerError(
        'mismatch',
        `${run.folder}: expected views ${how(training.mirrored)}, which it was trained on, got views ${how(features.mirrored)}`,
      );
    }
    checkCompiled(run.folder, training.compiled);
    const from = features.trainable?.from;
    if (fineTuned?.from !== from)
      throw new CaptionerError(
        'mismatch',
        `${run.folder}: expected an encoder that is trained from ${fineTuned?.from ?? 'no block'} on, got one that is trained from ${from ?? 'no block'} on`,
      );
    if (fineTuned) features.trainable?.restore(fineTuned);
    const adam = new Adam(trainableWeights(parts));
    opened.push(adam);
    const optimizer = new Map(training.optimizer);
    const average = restoreEma(optimizer, trainableWeights(parts));
    if (average) opened.push(average);
    adam.restore(optimizer);
    const model = new TrainableModel(parts, adam, average);
    const course = new EpochCursor(material.training, captionOrder(parts, settings), position);
    const {history} = training;
    const vote = newVote();
    const start = {parts, material, settings, history, course, model, skipped, vote, ownDecoder: true};
    if (!isChief()) {
      // The checkpoint is a copy of the chief's, which alone writes.
      run.close();
      return {...start, journal: new Journal(history, undefined), seconds: 0};
    }
    await run.rewind(position.step, position.best?.step);
    const seconds = unfinishedSeconds(cutBack(run.metrics, position));
    // A log that can't be cut is only for looking at; nothing is added to it then.
    const logged = await cutEventFiles(run.folder, position.step).catch((error: unknown) => {
      if (!(error instanceof CaptionerError)) throw error;
      emitWarning(error.message);
      return {training: Infinity, validation: Infinity};
    });
    const log = new EventLog(run.folder, parts, history);
    opened.push({dispose: () => log.close()});
    await log.complete(logged);
    await resumeProvenance(run.folder);
    const journal = new Journal(history, run.metrics);
    return {...start, run, log, journal, seconds};
  } catch (error) {
    for (const part of opened) part.dispose();
    run.close();
    throw error;
  }
}
