/** Image captioning in TypeScript: the public surface, in the order in which a reader meets it. */

// Data
export {splits, type CaptionedImage, type Dataset, type Rejection, type Split} from './datasets/dataset';
export {ofSplit} from './datasets/image-list';
export {openDataset, type OpenOptions} from './datasets/open-dataset';
export {checkMissing, type MissingOptions} from './datasets/missing';
export {describeSummary, summarize, type Summary} from './datasets/summary';
export {fingerprint} from './datasets/fingerprint';
export {firstReadable, readImage, readPixels, setPixelLimit, toPixels} from './encoders/images';
export type {FeatureSource} from './features/source';
export {
  drawScenes,
  falseClaims,
  type Box,
  type Scene,
  type SceneObject,
  type SceneOptions,
} from './datasets/synthetic/scenes';
export {BatchPlan, collate, type Batch, type Example} from './training/batches';

// Text
export {tokenize} from './text/tokenizer';
export {metricTokens} from './text/metric-tokens';
export {ptbTokenize} from './text/ptb-tokenizer';
export {countWords, special, Vocabulary, type Coverage, type VocabularyOptions} from './text/vocabulary';
export {readWordVectors, type WordVectors} from './text/word-vectors';

// Encoders
export type {Encoder, Features, Preprocessing} from './encoders/encoder';
export type {EncoderIdentity} from './encoders/identity';
export {encoderNames, loadEncoder, type EncoderName, type EncoderOptions} from './encoders/registry';
export {FineTunedEncoder, type FineTunedWeights} from './encoders/fine-tuned';
export {
  centredViews,
  multiView,
  withView,
  trainingViews,
  type InferenceViews,
  type View,
  type ViewOptions,
} from './encoders/augmentation';
export {imagenetLabels} from './encoders/imagenet-labels';
export {throughput} from './encoders/throughput';
export {
  FeatureStore,
  type BuildOptions,
  type BuildProgress,
  type FeatureKind,
  type ImageFile,
} from './features/store';
export {AugmentedFeatures} from './features/augmented';

// Decoders
export type {Attended, Decoder, DecoderState, DecoderStep, DropoutKey, StepDecoder} from './decoders/decoder';
export {
  createDecoder,
  decoderKinds,
  featuresOf,
  type DecoderKind,
  type DecoderOptions,
} from './decoders/registry';
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
} from './search/beam-search';
export {sample, type SampleOptions} from './search/sampling';
export type {BeamNode, BeamTree} from './search/beam-tree';
export type {WithText} from './search/phrases';

// Training
export {prepareTraining, type PreparedTraining, type TrainingRecipe} from './training/recipe';
export {presetNames, presets, type Preset, type PresetName, type Stage} from './training/presets';
export {Trainer, type TrainCallbacks, type TrainerParts, type TrainOptions} from './training/trainer';
export {
  findLearningRate,
  type FindLearningRateOptions,
  type FoundLearningRate,
  type LearningRatePoint,
} from './training/find-learning-rate';
export {
  listRuns,
  runStates,
  type EpochSummary,
  type RunState,
  type RunSummary,
  type TrialRecord,
} from './training/list-runs';
export {removeRun, type RemovedRun} from './checkpoints/remove-run';
export type {SweepOptions, SweepRecipe, SweepRecipes, SweepSettings} from './training/sweep';
export {
  criteria,
  schedules,
  suitedOptions,
  type Criterion,
  type Schedule,
  type TrainerSettings,
  type Task,
  type TrainerOptions,
} from './training/options';
export type {EpochReport, History, PanelEntry, StepReport} from './checkpoints/history';
export {
  alarmKinds,
  type AlarmEvent,
  type AlarmKind,
  type BeginEvent,
  type EndEvent,
  type EpochEvent,
  type LearningRateTest,
  type StepEvent,
  type TrainingEvent,
  type ValidationEvent,
} from './training/events';
export {alarmsOf} from './training/alarms';
export {readEvents} from './training/metrics-log';
export {
  readProvenance,
  type Machine,
  type Origin,
  type Provenance,
  type Session,
  type TrainedOn,
} from './training/provenance';
export {loadCheckpoint, saveCheckpoint, type Checkpoint, type Position} from './checkpoints/checkpoint';
export {captionLoss} from './training/loss';
export {exportCheckpoint, type ExportOptions} from './checkpoints/export';
export {Rewards} from './training/self-critical';
export {openFeatures, storeFeatures, type FeatureRequest, type StoreOptions} from './features/open-features';
export {TrainableFeatures, type LiveOptions} from './features/trainable';

// Captions and how good they are
export {Captioner, type Captioned, type Failed, type OnResult, type Sampled} from './captioner';
export type {ImageBytes, ImageInput} from './encoders/image-input';
export {modelCard, type ModelCard, type ModelCardOptions} from './card/model-card';
export type {Assessment, Captioning} from './card/assessment';
export {wordUse, type WordUse} from './evaluation/word-use';
export {peopleInCaptions, type Mentions, type Misnamed, type PeopleInCaptions} from './evaluation/people';
export {scoresByWord, type WordScore, type WordScoreOptions} from './evaluation/scores-by-word';
export {
  evaluate,
  scoreCaptions,
  type CaptionScores,
  type EvaluateOptions,
  type Evaluation,
  type ScoreOptions,
  type Writer,
} from './evaluation/evaluate';
export {
  compareRuns,
  type ComparedImage,
  type ComparedRun,
  type CompareRunsOptions,
  type RunComparison,
} from './evaluation/compare-runs';
export {metricNamed} from './metrics/metric-named';
export {metricNames, Scorer, type MetricName, type ScorerOptions} from './metrics/scorer';
export {
  compareScores,
  intervals,
  type BootstrapOptions,
  type Comparison,
  type Interval,
} from './metrics/bootstrap';
export {DocumentFrequencies} from './metrics/document-frequencies';
export type {MetricStatistics} from './metrics/statistics';

// Why each word of a caption was written
export {explain, type CommonExplainOptions, type ExplainOptions} from './explain/explain';
export {attentionHeads, type AttentionHead, type CaptionAttention} from './explain/attention-heads';
export type {ContrastTarget, WordChoice} from './explain/chosen-words';
export type {
  ExplainedWord,
  Explanation,
  ExplanationCost,
  WordInfluence,
  WordMaps,
} from './explain/explanation';
export {methodNames, methods, type MethodName, type MethodOptions} from './explain/methods';
export type {Attribution, Method} from './explain/method';
export {
  faithfulness,
  findingWrongWords,
  type ComparedMethod,
  type Faithfulness,
  type FaithfulnessOptions,
} from './explain/faithful/faithfulness';
export type {FaithfulnessScore, FaithfulnessScoreName, MethodFaithfulness} from './explain/faithful/summary';
export type {WrongWordSignal} from './explain/faithful/wrong-words';
export type {Effect, MeasuredImage, MeasuredMaps, MeasuredWord} from './explain/faithful/measurement';

// Showing
export * from './show/index';
export {overlay, type OverlayOptions} from './show/overlay';
export {showAttention, showMaps, type ImageMap, type MapOptions} from './show/maps';

// TensorFlow, errors and places
export {device, tf} from './tensorflow/tensorflow';
export {CaptionerError, type ErrorCode} from './errors';
export {given} from './given';
export {libraryVersion, type LibraryVersion} from './version';
export {interruptible, type Interrupt, type Stopping} from './interrupt';
export type {ProgressDisplay, ProgressOptions, ShownProgress, ShowProgress} from './show-progress';
export {featureFolder, outputFolder, projectFolder, shortPath, userPath} from './paths';
export {checkpointFolder, runFolder} from './checkpoints/run-folders';
