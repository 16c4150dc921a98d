/** Maps over an image, one tile for each: what a feature responds to, or where a decoder looked for each word. */
import type {Hypothesis} from '../search/beam-search';
import {special, type Vocabulary} from '../text/vocabulary';
import {imageGrid} from './grid';
import {overlay} from './overlay';

/** A map over an image. */
export interface ImageMap {
  /** Headline of its tile, such as a word or the number of a feature. */
  readonly label: string;
  /** One value per cell, row by row. */
  readonly values: ArrayLike<number>;
}

/** Options of `showMaps` and `showAttention`. */
export interface MapOptions {
  readonly title?: string;
  /** Width of an image in CSS pixels. @default 150 */
  readonly width?: number;
}

/**
 * Shows maps over an image, each in a tile with its label, its colour scale and the grid of the cells. The brightest colour is the highest
 * value of its own map.
 *
 * @param file The image file.
 * @param maps Square maps with their labels.
 * @param options Title, and width of a tile.
 * @throws CaptionerError `shape` when a map isn't square; `image`, `not-found` when the image can't be read.
 * @example await showMaps('photo.jpg', [{label: 'feature 7', values: [0, 0.2, 0.5, 1]}], {title: 'Features'});
 */
export async function showMaps(
  file: string,
  maps: readonly ImageMap[],
  {title, width = 150}: MapOptions = {},
): Promise<void> {
  const items = [];
  for (const {label, values} of maps) {
    const all = Array.from(values);
    const scale = {low: Math.min(...all), high: Math.max(...all)};
    items.push({image: await overlay(file, values, {size: Math.round(1.6 * width)}), headline: label, scale});
  }
  await imageGrid(items, {width, ...(title !== undefined && {title})});
}

/**
 * Shows where a decoder looked for each word of a caption. The colours of each tile run from no attention to the word's highest weight.
 * For a decoder without attention, a line says so.
 *
 * @param file The image file.
 * @param hypothesis A hypothesis with attention: decoders that look at a grid give one.
 * @param words The vocabulary, or the words of the hypothesis.
 * @param options Title, and width of a tile.
 * @example
 * const [result] = await captioner.caption(['photo.jpg']);
 * if (result && 'caption' in result) await showAttention('photo.jpg', result.hypotheses[0]!, captioner.vocabulary);
 */
export async function showAttention(
  file: string,
  hypothesis: Pick<Hypothesis, 'tokens' | 'attention'>,
  words: Pick<Vocabulary, 'word'> | readonly string[],
  {title = 'Attention for each word', width = 150}: MapOptions = {},
): Promise<void> {
  const {tokens, attention} = hypothesis;
  if (attention === undefined) {
    console.log(
      'This decoder has no attention: it reads the whole image at once. The kinds attention, adaptive and transformer look at a grid.',
    );
    return;
  }
  const wordOf = (id: number, at: number): string => ('word' in words ? words.word(id) : (words[at] ?? ''));
  const items = [];
  for (const [at, id] of tokens.entries()) {
    const map = attention[at];
    if (map === undefined || id === special.end) continue;
    const high = Math.max(...Array.from(map));
    const image = await overlay(file, map, {size: Math.round(1.6 * width), range: [0, high]});
    items.push({image, headline: wordOf(id, at), scale: {low: 0, high}});
  }
  await imageGrid(items, {title, width});
}
