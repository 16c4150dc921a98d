/**
 * What a trainer starts from: freshly, or from the newest checkpoint of a run. Either way the parts have been proved to
 * belong together, the run's folder has one owner, and whatever fails leaves nothing open.
 */
import {ofSplit} from '../data/dataset';
import {CaptionerError} from '../errors';
import {Adam} from '../runtime/adam';
import {Course} from './course';
import type {History} from './history';
import {Learner, learning} from './learner';
import {LiveFeatures} from './live-features';
import {restoreAverage} from './moving-average';
import {checkResumable, gather, measureFeatures, type Material, type Parts} from './material';
import {suitedOptions, trainerSettings, type Settings, type TrainerOptions} from './options';
import {Run, type Skipped} from './run';
import {EventLog} from './tensorboard';

export interface Start {
  readonly parts: Parts;
  readonly material: Material;
  readonly settings: Settings;
  readonly history: History;
  readonly course: Course;
  readonly learner: Learner;
  readonly run?: Run | undefined;
  readonly log?: EventLog | undefined;
  /** Checkpoints that were passed over, and why. */
  readonly skipped: readonly Skipped[];
}

/** @throws CaptionerError as `Trainer.create` */
export async function startFresh(
  parts: Parts,
  folder: string | undefined,
  options: TrainerOptions | undefined,
  {replace, measured}: {readonly replace: boolean; readonly measured: boolean},
): Promise<Start> {
  const captions = ofSplit(parts.dataset, 'train').flatMap((image) => image.captions);
  const task = {
    features: parts.decoder.features,
    tuned: parts.store instanceof LiveFeatures,
    ...(options?.objective && {objective: options.objective}),
  };
  const settings = trainerSettings({...suitedOptions(captions.length, task), ...options});
  const material = gather(parts, settings.maximumLength);
  if (settings.best === 'true' && material.judged.slice(0, settings.judged).some(({scene}) => !scene))
    throw new CaptionerError(
      'options',
      'trainer: `best`: expected a metric other than `true`, for which all that is in a picture must be known, as it is of drawn scenes',
    );
  if (!measured) measureFeatures(parts, material);
  const history = {steps: [], epochs: []};
  const course = new Course(material.training, settings);
  const run = folder === undefined ? undefined : new Run(folder, replace ? 'replace' : 'begin');
  try {
    await run?.clear();
    const log = run && new EventLog(run.tensorboard);
    const learner = new Learner(parts, new Adam(learning(parts)));
    return {parts, material, settings, history, course, learner, run, log, skipped: []};
  } catch (error) {
    run?.close();
    throw error;
  }
}

/** @throws CaptionerError as `Trainer.resume` */
export async function startFrom(
  folder: string,
  {dataset, store}: Pick<Parts, 'dataset' | 'store'>,
): Promise<Start> {
  const run = new Run(folder, 'resume');
  const opened: {dispose(): void}[] = [];
  try {
    const {checkpoint, skipped} = await run.newest();
    const {decoder, vocabulary, encoder, tuning, training} = checkpoint;
    opened.push(decoder);
    const {rate, ...position} = training.position;
    const settings = {...training.settings, rate};
    const parts = {dataset, store, vocabulary, decoder};
    const material = gather(parts, settings.maximumLength);
    checkResumable(run.folder, encoder, training.data, store, material);
    const [views, given] = [training.views ?? 1, store.views ?? 1];
    if (views !== given)
      throw new CaptionerError(
        'mismatch',
        `${run.folder}: expected features in ${views} views, which it was learning from, got ${given}`,
      );
    if (training.mirrored !== undefined && training.mirrored !== store.mirrored) {
      const how = (mirrored: boolean | undefined): string => `with${mirrored ? '' : 'out'} mirror images`;
      throw new CaptionerError(
        'mismatch',
        `${run.folder}: expected views ${how(training.mirrored)}, which it was learning from, got those ${how(store.mirrored)}`,
      );
    }
    const from = store instanceof LiveFeatures ? store.from : undefined;
    if (tuning?.from !== from)
      throw new CaptionerError(
        'mismatch',
        `${run.folder}: expected an encoder that learns from ${tuning?.from ?? 'no block'} on, got one from ${from ?? 'no block'} on`,
      );
    if (tuning && store instanceof LiveFeatures) store.restore(tuning);
    const adam = new Adam(learning(parts));
    opened.push(adam);
    const optimizer = new Map(training.optimizer);
    const average = restoreAverage(optimizer, learning(parts));
    if (average) opened.push(average);
    adam.restore(optimizer);
    const learner = new Learner(parts, adam, average);
    const course = new Course(material.training, settings, position);
    await run.rewind(position.step, position.best?.step);
    const log = new EventLog(run.tensorboard);
    return {parts, material, settings, history: training.history, course, learner, run, log, skipped};
  } catch (error) {
    for (const part of opened) part.dispose();
    run.close();
    throw error;
  }
}
