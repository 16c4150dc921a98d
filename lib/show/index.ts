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
export {showTable, tableHtml, tableText, type Row, type TableOptions} from './table';
export {imageGrid, captionPanel, type CaptionPanel, type GridItem, type GridOptions} from './grid';
export {imageUri, type ImageSource, type Pixels} from './image';
export {lossCurves, type LossCurves, type LossCurvesOptions} from './curves';
export type {LossPoint} from './loss-figure';
export {watchTraining, type Watch} from './watch';
export {progress, type Progress} from './progress';
export {palette, series} from './palette';
export {formatDuration, formatNumber} from './text';
export {recordFact, recordScores, type RecordScoresOptions} from '../report-record';
