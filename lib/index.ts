/** Image captioning in TypeScript: the public surface, in the order in which a reader meets it. */

// Data
export {ofSplit, splits, type CaptionedImage, type Dataset, type Rejection, type Split} from './data/dataset';
export {openDataset, type OpenOptions} from './data/layouts';
export {describeSummary, summarize, type Summary} from './data/summary';
export {readPicture, readPixels} from './data/images';
export {toPixels} from './data/pixels';
export type {FeatureReader} from './data/feature-reader';
export {
  drawScenes,
  falseClaims,
  type Box,
  type Scene,
  type SceneObject,
  type SceneOptions,
} from './data/scenes';
export {BatchPlan, collate, type Batch, type Example} from './data/batches';

// Text
export {tokenize} from './text/tokenizer';
export {ptbTokenize} from './text/ptb-tokenizer';
export {countWords, special, Vocabulary, type Coverage, type VocabularyOptions} from './text/vocabulary';
export {readWordVectors, type WordVectors} from './text/word-vectors';

// Encoders
export type {Encoder, Features, Preprocessing} from './encoders/encoder';
export type {EncoderIdentity} from './encoders/identity';
export {encoderNames, loadEncoder, type EncoderName, type EncoderOptions} from './encoders/registry';
export {TunedEncoder, type Tuning} from './encoders/tuned';
export {
  centredViews,
  inViews,
  viewed,
  views,
  type Seeing,
  type View,
  type ViewOptions,
} from './encoders/views';
export {imagenetLabels} from './encoders/imagenet-labels';
export {throughput} from './encoders/throughput';
export {
  FeatureStore,
  type BuildOptions,
  type BuildProgress,
  type FeatureKind,
  type ImageFile,
} from './data/feature-store';
export {FeatureViews} from './data/feature-views';

// Decoders
export type {Attended, Decoder, DecoderState, DecoderStep, DropoutKey, WordByWord} from './decoders/decoder';
export {createDecoder, decoderKinds, featuresOf} from './decoders/registry';
export type {LstmOptions} from './decoders/lstm';
export type {AttentionOptions} from './decoders/attention';
export type {AdaptiveOptions} from './decoders/adaptive';
export type {TransformerOptions} from './decoders/transformer';
export {setWordVectors} from './decoders/word-vectors';
export {createEnsemble} from './decoders/ensemble';
export {
  beamSearch,
  greedySearch,
  type Hypothesis,
  type SearchOptions,
  type Sentence,
} from './decoders/search';
export {sample, type SampleOptions} from './decoders/sampling';
export type {InWords} from './decoders/wording';

// Training
export {Trainer, type TrainCallbacks, type TrainerParts, type TrainOptions} from './training/trainer';
export {
  criteria,
  schedules,
  suitedOptions,
  type Criterion,
  type Schedule,
  type Settings as TrainerSettings,
  type Task,
  type TrainerOptions,
} from './training/options';
export type {EpochReport, History, PanelEntry, StepReport} from './training/history';
export {loadCheckpoint, saveCheckpoint, type Checkpoint, type Position} from './training/checkpoint';
export {captionLoss} from './training/loss';
export {exportCheckpoint} from './training/combine';
export {Rewards} from './training/rewards';
export {LiveFeatures, type LiveOptions} from './training/live-features';

// Captions and how good they are
export {Captioner, type Captioned, type Failed, type Sampled} from './captioner';
export {kinds, type Kind, type KindOptions} from './metrics/kinds';
export {
  evaluate,
  scoreCaptions,
  type CaptionScores,
  type Evaluation,
  type ScoreOptions,
  type Writer,
} from './metrics/evaluate';
export {metricNames, Scorer, type MetricName, type ScorerOptions} from './metrics/scorer';
export {
  compareScores,
  intervals,
  type BootstrapOptions,
  type Comparison,
  type Interval,
} from './metrics/bootstrap';
export {DocumentFrequencies} from './metrics/document-frequencies';
export type {Measured} from './metrics/measured';

// Showing
export * from './show/index';
export {overlay, type OverlayOptions} from './show/overlay';

// TensorFlow, errors and places
export {device, tf} from './runtime/native';
export {CaptionerError, type ErrorCode} from './errors';
export {checkpointFolder, featureFolder, home, runFolder, userPath} from './places';
