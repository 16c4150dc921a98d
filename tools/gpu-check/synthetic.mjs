/** A dataset as large as wanted, drawn by a seed: features as they would lie on disk, and captions as long as people's. */
import {mkdirSync, rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';

const require = createRequire(import.meta.url);
const {FeatureStore, Vocabulary} = require('captioner');
const {writeShard} = require('captioner/dist/features/shard');

const [depth, cells] = [1280, 49];
const shardImages = 512;

/** A generator of numbers from 0 up to `limit`, a 32-bit xorshift. */
function numbers(seed) {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

/**
 * @param {'pooled' | 'grid'} kind
 * @param {number} images Training images; a sixth as many are added for validation.
 * @returns {Promise<{dataset, features, vocabulary}>} Parts of a trainer.
 */
export async function syntheticData(folder, kind, images) {
  const draw = numbers(2024);
  const entry = (at, split) => ({
    id: `${split}-${at}.jpg`,
    file: join(folder, `${split}-${at}.jpg`),
    split,
    captions: Array.from({length: 5}, () => caption(draw)),
  });
  const all = [
    ...Array.from({length: images}, (_, at) => entry(at, 'train')),
    ...Array.from({length: Math.ceil(images / 6)}, (_, at) => entry(at, 'validation')),
  ];
  const dataset = {
    layout: 'synthetic',
    folder,
    images: all,
    rejected: [],
    missing: [],
    unassigned: [],
    unreferenced: [],
  };
  const store = join(folder, kind);
  rmSync(store, {recursive: true, force: true});
  mkdirSync(store, {recursive: true});
  const source = {
    encoder: {name: 'synthetic', digest: '0'.repeat(64)},
    preprocessing: {
      size: 224,
      fit: 'stretch',
      interpolation: 'cubic',
      mean: [127, 127, 127],
      std: [128, 128, 128],
    },
    kind,
    cells: kind === 'pooled' ? 1 : cells,
    depth,
  };
  const size = source.cells * depth;
  // Bits of numbers from 2 ** -6 to 2 in half precision. An image's features are a stretch of them.
  const pool = Uint16Array.from({length: 2 * size}, () => 0x2400 + draw(0x1c00));
  for (let first = 0; first < all.length; first += shardImages) {
    const part = all.slice(first, first + shardImages);
    const rows = part.map(() => pool.subarray(draw(size), size * 2).subarray(0, size));
    await writeShard(
      store,
      first / shardImages,
      source,
      part.map(({id}) => ({id})),
      rows,
    );
  }
  const captions = all.filter(({split}) => split === 'train').flatMap((image) => image.captions);
  return {
    dataset,
    features: FeatureStore.open(store),
    vocabulary: Vocabulary.from(captions, {minimumCount: 1}),
  };
}

/** 6 to 17 words of 3,000, the first ones most often. */
function caption(draw) {
  return Array.from(
    {length: 6 + draw(12)},
    () => `word${Math.floor(3000 * (draw(65536) / 65536) ** 3)}`,
  ).join(' ');
}
