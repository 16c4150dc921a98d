/** Summarises a dataset: the size of each split, and what was left out and why. */
import {counted, description, grouped, lastName} from '../description';
import {markersIn} from '../text/markers';
import {countWords} from '../text/vocabulary';
import {captionsOf, countCaptions, ofSplit} from './image-list';
import {nameMissing} from './missing';
import {splits, type Dataset, type Rejection, type Split} from './dataset';

/** A dataset in numbers. */
export interface Summary {
  readonly layout: string;
  readonly folder: string;
  readonly images: Readonly<Record<Split, number>>;
  readonly captions: Readonly<Record<Split, number>>;
  readonly captionsPerImage: {readonly min: number; readonly mean: number; readonly max: number};
  /** Number of words, as split by `tokenize`. */
  readonly words: {readonly total: number; readonly distinct: number};
  /** Rejected lines, each with its reason. */
  readonly rejected: readonly Rejection[];
  /** Images that captions name but that are not in the folder. */
  readonly missing: number;
  /** The first of them, and the file that may be meant. @default not told */
  readonly missingNames?: string;
  /** Columns and fields of the caption files that were not read. @default none */
  readonly unread?: readonly string[];
  /** Markers that most captions begin or end with, such as `<start>`. @default none */
  readonly markers?: readonly string[];
  /** Images with captions that no official split uses. */
  readonly unassigned: number;
  /** Image files that no caption names. */
  readonly unreferenced: number;
}

/** Counts the images, captions and words of a dataset, split by split. */
export function summarize(dataset: Dataset): Summary {
  const images = {train: 0, validation: 0, test: 0};
  const captions = {train: 0, validation: 0, test: 0};
  let [min, max] = [Infinity, 0];
  for (const {
    split,
    captions: {length},
  } of dataset.images) {
    images[split]++;
    captions[split] += length;
    min = Math.min(min, length);
    max = Math.max(max, length);
  }
  const counts = countWords(captionsOf(dataset.images));
  let total = 0;
  for (const count of counts.values()) total += count;
  const {length} = dataset.images;
  const {missing, unread = []} = dataset;
  const markers = markersIn(captionsOf(dataset.images));
  return {
    layout: dataset.layout,
    folder: dataset.folder,
    images,
    captions,
    captionsPerImage: {min: length === 0 ? 0 : min, mean: length === 0 ? 0 : sum(captions) / length, max},
    words: {total, distinct: counts.size},
    rejected: dataset.rejected,
    missing: missing.length,
    ...(missing.length > 0 && {missingNames: nameMissing(missing, dataset)}),
    ...(unread.length > 0 && {unread}),
    ...(markers.length > 0 && {markers}),
    unassigned: dataset.unassigned.length,
    unreferenced: dataset.unreferenced.length,
  };
}

/**
 * Describes a summary in one line, and in further ones if something was left out or looks odd:
 *
 *     data/flickr8k (flickr8k): 6,000 train, 1,000 validation, 1,000 test images; 40,000 captions, 5 an image; 8,912 different words
 *     left out: 3 lines (captions.txt line 12: the caption is empty), 1 missing image (7.jpg), 91 images in no split
 */
export function describeSummary(summary: Summary): string {
  const {layout, folder, images, captionsPerImage, captions, words} = summary;
  const {min, mean, max} = captionsPerImage;
  const each = min === max ? `${min}` : `${min} to ${max} (mean ${mean.toFixed(1)})`;
  const of = splits.filter((split) => images[split] > 0).map((split) => `${grouped(images[split])} ${split}`);
  const lines = [
    `${folder} (${layout}): ${of.join(', ')} images; ${grouped(sum(captions))} captions, ${each} an image; ${grouped(words.distinct)} different words`,
  ];
  const {rejected, missing, missingNames, unassigned, unreferenced, unread, markers} = summary;
  const [first] = rejected;
  const out = [
    first && `${counted(rejected.length, 'line')} (${first.file} line ${first.line}: ${first.reason})`,
    missing > 0 &&
      counted(missing, 'missing image') + (missingNames === undefined ? '' : `: ${missingNames}`),
    unassigned > 0 && `${counted(unassigned, 'image')} in no split`,
    unreferenced > 0 && `${counted(unreferenced, 'image')} without captions`,
  ].filter((part) => typeof part === 'string');
  return [
    ...lines,
    ...(out.length > 0 ? [`left out: ${out.join(', ')}`] : []),
    ...(unread ? [`not read: ${unread.join(', ')}`] : []),
    ...(markers
      ? [`most captions hold ${markers.join(' and ')}, which is trained like a word; remove it`]
      : []),
  ].join('\n');
}

/** Describes a data set for consoles and notebooks: the size of each split, and what was left out. Counts no words, which takes long. */
export function describeDataset(dataset: Dataset): string {
  const {folder, layout, images, rejected, missing, unassigned} = dataset;
  const all = countCaptions(images);
  const rows = splits.map((split) => {
    const own = ofSplit(dataset, split);
    return [split, `${counted(own.length, 'image')}, ${counted(countCaptions(own), 'caption')}`] as const;
  });
  const out = [
    rejected.length > 0 && counted(rejected.length, 'line'),
    missing.length > 0 && counted(missing.length, 'missing image'),
    unassigned.length > 0 && `${counted(unassigned.length, 'image')} in no split`,
  ].filter((part) => typeof part === 'string');
  const name = lastName(folder);
  const title = `Dataset ${name}${layout === name ? '' : ` (${layout})`}: ${counted(images.length, 'image')} with ${counted(all, 'caption')}`;
  const [first] = images;
  return description(title, {
    ...Object.fromEntries(rows),
    'left out': out.length > 0 && out.join(', '),
    'first image': first && `${first.id}: “${first.captions[0]}”`,
  });
}

const sum = (counts: Readonly<Record<Split, number>>): number =>
  counts.train + counts.validation + counts.test;
