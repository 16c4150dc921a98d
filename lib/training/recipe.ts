/**
 * Prepares a training run from a description: opens or computes the features, builds the vocabulary, makes the decoder and the trainer. A run
 * begins with new weights, starts from a checkpoint, or is resumed.
 */
import {existsSync} from 'node:fs';
import {loadCheckpoint, type Checkpoint} from '../checkpoints/checkpoint';
import type {ExportOptions} from '../checkpoints/export';
import type {CheckpointMetadata} from '../checkpoints/metadata';
import {ofSplit, type Dataset} from '../datasets/dataset';
import type {Decoder} from '../decoders/decoder';
import {decoderOptions as decoderOptionGroups} from '../decoders/decoder-options';
import {createDecoder, featuresOf, optionsOf} from '../decoders/registry';
import {setWordVectors, wordSizeOption} from '../decoders/word-vectors';
import {describeEncoder, sameEncoder} from '../encoders/identity';
import {loadEncoder} from '../encoders/registry';
import {CaptionerError} from '../errors';
import {openFeatures} from '../features/open-features';
import type {FeatureSource} from '../features/source';
import {unknownOption} from '../option-names';
import {userPath} from '../paths';
import {sampleOptions, searchOptions} from '../search/search-options';
import {Vocabulary} from '../text/vocabulary';
import {readWordVectors, type WordVectors} from '../text/word-vectors';
import {trainerSettings, type TrainerOptions} from './options';
import {presetOf} from './presets';
import {extendProvenance} from './provenance';
import {checkRunFolder, runMetadata} from './run';
import {Trainer} from './trainer';
import type {TrainingRecipe} from './training-recipe';

export type {TrainingRecipe};

/** A training that is ready to begin. */
export interface PreparedTraining {
  readonly dataset: Dataset;
  readonly features: FeatureSource;
  readonly vocabulary: Vocabulary;
  readonly decoder: Decoder;
  readonly trainer: Trainer;
  /** Absolute path of the run's folder; undefined where nothing is saved. */
  readonly folder: string | undefined;
  /** The word vectors that the embedding started from. */
  readonly wordVectors?: WordVectors;
  /** Prepares the preset's next stage, which starts from this one's best checkpoint; undefined after the last. Closes this one. */
  readonly next?: () => Promise<PreparedTraining>;
  /** How the preset exports the last stage's checkpoint. */
  readonly export?: ExportOptions;
  /** Closes the trainer and frees features and decoder. */
  close(): void;
}

/**
 * Prepares a training run. Options are checked before any image is read.
 *
 * @param data A data set, or a function that opens one once the recipe is found to be right.
 * @throws CaptionerError `options`, `mismatch`, `not-found`, and as `loadCheckpoint`, `openFeatures` and `Trainer.create`
 * @example
 * const run = await prepareTraining(await openDataset('scenes'), {decoder: 'attention', run: 'checkpoints/attention'});
 * await run.trainer.train();
 * run.close();
 */
export async function prepareTraining(
  data: Dataset | (() => Promise<Dataset>),
  recipe: TrainingRecipe = {},
): Promise<PreparedTraining> {
  const {preset: name, ...rest} = recipe;
  if (name === undefined) return prepareStage(data, rest);
  const preset = presetOf(name);
  if (preset.stages.length > 1 && rest.run === undefined)
    throw new CaptionerError(
      'options',
      `Expected a folder \`run\` for the stages of the preset "${name}", got none`,
    );
  const folderOf = (stage: number): string => `${rest.run}${preset.stages[stage]!.suffix}`;
  const prepare = async (stage: number, resume: boolean): Promise<PreparedTraining> => {
    const {recipe: own} = preset.stages[stage]!;
    const prepared = await prepareStage(data, {
      ...own,
      ...rest,
      ...(rest.run !== undefined && {run: folderOf(stage)}),
      ...(stage > 0 && !resume && {from: folderOf(stage - 1)}),
      resume,
      decoderOptions: stage > 0 ? {} : {...(resume ? {} : own.decoderOptions), ...rest.decoderOptions},
      trainerOptions: {...own.trainerOptions, ...rest.trainerOptions},
    });
    const last = stage === preset.stages.length - 1;
    const next = (): Promise<PreparedTraining> => {
      prepared.close();
      return prepare(stage + 1, false);
    };
    return {...prepared, ...(last ? preset.export && {export: preset.export} : {next})};
  };
  // A preset is resumed at the last stage that was begun.
  const begun = rest.resume ? preset.stages.filter((_, stage) => existsSync(userPath(folderOf(stage)))) : [];
  return prepare(Math.max(0, begun.length - 1), rest.resume ?? false);
}

async function prepareStage(
  data: Dataset | (() => Promise<Dataset>),
  recipe: TrainingRecipe,
): Promise<PreparedTraining> {
  const {run, resume = false} = recipe;
  if (resume && recipe.from !== undefined)
    throw new CaptionerError(
      'options',
      'Expected `resume` or `from`, got both: a run that is resumed has its weights',
    );
  if (resume && run === undefined)
    throw new CaptionerError('options', 'Expected `run` with `resume`: the folder of the run to resume');
  const checkpoint = recipe.from === undefined ? undefined : await loadCheckpoint(recipe.from);
  const opened: {dispose?(): void}[] = checkpoint ? [checkpoint.decoder] : [];
  try {
    const before = checkpoint ?? (resume ? runMetadata(userPath(run!)) : undefined);
    const kind = before?.decoder.kind ?? recipe.decoder ?? 'lstm';
    const options = divideOptions(recipe, kind);
    checkOptions(recipe, options, kind, before);
    if (run !== undefined) checkRunFolder(run, resume ? 'resume' : recipe.replace ? 'replace' : 'begin');

    const dataset = typeof data === 'function' ? await data() : data;
    const features = await openEncoderFeatures(dataset, recipe, kind, before);
    opened.push(features);
    const folder = run === undefined ? undefined : userPath(run);
    const prepared = (trainer: Trainer, wordVectors?: WordVectors): PreparedTraining => ({
      dataset,
      features,
      trainer,
      folder,
      vocabulary: trainer.vocabulary,
      decoder: trainer.decoder,
      ...(wordVectors && {wordVectors}),
      close() {
        trainer.close();
        trainer.decoder.dispose();
        features.dispose?.();
      },
    });
    if (resume) return prepared(await resumed(folder!, dataset, features, options.trainerOptions));
    const {replace = false} = recipe;
    const parts = {
      dataset,
      features,
      options: options.trainerOptions,
      ...(folder !== undefined && {run: folder}),
    };
    if (checkpoint) {
      useCheckpoint(checkpoint, features, recipe.from!);
      const {decoder, vocabulary} = checkpoint;
      const trainer = await Trainer.create({...parts, decoder, vocabulary}, {replace, measured: true});
      if (folder !== undefined) await extendProvenance(folder, {from: recipe.from});
      return prepared(trainer);
    }
    const {vocabulary, decoder, vectors} = await newDecoder(dataset, features, kind, {...recipe, ...options});
    opened.push(decoder);
    const trainer = await Trainer.create({...parts, decoder, vocabulary}, {replace});
    const {minimumCount, wordVectors} = recipe;
    if (folder !== undefined) await extendProvenance(folder, {minimumCount, wordVectors});
    return prepared(trainer, vectors);
  } catch (error) {
    for (const part of opened) part.dispose?.();
    throw error;
  }
}

type Before = Pick<CheckpointMetadata, 'encoder' | 'fineTuned' | 'training'> & {
  readonly decoder: {readonly kind: string; readonly options: Readonly<Record<string, unknown>>};
};

/** Checks what can be wrong without an image. */
function checkOptions(
  {wordVectors, resume, from}: TrainingRecipe,
  {decoderOptions, trainerOptions}: DividedOptions,
  kind: string,
  before: Before | undefined,
): void {
  const fixed = (what: string): CaptionerError =>
    new CaptionerError(
      'options',
      `Expected no ${what} with \`${resume ? 'resume' : 'from'}\`: the decoder exists already`,
    );
  // A decoder's options are fixed; repeating the same value is allowed.
  if (before ?? from)
    for (const [name, value] of Object.entries(decoderOptions))
      if (name !== 'seed' && value !== before?.decoder.options[name])
        throw fixed(`decoder option \`${name}\``);
  if (before && wordVectors !== undefined) throw fixed('`wordVectors`');
  createDecoder(kind, 4, 4, decoderOptions).dispose();
  trainerSettings({...before?.training?.settings, ...trainerOptions});
}

async function openEncoderFeatures(
  dataset: Dataset,
  {encoder: name, weights, size, fit, mirror, progress, ...recipe}: TrainingRecipe,
  decoder: string,
  before: Before | undefined,
): Promise<FeatureSource> {
  const encoder = await loadEncoder(name ?? before?.encoder.name ?? 'efficientnet-lite2', {
    ...(weights !== undefined && {weights: userPath(weights)}),
    preprocessing: {
      ...(before && {size: before.encoder.preprocessing.size, fit: before.encoder.preprocessing.fit}),
      ...(size !== undefined && {size}),
      ...(fit !== undefined && {fit}),
    },
  });
  return openFeatures(encoder, dataset, {
    kind: featuresOf(decoder),
    fineTune: recipe.fineTune ?? before?.fineTuned?.from,
    views: recipe.views ?? (recipe.resume ? before?.training?.views : undefined),
    mirror: mirror ?? before?.training?.mirrored,
    progress,
  });
}

async function resumed(
  folder: string,
  dataset: Dataset,
  features: FeatureSource,
  options: TrainerOptions,
): Promise<Trainer> {
  const trainer = await Trainer.resume(folder, {dataset, features});
  try {
    trainer.configure(options);
  } catch (error) {
    trainer.close();
    throw error;
  }
  return trainer;
}

/** Checks that a checkpoint belongs to the features, and gives a trainable encoder its weights. */
function useCheckpoint({encoder, fineTuned}: Checkpoint, features: FeatureSource, where: string): void {
  const identity = {...features.encoder, preprocessing: features.preprocessing};
  const fail = (expected: string, got: string): never => {
    throw new CaptionerError('mismatch', `${where}: expected ${expected}, got ${got}`);
  };
  if (!sameEncoder(encoder, identity))
    fail(`features by ${describeEncoder(encoder)}`, `those by ${describeEncoder(identity)}`);
  if (!fineTuned) return;
  if (features.trainable?.from !== fineTuned.from)
    fail(
      `an encoder that is trained from ${fineTuned.from} on`,
      `one that is trained from ${features.trainable?.from ?? 'no block'} on`,
    );
  features.trainable!.restore(fineTuned);
}

async function newDecoder(
  dataset: Dataset,
  features: FeatureSource,
  kind: string,
  {decoderOptions = {}, trainerOptions = {}, minimumCount, wordVectors}: TrainingRecipe,
): Promise<{vocabulary: Vocabulary; decoder: Decoder; vectors?: WordVectors}> {
  const captions = ofSplit(dataset, 'train').flatMap((image) => image.captions);
  const vocabulary = Vocabulary.from(captions, {
    minimumCount: minimumCount ?? (captions.length < 10_000 ? 3 : 5),
  });
  const vectors = wordVectors === undefined ? undefined : await readWordVectors(wordVectors, vocabulary);
  const decoder = createDecoder(kind, vocabulary.size, features.depth, {
    ...(vectors && {[wordSizeOption(kind)]: vectors.size}),
    // The seed of the caption order decides the first weights too.
    ...(trainerOptions.seed !== undefined && {seed: trainerOptions.seed}),
    ...decoderOptions,
  });
  if (vectors) setWordVectors(decoder, vectors);
  return {vocabulary, decoder, ...(vectors && {vectors})};
}

interface DividedOptions {
  readonly decoderOptions: object;
  readonly trainerOptions: TrainerOptions;
}

/** Divides the options that are given by name between decoder and trainer. @throws CaptionerError `options` for a name that neither has */
function divideOptions(
  {set = {}, decoderOptions, trainerOptions}: TrainingRecipe,
  decoder: string,
): DividedOptions {
  // The trainer's `seed` serves both.
  const ofDecoder = optionsOf(decoder).filter((name) => name !== 'seed');
  const ofTrainer = Object.keys(trainerSettings());
  for (const name of Object.keys(set))
    if (![...ofDecoder, ...ofTrainer].includes(name))
      throw new CaptionerError(
        'options',
        unknownOption(
          name,
          [
            {owner: `${decoder} decoder`, names: ofDecoder},
            {owner: 'trainer', names: ofTrainer},
          ],
          [...decoderOptionGroups.values(), searchOptions, sampleOptions],
        ),
      );
  const part = (wanted: boolean): object =>
    Object.fromEntries(Object.entries(set).filter(([name]) => ofDecoder.includes(name) === wanted));
  return {
    decoderOptions: {...decoderOptions, ...part(true)},
    trainerOptions: {...trainerOptions, ...part(false)},
  };
}
