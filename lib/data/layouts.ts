/** The layouts of data sets that are recognised, and how whatever lies in a folder is opened. */
import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {home, userPath} from '../places';
import type {Dataset} from './dataset';
import {isFlickr8k, isKaggleFlickr8k, readFlickr8k, readKaggleFlickr8k} from './flickr8k';
import {drawScenes, isScenes, readScenes} from './scenes';

/** In the order in which they are tried. A new one is one more line. */
const layouts: readonly {
  name: string;
  found: (folder: string) => boolean;
  read: (folder: string) => Dataset;
}[] = [
  {name: 'drawn scenes (scenes.json)', found: isScenes, read: readScenes},
  {name: 'Flickr8k (Flickr8k.token.txt)', found: isFlickr8k, read: readFlickr8k},
  {name: 'Flickr8k as Kaggle has it (captions.txt)', found: isKaggleFlickr8k, read: readKaggleFlickr8k},
];

/**
 * Finds out which layout lies in a folder and reads it.
 *
 * @param folder A folder, relative to where the command was given; or `scenes`: the drawn scenes, drawn where they are
 *   not there yet.
 * @throws CaptionerError `not-found`, `dataset` (no known layout, no images) or `captions`.
 */
export async function openDataset(folder: string): Promise<Dataset> {
  if (folder === 'scenes' && !existsSync(userPath(folder))) {
    const scenes = join(home(), 'data', 'scenes');
    await drawScenes(scenes);
    return readScenes(scenes);
  }
  const path = userPath(folder);
  if (!existsSync(path)) throw new CaptionerError('not-found', `${path}: expected a folder, found nothing`);
  const layout = layouts.find(({found}) => found(path));
  if (layout) return layout.read(path);
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
