/** Display functions for notebooks. */
export {html, raw, escape, Fragment, type Insertable} from './html';
export {inNotebook, show, Slot, breathe, type Bundle} from './output';
export {showFigure, figureBundle, type Figure} from './figure';
export {
  showBars,
  showHistogram,
  showHeatmap,
  showLines,
  showScatter,
  type ChartOptions,
  type HeatmapOptions,
  type Point,
} from './charts';
export {showTable, tableHtml, tableText, type Best, type Row, type TableOptions} from './table';
export {showIntervals, type IntervalOptions, type ScoreInterval} from './intervals';
export {showEpochs, type EpochsOptions} from './epochs';
export {showDiagram, type Diagram, type DiagramBox} from './diagram';
export {showOptions} from './option-table';
export {imageGrid, captionPanel, type CaptionPanel, type GridItem, type GridOptions} from './grid';
export {imageUri, type ImageSource, type Pixels} from './image';
export {lossCurves, type LossCurves, type LossCurvesOptions, type LossPoint} from './curves';
export {showRuns, type RunsOptions} from './runs';
export {comparedItem, comparisonRows, showComparison, type ComparisonOptions} from './comparison';
export {showLearningRates} from './learning-rates';
export {showBeamTree, type BeamTreeOptions} from './beam-tree';
export {explanationPage, showExplanation, type ExplanationOptions} from './explanation';
export {showStudy, type StudyOptions} from './study';
export {sweep, type ShownSweepOptions} from './sweep';
export {watchTraining, type Watch, type WatchOptions} from './watch';
export {watchRun, type WatchRunOptions} from './watch-run';
export type {WatchedRun} from './training-state';
export {progress, type Progress} from './progress';
export {palette, series} from './palette';
export {formatDuration, formatNumber} from './text';
export {recordFact, recordScores, type RecordScoresOptions} from '../report-record';
