/**
 * What a trainer starts from: freshly, or from the newest checkpoint of a run. Either way the parts have been proved to
 * belong together, the run's folder has one owner, and whatever fails leaves nothing open.
 */
import {ofSplit} from '../datasets/dataset';
import {CaptionerError} from '../errors';
import {Adam} from '../optim/adam';
import {EpochCursor} from './epoch-cursor';
import {cutEventFiles} from '../checkpoints/event-files';
import type {History} from '../checkpoints/history';
import {restoreEma} from '../optim/ema';
import {
  checkResumable,
  prepareTrainingData,
  fitNormalization,
  type TrainingData,
  type Parts,
} from './training-data';
import {suitedOptions, trainerSettings, type TrainerSettings, type TrainerOptions} from './options';
import {beginProvenance, resumeProvenance} from './provenance';
import {Run, type Skipped} from './run';
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
  /** Checkpoints that were passed over, and why. */
  readonly skipped: readonly Skipped[];
}

/** @throws CaptionerError as `Trainer.create` */
export async function newRun(
  parts: Parts,
  folder: string | undefined,
  options: TrainerOptions | undefined,
  {replace, measured}: {readonly replace: boolean; readonly measured: boolean},
): Promise<OpenRun> {
  const captions = ofSplit(parts.dataset, 'train').flatMap((image) => image.captions);
  const task = {
    features: parts.decoder.features,
    tuned: parts.features.trainable !== undefined,
    ...(options?.objective && {objective: options.objective}),
  };
  const settings = trainerSettings({...suitedOptions(captions.length, task), ...options});
  const material = prepareTrainingData(parts, settings.maximumLength);
  if (
    settings.selectBy === 'factual' &&
    material.judged.slice(0, settings.validationImages).some(({verify}) => !verify)
  )
    throw new CaptionerError(
      'options',
      'trainer: `selectBy`: expected a metric other than `factual`, for which the data set must be able to verify captions, as drawn scenes are',
    );
  if (!measured) fitNormalization(parts, material);
  const history = {steps: [], epochs: []};
  const course = new EpochCursor(material.training, settings);
  const run = folder === undefined ? undefined : new Run(folder, replace ? 'replace' : 'begin');
  try {
    await run?.clear();
    if (run) await beginProvenance(run.folder, parts.dataset, settings);
    const log = run && new EventLog(run.folder, parts, history);
    const model = new TrainableModel(parts, new Adam(trainableWeights(parts)));
    return {parts, material, settings, history, course, model, run, log, skipped: []};
  } catch (error) {
    run?.close();
    throw error;
  }
}

/** @throws CaptionerError as `Trainer.resume` */
export async function resumeRun(
  folder: string,
  {dataset, features}: Pick<Parts, 'dataset' | 'features'>,
): Promise<OpenRun> {
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
    checkResumable(run.folder, encoder, training.data, features, material);
    const [views, given] = [training.views ?? 1, features.views ?? 1];
    if (views !== given)
      throw new CaptionerError(
        'mismatch',
        `${run.folder}: expected features in ${views} views, which it was learning from, got ${given}`,
      );
    if (training.mirrored !== undefined && training.mirrored !== features.mirrored) {
      const how = (mirrored: boolean | undefined): string => `with${mirrored ? '' : 'out'} mirror images`;
      throw new CaptionerError(
        'mismatch',
        `${run.folder}: expected views ${how(training.mirrored)}, which it was learning from, got those ${how(features.mirrored)}`,
      );
    }
    const from = features.trainable?.from;
    if (fineTuned?.from !== from)
      throw new CaptionerError(
        'mismatch',
        `${run.folder}: expected an encoder that learns from ${fineTuned?.from ?? 'no block'} on, got one from ${from ?? 'no block'} on`,
      );
    if (fineTuned) features.trainable?.restore(fineTuned);
    const adam = new Adam(trainableWeights(parts));
    opened.push(adam);
    const optimizer = new Map(training.optimizer);
    const average = restoreEma(optimizer, trainableWeights(parts));
    if (average) opened.push(average);
    adam.restore(optimizer);
    const model = new TrainableModel(parts, adam, average);
    const course = new EpochCursor(material.training, settings, position);
    await run.rewind(position.step, position.best?.step);
    const {history} = training;
    const logged = await cutEventFiles(run.folder, position.step);
    const log = new EventLog(run.folder, parts, history);
    opened.push({dispose: () => log.close()});
    await log.complete(logged);
    await resumeProvenance(run.folder);
    return {parts, material, settings, history, course, model, run, log, skipped};
  } catch (error) {
    for (const part of opened) part.dispose();
    run.close();
    throw error;
  }
}
