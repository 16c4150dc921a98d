/** Two runs side by side: their scores with the difference, and the images whose captions differ most. */
import type {ComparedImage, RunComparison} from '../evaluation/compare-runs';
import {imageGrid, type GridItem} from './grid';
import {formatProbability} from './number-format';
import {show} from './output';
import {showTable, type Row} from './table';

/** Options of `showComparison`. */
export interface ComparisonOptions {
  /** Number of images to show, those whose scores differ most; 0 shows the table only. @default 8 */
  readonly images?: number;
}

/**
 * Shows a comparison: a row for each metric, and below it the images whose scores differ most.
 *
 * @example
 * await showComparison(await compareRuns('checkpoints/lstm', 'checkpoints/attention', dataset));
 */
export async function showComparison(
  comparison: RunComparison,
  {images = 8}: ComparisonOptions = {},
): Promise<void> {
  const {names, split, compared, metric} = comparison;
  const caption = `${names[0]} and ${names[1]} on ${compared} ${split} images`;
  const options = {caption, bestOfRow: [...names]};
  showTable(comparisonRows(comparison), options);
  show({'text/plain': `${comparison.images.length} of ${compared} captions differ.`});
  if (images === 0 || comparison.images.length === 0) return;
  const items = comparison.images.slice(0, images).map((one) => comparedItem(one, comparison));
  await imageGrid(items, {title: `Images whose ${metric} differs most`});
}

/** Returns the table of a comparison: scores of both runs, second minus first with its interval, and the p-value. */
export function comparisonRows({names, scores}: RunComparison): Row[] {
  return Object.entries(scores).map(([metric, {first, second, difference, low, high, p}]) => ({
    metric,
    [names[0]]: first,
    [names[1]]: second,
    [`${names[1]} − ${names[0]}`]: signed(difference),
    '95 % interval': `${signed(low)} to ${signed(high)}`,
    'p': formatProbability(p),
  }));
}

/** Returns the tile of an image for `imageGrid`: the second run's caption, and the first run's below it. */
export function comparedItem(
  {image, captions, scores}: ComparedImage,
  {names, metric}: Pick<RunComparison, 'names' | 'metric'>,
): GridItem {
  const [a, b] = scores.map((score) => score.toFixed(2));
  return {
    image: image.file,
    caption: captions[1],
    previous: captions[0],
    label: `${metric} ${b} (${names[1]}), ${a} (${names[0]})`,
    note: `${names[0]}: ${captions[0]}`,
    references: image.captions.slice(0, 2),
  };
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
}
