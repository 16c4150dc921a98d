/** `captioner train`: a run from its first step, or on from where it was stopped. */
import {ofSplit, type Dataset} from '../data/dataset';
import type {FeatureReader} from '../data/feature-reader';
import {createDecoder, featuresOf, optionsOf} from '../decoders/registry';
import {setWordVectors} from '../decoders/word-vectors';
import {CaptionerError} from '../errors';
import {userPath} from '../places';
import {progress} from '../show/progress';
import {Vocabulary} from '../text/vocabulary';
import {readWordVectors} from '../text/word-vectors';
import type {EpochReport} from '../training/history';
import {LiveFeatures} from '../training/live-features';
import {decoderOfRun} from '../training/run';
import {Trainer} from '../training/trainer';
import {introduce, open} from './data';
import {liveFeatures, openEncoder, usualFeatures, type EncoderFlags} from './features';
import {print, warn} from './output';

export interface TrainFlags extends EncoderFlags {
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
  /** The first block of the encoder that learns too. */
  readonly fineTune?: string;
}

export async function train(flags: TrainFlags): Promise<void> {
  // A run that goes on has its decoder.
  const decoder = (flags.resume && decoderOfRun(userPath(flags.run))) || flags.decoder;
  const kind = featuresOf(decoder);
  const dataset = await open(flags.data);
  introduce(dataset);
  const encoder = await openEncoder(flags);
  const store =
    flags.fineTune === undefined
      ? await usualFeatures(encoder, dataset, kind)
      : await liveFeatures(encoder, dataset, kind, flags.fineTune);
  if (!(store instanceof LiveFeatures)) encoder.dispose();
  const trainer = await (flags.resume
    ? resume({...flags, decoder}, dataset, store)
    : begin(flags, dataset, store));
  for (const {checkpoint, reason} of trainer.skipped) warn(`passed over ${checkpoint}: ${reason}`);
  const steps = progress('Steps', trainer.options.epochs * trainer.stepsPerEpoch);
  const {stopped} = await trainer.train({
    onStep: ({step, loss}) => steps.update(step, undefined, `loss ${loss.toFixed(3)}`),
    onEpoch: (report) => print(epochLine(report)),
  });
  await steps.finish();
  trainer.close();
  const {step} = trainer.position;
  print(
    stopped
      ? `stopped and saved at step ${step}; go on with --resume`
      : `trained; the run lies in ${userPath(flags.run)}`,
  );
}

async function begin(flags: TrainFlags, dataset: Dataset, store: FeatureReader): Promise<Trainer> {
  const {decoder: kind, minimumCount, run, wordVectors} = flags;
  const {made, changeable} = options(flags);
  const captions = ofSplit(dataset, 'train').flatMap((image) => image.captions);
  const vocabulary = Vocabulary.from(captions, {minimumCount});
  const vectors = wordVectors === undefined ? undefined : await readWordVectors(wordVectors, vocabulary);
  const decoder = createDecoder(kind, vocabulary.size, store.depth, {
    ...(vectors && {embedding: vectors.size}),
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

/** The options given replace those of the run; the rest stay. */
async function resume(flags: TrainFlags, dataset: Dataset, store: FeatureReader): Promise<Trainer> {
  const {made, changeable} = options(flags);
  const [fixed] = Object.keys(made);
  if (fixed !== undefined || flags.wordVectors !== undefined)
    throw new CaptionerError(
      'options',
      `Expected no ${fixed === undefined ? '--word-vectors' : `--set ${fixed}`} with --resume: the decoder is the run's`,
    );
  const trainer = await Trainer.resume(userPath(flags.run), {dataset, store});
  try {
    trainer.configure(changeable);
  } catch (error) {
    trainer.close();
    throw error;
  }
  return trainer;
}

/** Options that the decoder is made with, and cannot change afterwards; all others are the trainer's, `seed` among them. */
function options({set, epochs, decoder}: TrainFlags): {made: object; changeable: object} {
  const ofDecoder = optionsOf(decoder).filter((name) => name !== 'seed');
  const of = (wanted: boolean) =>
    Object.fromEntries(Object.entries(set).filter(([key]) => ofDecoder.includes(key) === wanted));
  return {made: of(true), changeable: {...of(false), ...(epochs !== undefined && {epochs})}};
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
