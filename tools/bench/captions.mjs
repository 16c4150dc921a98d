/** Captions that both sides of the benchmarks of metrics score: of Flickr8k where FLICKR8K names it, else of the drawn scenes. */
import {mkdirSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {dirname, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const {openDataset} = createRequire(import.meta.url)('captioner');
const file = fileURLToPath(new URL('../../.build/bench-captions.json', import.meta.url));
const images = 1000;

/** @returns {Promise<{candidates: string[], references: string[][]}>} 1,000 images with five references each, also written to a file. */
export async function captionsToScore() {
  const folder = process.env.FLICKR8K;
  const dataset = await openDataset(folder ? resolve(folder) : 'scenes');
  const all = dataset.images.map(({captions}) => captions.slice(0, 5)).filter(({length}) => length === 5);
  const references = Array.from({length: images}, (_, at) => all[at % all.length]);
  const words = (at, from, to) => references[at % images][0].split(' ').slice(from, to);
  // Half right, as captions of a decoder are: the beginning of one's own and the end of another's.
  const candidates = references.map((_, at) => [...words(at, 0, 6), ...words(at + 1, 6)].join(' '));
  mkdirSync(dirname(file), {recursive: true});
  writeFileSync(file, JSON.stringify({candidates, references}));
  return {candidates, references};
}
