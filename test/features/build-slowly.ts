/** Run as a process of its own, to be killed: fills a store with a slow encoder and prints how many images are done. */
import {writeSync} from 'node:fs';
import {join} from 'node:path';
import {FeatureStore} from 'captioner/dist/features/store';
import {colourEncoder} from './colours';

const [source = '', count = '', folder = '', shard = '', part = '1', of = '1'] = process.argv.slice(2);
const images = Array.from({length: Number(count)}, (_, k) => ({
  id: `image-${k}.png`,
  file: join(source, `image-${k}.png`),
}));
void FeatureStore.build(colourEncoder(undefined, 20), images, folder, {
  batch: 2,
  shard: Number(shard),
  part: {number: Number(part), of: Number(of)},
  onProgress: (done) => void writeSync(1, `${done}\n`),
});
