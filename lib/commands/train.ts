/** `captioner train`: a run from its first step, or on from where it was stopped. */
import {ofSplit, type Dataset} from '../datasets/dataset';
import type {FeatureSource} from '../features/source';
import {createDecoder, featuresOf, optionsOf} from '../decoders/registry';
import type {Encoder} from '../encoders/encoder';
import {describeEncoder, sameEncoder} from '../encoders/identity';
import {setWordVectors, wordSizeOption} from '../decoders/word-vectors';
import {decoderOptions} from '../decoders/decoder-options';
import {CaptionerError} from '../errors';
import {unknownOption} from '../option-names';
import {userPath} from '../paths';
import {progress} from '../show/progress';
import {Vocabulary} from '../text/vocabulary';
import {readWordVectors} from '../text/word-vectors';
import type {EpochReport} from '../checkpoints/history';
import {TrainableFeatures} from '../features/trainable';
import {sampleOptions, searchOptions} from '../search/search-options';
import {trainerSettings} from '../training/options';
import {trainerOptions} from '../training/trainer-options';
import {runMetadata, checkRunFolder} from '../training/run';
import {loadCheckpoint, type Checkpoint} from '../checkpoints/checkpoint';
import {Trainer} from '../training/trainer';
import {introduce, open} from './data';
import {featuresInViews, openEncoder, usualEncoder, type EncoderFlags} from './features';
import {continued, print, warn} from './io';

export interface TrainFlags extends Partial<EncoderFlags> {
  readonly data: string;
  readonly run: string;
  readonly decoder: string;
  readonly epochs?: number;
  readonly minimumCount: number;
  /** File of word vectors that the decoder's words begin with. */
  readonly wordVectors?: string;
  /** Options of the decoder and of the trainer. */
  readonly set: Readonly<Record<string, unknown>>;
  readonly resume?: boolean;
  /** A checkpoint or a run that this one begins with. */
  readonly from?: string;
  /** The first block of the encoder that learns too. */
  readonly fineTune?: string;
  /** Of each training image. */
  readonly views?: number;
  /** Whether some of them are mirror images. */
  readonly mirror: boolean;
}

export async function train(flags: TrainFlags): Promise<void> {
  if (flags.resume && flags.from !== undefined)
    throw new CaptionerError(
      'options',
      'Expected --resume or --from, got both: a run that goes on has its weights',
    );
  const from = flags.from === undefined ? undefined : await loadCheckpoint(flags.from);
  // A run that goes on has its decoder and encoder, and one that begins with a checkpoint those of the checkpoint.
  const run = flags.resume ? runMetadata(userPath(flags.run)) : undefined;
  const before = from ?? run;
  const decoder = before?.decoder.kind ?? flags.decoder;
  const kind = featuresOf(decoder);
  // What can be wrong without an image is said before any is looked at.
  const {made, changeable} = options({...flags, decoder});
  if (before) refuseFixed(flags, made, before.decoder.options, flags.resume ? '--resume' : '--from');
  createDecoder(decoder, 4, 4, made).dispose();
  trainerSettings({...run?.training?.settings, ...changeable});
  checkRunFolder(flags.run, flags.resume ? 'resume' : 'begin');
  const dataset = await open(flags.data);
  introduce(dataset);
  const fineTune = flags.fineTune ?? before?.fineTuned?.from;
  const views = flags.views ?? run?.training?.views ?? (fineTune === undefined ? 1 : 6);
  const {name: encoderName, preprocessing} = before?.encoder ?? {name: usualEncoder};
  const encoder = await openEncoder({encoder: encoderName, ...preprocessing, ...flags});
  const mirror = flags.mirror && (before?.training?.mirrored ?? true);
  const seen = (by: Encoder, of: 'pooled' | 'grid') => featuresInViews(by, dataset, of, views, mirror);
  const store =
    fineTune === undefined
      ? await seen(encoder, kind)
      : await TrainableFeatures.open(encoder, {from: fineTune, kind}, (frozen) => seen(frozen, 'grid'));
  if (!(store instanceof TrainableFeatures)) encoder.dispose();
  const trainer = await (flags.resume
    ? resume(flags, changeable, dataset, store)
    : from
      ? startFrom(flags, changeable, from, dataset, store)
      : begin(flags, {made, changeable}, dataset, store));
  for (const {checkpoint, reason} of trainer.skipped) warn(`passed over ${checkpoint}: ${reason}`);
  const steps = progress('Steps', trainer.options.epochs * trainer.stepsPerEpoch);
  try {
    await trainer.train({
      onStep: ({step, loss, reward}) =>
        steps.update(
          step,
          undefined,
          reward === undefined ? `loss ${loss.toFixed(3)}` : `reward ${reward.toFixed(3)}`,
        ),
      onEpoch: (report) => print(epochLine(report)),
    });
  } catch (error) {
    throw continued(error, 'continue with --resume');
  } finally {
    await steps.finish();
    trainer.close();
  }
  print(`trained; the run lies in ${userPath(flags.run)}`);
}

async function begin(
  {decoder: kind, minimumCount, run, wordVectors, set}: TrainFlags,
  {made, changeable}: {made: object; changeable: object},
  dataset: Dataset,
  store: FeatureSource,
): Promise<Trainer> {
  const captions = ofSplit(dataset, 'train').flatMap((image) => image.captions);
  const vocabulary = Vocabulary.from(captions, {minimumCount});
  const vectors = wordVectors === undefined ? undefined : await readWordVectors(wordVectors, vocabulary);
  const decoder = createDecoder(kind, vocabulary.size, store.depth, {
    ...(vectors && {[wordSizeOption(kind)]: vectors.size}),
    // What orders the captions decides the first weights too.
    ...(set['seed'] !== undefined && {seed: set['seed']}),
    ...made,
  });
  if (vectors) {
    setWordVectors(decoder, vectors);
    warn(
      `word vectors of ${vectors.found} of ${vocabulary.toJSON().words.length} words, ${vectors.size} numbers each`,
    );
  }
  return Trainer.create({dataset, store, vocabulary, decoder, run: userPath(run), options: changeable});
}

/** A new run with what another one learnt: another objective, another set of captions. */
function startFrom(
  flags: TrainFlags,
  changeable: object,
  {decoder, vocabulary, encoder, fineTuned}: Checkpoint,
  dataset: Dataset,
  store: FeatureSource,
): Promise<Trainer> {
  const seen = {...store.encoder, preprocessing: store.preprocessing};
  if (!sameEncoder(encoder, seen))
    throw new CaptionerError(
      'mismatch',
      `${flags.from}: expected features by ${describeEncoder(encoder)}, got those by ${describeEncoder(seen)}`,
    );
  if (fineTuned && (store as TrainableFeatures).from !== fineTuned.from)
    throw new CaptionerError(
      'mismatch',
      `${flags.from}: expected an encoder that learns from ${fineTuned.from} on, got one from ${(store as TrainableFeatures).from} on`,
    );
  if (fineTuned) (store as TrainableFeatures).restore(fineTuned);
  const parts = {dataset, store, vocabulary, decoder};
  return Trainer.create({...parts, run: userPath(flags.run), options: changeable}, {measured: true});
}

/** The options given replace those of the run; the rest stay. */
async function resume(
  {run}: TrainFlags,
  changeable: object,
  dataset: Dataset,
  store: FeatureSource,
): Promise<Trainer> {
  const trainer = await Trainer.resume(userPath(run), {dataset, store});
  try {
    trainer.configure(changeable);
  } catch (error) {
    trainer.close();
    throw error;
  }
  return trainer;
}

/**
 * Options that the decoder is made with, and cannot change afterwards; all others are the trainer's, `seed` among them.
 *
 * @throws CaptionerError `options` where one is neither's
 */
function options({set, epochs, decoder}: TrainFlags): {made: object; changeable: object} {
  const ofDecoder = optionsOf(decoder).filter((name) => name !== 'seed');
  for (const name of Object.keys(set))
    if (![...ofDecoder, ...trainerOptions.names].includes(name))
      throw new CaptionerError(
        'options',
        `--set: ${unknownOption(
          name,
          [{owner: `${decoder} decoder`, names: ofDecoder}, trainerOptions],
          [...decoderOptions.values(), searchOptions, sampleOptions],
        )}`,
      );
  const of = (wanted: boolean) =>
    Object.fromEntries(Object.entries(set).filter(([key]) => ofDecoder.includes(key) === wanted));
  return {made: of(true), changeable: {...of(false), ...(epochs !== undefined && {epochs})}};
}

/** What decides how a decoder is made can't change one that is there already; to repeat it does no harm. */
function refuseFixed(
  {wordVectors}: TrainFlags,
  made: object,
  own: Readonly<Record<string, unknown>>,
  flag: '--resume' | '--from',
): void {
  const option = Object.entries(made).find(([name, value]) => value !== own[name])?.[0];
  const fixed = option === undefined ? wordVectors && '--word-vectors' : `--set ${option}`;
  if (fixed !== undefined)
    throw new CaptionerError('options', `Expected no ${fixed} with ${flag}: the decoder is there already`);
}

function epochLine({epoch, loss, validationLoss, metrics, seconds, panel, best}: EpochReport): string {
  const scores = Object.entries(metrics).map(([name, value]) => `${name} ${value.toFixed(3)}`);
  const parts = [
    `epoch ${epoch}${best ? ' *' : ''}`,
    `loss ${loss.toFixed(3)}`,
    `validation ${validationLoss.toFixed(3)}`,
    ...scores,
    `${seconds.toFixed(0)} s`,
    ...panel.slice(0, 1).map(({id, caption}) => `${id}: ${caption}`),
  ];
  return parts.join(' · ');
}
