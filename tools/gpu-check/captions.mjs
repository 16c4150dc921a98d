/** Captions of drawn scenes by the bundled checkpoint. */
import {createRequire} from 'node:module';
import {join} from 'node:path';

const {Captioner, drawScenes, openDataset} = createRequire(import.meta.url)('captioner');

const count = Number(process.argv[2]);
const folder = join(process.env.CAPTIONER_OUTPUT, `scenes-${count}`);
await drawScenes(folder, {train: 1, validation: 1, test: count}, {progress: false});
const dataset = await openDataset(folder);
const files = dataset.images.filter(({split}) => split === 'test').map(({file}) => file);
const captioner = await Captioner.load(join(process.env.CAPTIONER_HOME, 'checkpoints', 'flickr8k'));
const start = performance.now();
const captions = await captioner.caption(files, {progress: false});
console.log(
  JSON.stringify({
    seconds: (performance.now() - start) / 1000,
    captions: captions.map(({caption}) => caption),
  }),
);
process.exit(0);
