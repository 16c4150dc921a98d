/** A process that sends itself SIGINT in the middle of long work, and prints how that ended, and how long after, as JSON. */
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {
  createDecoder,
  drawScenes,
  FeatureStore,
  loadEncoder,
  openDataset,
  scoreCaptions,
  Scorer,
  type ShowProgress,
  Vocabulary,
} from 'captioner';
import {searchCaptions} from 'captioner/dist/evaluation/evaluate';
import {download} from 'captioner/dist/files/download';
import {colourEncoder} from './features/colours';

let pressed = 0;

/** Presses Ctrl-C once, when so much is done. */
function press(done: number, at: number): void {
  if (pressed > 0 || done < at) return;
  pressed = performance.now();
  process.kill(process.pid, 'SIGINT');
}

const pressAt =
  (at: number): ShowProgress =>
  () => ({update: (done) => Promise.resolve(press(done, at)), finish: () => Promise.resolve()});

async function scenesIn(folder: string): ReturnType<typeof openDataset> {
  return openDataset(join(folder, 'scenes'));
}

const works: Readonly<Record<string, (...args: string[]) => Promise<unknown>>> = {
  features: (source, count, folder) => {
    const images = Array.from({length: Number(count)}, (_, k) => {
      const id = `image-${k}.png`;
      return {id, file: join(source, id)};
    });
    const progress = pressAt(6);
    return FeatureStore.build(colourEncoder(undefined, 60), images, folder, {batch: 2, shard: 16, progress});
  },
  download: (address, path) =>
    download(address, path, {insecure: true, timeout: 20_000, onProgress: (done) => press(done, 200_000)}),
  draw: (folder) => drawScenes(join(folder, 'drawn'), {}, {progress: pressAt(20)}),
  read: async (folder) => {
    const {images} = await scenesIn(folder);
    const own = join(folder, 'own');
    await drawScenes(own, {train: 2, validation: 0, test: 0});
    const lines = Array.from(
      {length: 400_000},
      (_, k) => `train-000${1 + (k % 2)}.jpg,${images[k % 40]!.captions[0]}`,
    );
    writeFileSync(join(own, 'captions.csv'), `image,caption\n${lines.join('\n')}\n`);
    const {rmSync} = await import('node:fs');
    rmSync(join(own, 'scenes.json'));
    return openDataset(own, {progress: pressAt(1)});
  },
  caption: async (folder) => {
    const {images} = await scenesIn(folder);
    const encoder = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 96}});
    const store = await FeatureStore.build(encoder, images, join(folder, 'features'), {});
    const vocabulary = Vocabulary.from(images.flatMap(({captions}) => captions));
    const decoder = createDecoder('lstm', vocabulary.size, store.depth, {units: 512});
    const many = Array.from({length: 400}, (_, k) => images[k % images.length]!);
    return searchCaptions({decoder, vocabulary}, store, many, {beams: 10, progress: pressAt(64)});
  },
  scorer: async (folder) => {
    const {images} = await scenesIn(folder);
    const many = Array.from({length: 4000}, (_, k) => images[k % images.length]!.captions);
    return Scorer.create(many, {progress: pressAt(100)});
  },
  score: async (folder) => {
    const {images} = await scenesIn(folder);
    const many = Array.from({length: 2000}, (_, k) => images[k % images.length]!);
    const scorer = await Scorer.create(
      many.map(({captions}) => captions),
      {meteor: false},
    );
    setImmediate(() => press(1, 1));
    return scoreCaptions(
      many.map(({captions}) => captions[1]!),
      many,
      {scorer},
    );
  },
};

async function main(): Promise<void> {
  const [what, ...args] = process.argv.slice(2);
  const end = await works[what!]!(...args).then(
    () => ({code: 'ended', message: ''}),
    ({code, message}: {code?: string; message: string}) => ({code, message}),
  );
  console.log(JSON.stringify({...end, milliseconds: performance.now() - pressed}));
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
