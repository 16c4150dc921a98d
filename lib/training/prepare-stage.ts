/**
 * Prepares one stage of a training: opens or computes the features, builds the vocabulary, makes the decoder and the trainer. It begins with
 * new weights, starts from a checkpoint, or is resumed.
 */
import {loadCheckpoint, type Checkpoint} from '../checkpoints/checkpoint';
import {runMetadata} from '../checkpoints/metadata';
import type {Dataset} from '../datasets/dataset';
import {captionsOf, ofSplit} from '../datasets/image-list';
import type {Decoder} from '../decoders/decoder';
import {createDecoder, featuresOf} from '../decoders/registry';
import {setWordVectors, wordSizeOption} from '../decoders/word-vectors';
import {describeEncoder, sameEncoder} from '../encoders/identity';
import {loadEncoder} from '../encoders/registry';
import {CaptionerError} from '../errors';
import {openFeatures} from '../features/open-features';
import type {FeatureSource} from '../features/source';
import {FeatureStore} from '../features/store';
import {shortPath, userPath} from '../paths';
import {Vocabulary} from '../text/vocabulary';
import {readWordVectors, type WordVectors} from '../text/word-vectors';
import {extendWords} from './extend-words';
import {closeTrainings, remember} from './open-trainings';
import {trainerSettings, type TrainerOptions} from './options';
import {extendProvenance} from './provenance';
import {checkOptions, divideOptions, type Before} from './recipe-options';
import {checkRunFolder, Run} from './run';
import {Trainer} from './trainer';
import {checkTrainingImages} from './training-data';
import {checkWords, measureWords, suitedMinimumCount, type TrainingWords} from './training-words';
import type {TrainingRecipe} from './training-recipe';

/** A stage that is ready to be trained. */
export interface PreparedStage {
  readonly dataset: Dataset;
  readonly features: FeatureSource;
  readonly vocabulary: Vocabulary;
  readonly decoder: Decoder;
  readonly trainer: Trainer;
  /** Absolute path of the run's folder; undefined where nothing is saved. */
  readonly folder: string | undefined;
  /** Remark on the folder: that another run has the name that was asked for. */
  readonly notice?: string;
  /** How well the vocabulary and the maximum length suit the training captions. */
  readonly words: TrainingWords;
  /** The word vectors that the embedding started from. */
  readonly wordVectors?: WordVectors;
  /** Closes the trainer and frees features and decoder. */
  close(): void;
}

/** The folders of a stage. */
export interface StageFolders {
  /** Folder that was asked for; what this process opened under this name before is closed. */
  readonly asked: string | undefined;
  /** Suffixes of the folders that must be free for a new run, one for each stage that follows. */
  readonly suffixes: readonly string[];
}

/**
 * Prepares a stage. Options are checked before any image is read.
 *
 * @param recipe Its `run` is the very folder that is resumed; a new run gets a number where it holds one already.
 */
export async function prepareStage(
  data: Dataset | (() => Promise<Dataset>),
  recipe: TrainingRecipe,
  {asked, suffixes}: StageFolders,
): Promise<PreparedStage> {
  const {run: folder, resume = false, replace = false} = recipe;
  const checkpoint = recipe.from === undefined ? undefined : await loadCheckpoint(recipe.from);
  const opened: {dispose?(): void}[] = checkpoint ? [checkpoint.decoder] : [];
  let run: Run | undefined;
  try {
    const before = checkpoint ?? (resume ? runMetadata(folder!) : undefined);
    const kind = before?.decoder.kind ?? recipe.decoder ?? 'lstm';
    const options = divideOptions(recipe, kind);
    checkOptions(recipe, options, kind, before);
    if (folder !== undefined) checkRunFolder(folder, resume ? 'resume' : 'begin');
    if (asked !== undefined) closeTrainings(asked);
    // The folder is taken before features are computed, which can take long.
    if (folder !== undefined && !resume) run = Run.begin(folder, {replace, suffixes});

    const dataset = typeof data === 'function' ? await data() : data;
    checkTrainingImages(dataset);
    const features = await openEncoderFeatures(dataset, recipe, kind, before);
    opened.push(features);
    const captions = captionsOf(ofSplit(dataset, 'train'));
    if (resume) {
      const trainer = await resumed(folder!, dataset, features, options.trainerOptions);
      const words = measureWords(captions, trainer.vocabulary, trainer.options);
      return prepared({dataset, features, trainer, words}, asked);
    }
    const {maximumLength: given} = options.trainerOptions;
    const maximumLength = given ?? trainerSettings().maximumLength;
    const parts = {dataset, features, options: options.trainerOptions, ...(run && {run})};
    if (checkpoint) {
      useCheckpoint(checkpoint, features, recipe.from!);
      const {decoder, vocabulary} = extendWords(checkpoint, dataset, features, captions);
      if (decoder !== checkpoint.decoder) opened.push(decoder);
      const added = vocabulary.size - checkpoint.vocabulary.size;
      const words = measureWords(captions, vocabulary, {maximumLength, added});
      checkWords({...words, unknown: 0}, {maximumLength: given});
      const trainer = await Trainer.create({...parts, decoder, vocabulary}, {replace, measured: true});
      if (run) await extendProvenance(run.folder, {from: recipe.from});
      if (decoder !== checkpoint.decoder) checkpoint.decoder.dispose();
      return prepared({dataset, features, trainer, words, ...noticeOf(run)}, asked);
    }
    const minimumCount = recipe.minimumCount ?? suitedMinimumCount(captions);
    const vocabulary = Vocabulary.from(captions, {minimumCount});
    const words = measureWords(captions, vocabulary, {maximumLength});
    checkWords(words, {maximumLength: given});
    const {decoder, vectors} = await newDecoder(vocabulary, features, kind, {...recipe, ...options});
    opened.push(decoder);
    const trainer = await Trainer.create({...parts, decoder, vocabulary}, {replace});
    const {wordVectors} = recipe;
    if (run)
      await extendProvenance(run.folder, {
        minimumCount: recipe.minimumCount,
        suitedMinimumCount: minimumCount,
        wordVectors,
      });
    return prepared(
      {dataset, features, trainer, words, ...(vectors && {wordVectors: vectors}), ...noticeOf(run)},
      asked,
    );
  } catch (error) {
    for (const part of opened) part.dispose?.();
    run?.abandon();
    throw error;
  }
}

function prepared(
  parts: Pick<PreparedStage, 'dataset' | 'features' | 'trainer' | 'words' | 'notice' | 'wordVectors'>,
  asked: string | undefined,
): PreparedStage {
  const {trainer, features} = parts;
  const {vocabulary, decoder, folder} = trainer;
  let closed = false;
  const close = (why?: string): void => {
    if (closed) return;
    closed = true;
    forget?.();
    trainer.close(why);
    decoder.dispose();
    features.dispose?.();
  };
  const forget =
    asked === undefined ? undefined : remember({kind: 'training', folder: folder!, asked, close});
  return {...parts, vocabulary, decoder, folder, close: () => close()};
}

function noticeOf(run: Run | undefined): {readonly notice?: string} {
  if (run === undefined || run.folder === run.asked) return {};
  return {
    notice: `${shortPath(run.asked)} holds a run already; the new one lies in ${shortPath(run.folder)}`,
  };
}

async function openEncoderFeatures(
  dataset: Dataset,
  {encoder: name, weights, size, fit, mirror, progress, ...recipe}: TrainingRecipe,
  decoder: string,
  before: Before | undefined,
): Promise<FeatureSource> {
  if (recipe.features !== undefined) return FeatureStore.open(userPath(recipe.features));
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
  vocabulary: Vocabulary,
  features: FeatureSource,
  kind: string,
  {decoderOptions = {}, trainerOptions = {}, wordVectors}: TrainingRecipe,
): Promise<{decoder: Decoder; vectors?: WordVectors}> {
  const vectors = wordVectors === undefined ? undefined : await readWordVectors(wordVectors, vocabulary);
  const decoder = createDecoder(kind, vocabulary.size, features.depth, {
    ...(vectors && {[wordSizeOption(kind)]: vectors.size}),
    // The seed of the caption order decides the first weights too.
    ...(trainerOptions.seed !== undefined && {seed: trainerOptions.seed}),
    ...decoderOptions,
  });
  if (vectors) setWordVectors(decoder, vectors);
  return {decoder, ...(vectors && {vectors})};
}
