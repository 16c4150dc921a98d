/** Types of data sets, encoders, decoders and training; see `captions.ts` for how these files test. */
import {
  compareRuns,
  createDecoder,
  decoderKinds,
  encoderNames,
  findLearningRate,
  listRuns,
  loadEncoder,
  ofSplit,
  openDataset,
  presets,
  splits,
  sweep,
  Trainer,
  Vocabulary,
  type AttentionOptions,
  type CaptionedImage,
  type Dataset,
  type Decoder,
  type DecoderKind,
  type EncoderName,
  type EpochReport,
  type ExportOptions,
  type LstmOptions,
  type RunSummary,
  type Split,
  type Stage,
  type TrainerOptions,
  type TrainerParts,
  type TrainingRecipe,
  type TransformerOptions,
} from 'captioner';

export async function data(): Promise<void> {
  const dataset = await openDataset('scenes', {onProgress: () => undefined});
  const images: CaptionedImage[] = ofSplit(dataset, 'validation');
  for (const split of splits) ofSplit(dataset, split);
  const split: Split = splits[0];
  // @ts-expect-error The split has another name.
  ofSplit(dataset, 'val');
  // @ts-expect-error Any text may be no split.
  ofSplit(dataset, split.toUpperCase());
  // @ts-expect-error Splits are a fixed list.
  splits.push('extra');
  // @ts-expect-error A data set is read only.
  dataset.folder = 'elsewhere';
  // @ts-expect-error An image of a list may be missing.
  void images[0].captions;
  // @ts-expect-error An image outside COCO has no number.
  const number: number = images[0]!.number;
  // @ts-expect-error Captions can be verified only where it is known what an image shows.
  images[0]!.verify('a red ball');
  // @ts-expect-error An option must have a known name.
  await openDataset('scenes', {progress: () => undefined});
  // @ts-expect-error Data are read while others work: the result must be awaited.
  ofSplit(openDataset('scenes'), 'train');
  void number;
}

export async function parts(): Promise<Decoder> {
  const name: EncoderName = encoderNames[0];
  // @ts-expect-error There is no such encoder.
  const wrong: EncoderName = 'inception';
  const encoder = await loadEncoder(name, {preprocessing: {size: 260}});
  // @ts-expect-error Preprocessing has no such part.
  await loadEncoder(name, {preprocessing: {pixels: 260}});
  // @ts-expect-error A size is a number.
  await loadEncoder(name, {preprocessing: {size: '260'}});
  void [encoder, wrong];

  const vocabulary: Vocabulary = Vocabulary.from(['a red ball'], {minimumCount: 1});
  // @ts-expect-error An option must have a known name.
  Vocabulary.from(['a red ball'], {minCount: 1});
  // @ts-expect-error A vocabulary needs captions, not words.
  Vocabulary.from([['a', 'red', 'ball']]);
  createDecoder('attention', vocabulary.size, 1280, {units: 64, attention: 32});
  // @ts-expect-error An option must have a known name.
  createDecoder('lstm', vocabulary.size, 1280, {unit: 3});
  // @ts-expect-error An option must be one of this kind of decoder.
  createDecoder('lstm', vocabulary.size, 1280, {heads: 8});
  // @ts-expect-error An option must have its own type.
  createDecoder('lstm', vocabulary.size, 1280, {units: '64'});
  // @ts-expect-error There is no such kind.
  createDecoder('ltsm', vocabulary.size, 1280);
  // @ts-expect-error There is no such encoder.
  await loadEncoder('inception');
  return createDecoder('lstm', vocabulary.size, 1280);
}

/** Names of a notebook's parameters are known only when it runs. */
export async function named(kind: string, encoder: string, given: Decoder): Promise<Decoder> {
  await loadEncoder(encoder, {preprocessing: {size: 260}});
  const known: DecoderKind = decoderKinds[0]!;
  createDecoder(known, 10, 1280, {units: 64});
  createDecoder(given.kind, 10, given.depth, {...given.options, dropout: 0});
  return createDecoder(kind, 10, 1280, {units: 64});
}

export const lstm: LstmOptions = {units: 256, imageInput: 'every'};
export const attention: AttentionOptions = {units: 256};
export const transformer: TransformerOptions = {heads: 8};
// @ts-expect-error An LSTM has no heads.
export const heads: LstmOptions = {heads: 8};
// @ts-expect-error The image is read first or every time.
export const image: LstmOptions = {imageInput: 'last'};
// @ts-expect-error An option that is left out is left out, not undefined.
export const nothing: LstmOptions = {units: undefined};

export async function training(given: TrainerParts): Promise<void> {
  const options: TrainerOptions = {epochs: 2, schedule: 'plateau', selectBy: 'CIDEr-D'};
  const trainer = await Trainer.create({...given, options});
  await trainer.train({
    epochs: 1,
    onStep: ({loss}) => console.log(loss.toFixed(2)),
    signal: AbortSignal.timeout(1000),
  });
  await trainer.train({onEpoch: async ({panel}: EpochReport) => Promise.resolve(void panel)});
  // @ts-expect-error An option of training must have a known name.
  await trainer.train({epoch: 1});
  // @ts-expect-error A report has no such field.
  await trainer.train({onStep: ({accuracy}) => accuracy});
  // @ts-expect-error Only a trainer makes trainers.
  new Trainer({});
  // @ts-expect-error A trainer cannot be made of options alone.
  await Trainer.create({options});
}

/** Known names are offered, and any text is taken: it may come from a command line. */
export const recipe: TrainingRecipe = {preset: 'best', decoder: 'attention', encoder: 'mobilenet-v2'};
export const recipeFor = (decoder: string): TrainingRecipe => ({decoder});
// @ts-expect-error The name of a decoder is text.
export const numbered: TrainingRecipe = {decoder: 3};
export const stages: readonly Stage[] = presets.best.stages;
export const exported: ExportOptions | undefined = presets.best.export;

export async function runs(trainer: Trainer, dataset: Dataset): Promise<void> {
  const [newest]: readonly RunSummary[] = listRuns();
  // @ts-expect-error There may be no run.
  void newest.name;
  const {suggestion} = await findLearningRate(trainer, {steps: 50});
  trainer.learningRate = suggestion;
  await sweep(dataset, [{units: 256}], {run: 'checkpoints/sweep'});
  // @ts-expect-error A sweep needs a folder.
  await sweep(dataset, [{units: 256}], {});
  // @ts-expect-error A run of a sweep has its folder from the sweep.
  await sweep(dataset, {a: {run: 'elsewhere'}}, {run: 'checkpoints/sweep'});
  const {names} = await compareRuns('a', {run: 'b', beams: 1}, dataset);
  const pair: readonly [string, string] = names;
  void pair;
}

// @ts-expect-error There is no such schedule.
export const linear: TrainerOptions = {schedule: 'linear'};
// @ts-expect-error Epochs can be chosen by known metrics only.
export const spice: TrainerOptions = {selectBy: 'SPICE'};
// @ts-expect-error An option must have a known name.
export const misspelt: TrainerOptions = {learningrate: 0.001};
