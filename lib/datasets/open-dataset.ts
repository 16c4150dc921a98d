/** Opens data sets of any known layout. */
import {existsSync, readdirSync, statSync} from 'node:fs';
import {basename, join} from 'node:path';
import {CaptionerError} from '../errors';
import {projectFolder, userPath} from '../paths';
import {recordFact} from '../report-record';
import type {Dataset} from './dataset';
import {fingerprint} from './fingerprint';
import type {OnProgress} from './assemble-dataset';
import {coco} from './layouts/coco';
import {flickr30k, kaggleFlickr30k} from './layouts/flickr30k';
import {flickr8k, kaggleFlickr8k} from './layouts/flickr8k';
import {karpathy} from './layouts/karpathy';
import type {Layout} from './layouts/layout';
import {custom} from './layouts/custom';
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
];

/** Options of `openDataset`. */
export interface OpenOptions {
  /** Called with the number of bytes of the caption files read so far and in total. */
  readonly onProgress?: OnProgress;
}

/**
 * Detects the layout of a folder and reads its data set.
 *
 * @param folder Path of a folder, relative to the user's working folder; or `scenes` for the drawn scenes, which are drawn on first use.
 * @throws CaptionerError `not-found`, `dataset` (no known layout, no images) or `captions`.
 */
export async function openDataset(folder: string, options: OpenOptions = {}): Promise<Dataset> {
  const dataset = await readDataset(folder, options);
  recordFact('Data', () => describeData(dataset));
  return dataset;
}

function describeData(dataset: Dataset): string {
  const captions = dataset.images.reduce((sum, image) => sum + image.captions.length, 0);
  const counts = [`${dataset.images.length} images`, `${captions} captions`];
  return [basename(dataset.folder), ...counts, `fingerprint ${fingerprint(dataset).slice(0, 12)}`].join(', ');
}

async function readDataset(folder: string, {onProgress}: OpenOptions): Promise<Dataset> {
  if (folder === 'scenes' && !existsSync(userPath(folder))) {
    const drawn = join(projectFolder(), 'data', 'scenes');
    await drawScenes(drawn);
    return readScenes(drawn);
  }
  const path = userPath(folder);
  if (!existsSync(path)) throw new CaptionerError('not-found', `${path}: expected a folder, found nothing`);
  const layout = layouts.find(({found}) => found(path));
  if (layout) return layout.read(path, onProgress);
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
