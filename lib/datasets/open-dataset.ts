/** Opens data sets of any known layout. */
import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {interruptible} from '../interrupt';
import {projectFolder, userPath} from '../paths';
import {startProgress, type ProgressOptions, type ShownProgress} from '../show-progress';
import type {Dataset} from './dataset';
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
export interface OpenOptions extends ProgressOptions {
  /** Called with the number of bytes of the caption files read so far and in total. */
  readonly onProgress?: OnProgress;
}

/**
 * Detects the layout of a folder and reads its data set.
 *
 * @param folder Path of a folder, relative to the user's working folder; or `scenes` for the drawn scenes, which are drawn on first use.
 * @throws CaptionerError `not-found`, `dataset` (no known layout, no images) or `captions`; `stopped`
 */
export async function openDataset(folder: string, options: OpenOptions = {}): Promise<Dataset> {
  if (folder === 'scenes' && !existsSync(userPath(folder))) {
    const drawn = join(projectFolder(), 'data', 'scenes');
    await drawScenes(drawn, {}, options);
    return readScenes(drawn);
  }
  const path = userPath(folder);
  if (!existsSync(path)) throw new CaptionerError('not-found', `${path}: expected a folder, found nothing`);
  const layout = layouts.find(({found}) => found(path));
  if (layout) return read(layout, path, options);
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

/** Smaller caption files are read before anybody looks. */
const large = 16e6; // bytes

async function read(layout: Layout, path: string, {progress, onProgress}: OpenOptions): Promise<Dataset> {
  const mega = (bytes: number): number => Math.round(bytes / 1e6);
  let bar: ShownProgress | undefined;
  let place = '';
  try {
    return await interruptible(
      (interrupt) =>
        layout.read(path, async (done, total) => {
          place = `at ${mega(done)} of ${mega(total)} MB of captions`;
          await interrupt.pause();
          interrupt.throwIfRequested();
          await onProgress?.(done, total);
          if (total < large) return;
          bar ??= startProgress({progress}, 'Captions, MB', mega(total));
          await bar.update(mega(done));
        }),
      {stopped: () => place, resumes: false},
    );
  } finally {
    await bar?.finish();
  }
}
