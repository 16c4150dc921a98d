/** Opens datasets of any known layout. */
import {existsSync, readdirSync, statSync} from 'node:fs';
import {basename, dirname, join, relative} from 'node:path';
import {lastName, setDescription} from '../description';
import {CaptionerError} from '../errors';
import {isAddress} from '../files/byte-source';
import {interruptible} from '../interrupt';
import {nearest} from '../option-names';
import {dataFolder, projectFolder, userPath} from '../paths';
import {recordFact} from '../report-record';
import {startProgress, type ProgressOptions, type ShownProgress} from '../show-progress';
import type {Dataset} from './dataset';
import {fingerprint} from './fingerprint';
import type {OnProgress} from './assemble-dataset';
import {countCaptions} from './image-list';
import {coco} from './layouts/coco';
import {flickr30k, kaggleFlickr30k} from './layouts/flickr30k';
import {flickr8k, kaggleFlickr8k} from './layouts/flickr8k';
import {karpathy} from './layouts/karpathy';
import type {Layout} from './layouts/layout';
import {custom} from './layouts/custom';
import {isTarPattern, readTarPattern, webdataset} from './layouts/webdataset';
import {describeDataset} from './summary';
import {drawScenes, readScenes, scenes} from './synthetic/scenes';

/** Known layouts, in the order in which they are tried. Add new layouts here. */
const layouts: readonly Layout[] = [
  scenes,
  karpathy,
  flickr8k,
  kaggleFlickr8k,
  flickr30k,
  kaggleFlickr30k,
  coco,
  custom,
  webdataset,
];

/** Options of `openDataset`. */
export interface OpenOptions extends ProgressOptions {
  /** Called with the number of bytes of the caption files read so far and in total. */
  readonly onProgress?: OnProgress;
}

/**
 * Detects the layout of a folder and reads its dataset.
 *
 * @param folder Path of a folder, relative to the user's working folder; or `scenes` for the drawn scenes, which are drawn on first use; or
 *   tar archives on disk or on a server: `set/{00000..00099}.tar`, `https://host/set/00000.tar`.
 * @throws CaptionerError `not-found`, `dataset` (no known layout, no images) or `captions`; `stopped`
 */
export async function openDataset(folder: string, options: OpenOptions = {}): Promise<Dataset> {
  const dataset = await readDataset(folder, options);
  recordFact('Data', () => describeData(dataset));
  return dataset;
}

function describeData(dataset: Dataset): string {
  const captions = countCaptions(dataset.images);
  const counts = [`${dataset.images.length} images`, `${captions} captions`];
  return [basename(dataset.folder), ...counts, `fingerprint ${fingerprint(dataset).slice(0, 12)}`].join(', ');
}

async function readDataset(folder: string, options: OpenOptions): Promise<Dataset> {
  if (folder === 'scenes' && !existsSync(userPath(folder))) {
    const drawn = dataFolder('scenes');
    await drawScenes(drawn, {}, options);
    return setDescription(readScenes(drawn), describeDataset);
  }
  const path = isAddress(folder) ? folder : userPath(folder);
  if (isTarPattern(path)) return setDescription(await readTars(path, options), describeDataset);
  if (!existsSync(path)) {
    const near = nearestDataset(path);
    const hint = near === undefined ? '' : `; did you mean "${near}"?`;
    throw new CaptionerError('not-found', `${path}: expected a folder, found nothing${hint}`);
  }
  const layout = layouts.find(({found}) => found(path));
  if (layout) return setDescription(await read(layout, path, options), describeDataset);
  if (!statSync(path).isDirectory())
    throw new CaptionerError('dataset', `${path}: expected a folder, found a file`);
  const names = readdirSync(path).sort();
  const inside =
    names.length === 0
      ? 'an empty folder'
      : `${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`;
  throw new CaptionerError(
    'dataset',
    `${path}: expected ${layouts.map(({name}) => name).join(', or ')}; found ${inside}`,
  );
}

/** Returns the drawn scenes, or a folder beside the one that was named or among the project's data, whose name is nearly the same. */
function nearestDataset(path: string): string | undefined {
  const name = lastName(path);
  const foldersIn = (parent: string): string[] =>
    existsSync(parent) && statSync(parent).isDirectory()
      ? readdirSync(parent, {withFileTypes: true}).flatMap((entry) =>
          entry.isDirectory() || entry.isSymbolicLink() ? [entry.name] : [],
        )
      : [];
  const found = new Map<string, string>([['scenes', 'scenes']]);
  for (const [parent, shown] of [
    [join(projectFolder(), 'data'), 'data'],
    [dirname(path), relative(userPath('.'), dirname(path))],
  ] as const)
    for (const one of foldersIn(parent))
      if (one !== 'scenes') found.set(one, shown === '' ? one : join(shown, one));
  const near = nearest(name, [...found.keys()]);
  return near === undefined || near === name ? undefined : found.get(near);
}

/** Smaller caption files are read too fast for a progress bar. */
const large = 16e6; // bytes

function read(layout: Layout, path: string, options: OpenOptions): Promise<Dataset> {
  return readWithProgress((onBytes) => layout.read(path, onBytes), options);
}

function readTars(path: string, options: OpenOptions): Promise<Dataset> {
  return readWithProgress((onBytes) => readTarPattern(path, onBytes), options);
}

async function readWithProgress(
  work: (onBytes: OnProgress) => Promise<Dataset>,
  {progress, onProgress}: OpenOptions,
): Promise<Dataset> {
  const mega = (bytes: number): number => Math.round(bytes / 1e6);
  let bar: ShownProgress | undefined;
  let place = '';
  try {
    return await interruptible(
      (interrupt) =>
        work(async (done, total) => {
          place = `at ${mega(done)} of ${mega(total)} MB of captions`;
          await interrupt.pause();
          interrupt.throwIfRequested();
          await onProgress?.(done, total);
          if (total < large) return;
          bar ??= startProgress({progress}, 'Reading captions (MB)', mega(total));
          await bar.update(mega(done));
        }),
      {stopped: () => place, resumes: false},
    );
  } finally {
    await bar?.finish();
  }
}
