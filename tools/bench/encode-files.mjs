/** Our side of encode-files: a feature store of JPEG files as large as photographs usually are in datasets. */
import {mkdirSync, mkdtempSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {tmpdir} from 'node:os';
import {basename, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import sharp from 'sharp';
import {serve} from './serve.mjs';

const require = createRequire(import.meta.url);
const {ofSplit} = require('captioner/dist/datasets/dataset');
const {FeatureStore} = require('captioner/dist/features/store');
const {drawScenes, readScenes} = require('captioner/dist/datasets/synthetic/scenes');
const {loadEncoder} = require('captioner/dist/encoders/registry');

const {batch, files, width} = require('./encode-efficientnet-lite2.json');
const photographs = fileURLToPath(new URL('../../.build/bench-files', import.meta.url));
const temporary = mkdtempSync(join(tmpdir(), 'captioner-bench-'));
process.on('exit', () => rmSync(temporary, {recursive: true, force: true}));
process.on('SIGTERM', () => process.exit(0));

await drawScenes(join(temporary, 'scenes'), {train: files, validation: 0, test: 0});
rmSync(photographs, {recursive: true, force: true});
mkdirSync(photographs, {recursive: true});
const images = ofSplit(readScenes(join(temporary, 'scenes')), 'train').map(({id, file}) => ({
  id,
  scene: file,
  file: join(photographs, basename(file)),
}));
await Promise.all(
  images.map(({scene, file}) => sharp(scene).resize({width}).jpeg({quality: 92}).toFile(file)),
);
const encoder = await loadEncoder('efficientnet-lite2');

let round = 0;
serve('images a second', async () => {
  const store = await FeatureStore.build(encoder, images, join(temporary, `store-${round++}`), {batch});
  if (!images.every(({id}) => store.has(id))) throw new Error('expected features of every image');
  return images.length;
});
