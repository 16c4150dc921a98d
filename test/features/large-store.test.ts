import {copyFileSync, cpSync, readFileSync, rmSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError, FeatureStore, type ImageFile} from 'captioner';
import {hashesOf, PlaceIndex} from 'captioner/dist/features/place-index';
import {readPlaces} from 'captioner/dist/features/place-file';
import {readShards} from 'captioner/dist/features/shard-index';
import {ShardCache} from 'captioner/dist/features/shard-cache';
import {expect} from 'chai';
import {temporaryFolder} from '../support';
import {colourEncoder, drawImages} from './colours';

const size = 4;

function valuesOf(store: FeatureStore, ids: readonly string[]): Float32Array {
  const features = store.read(ids);
  try {
    return features.dataSync<'float32'>();
  } finally {
    features.dispose();
  }
}

/** Changes bytes in the middle of a shard's header, but not its size. */
function damageHeader(folder: string, name: string): void {
  const bytes = readFileSync(join(folder, name));
  bytes.fill('#', 40, 80);
  writeFileSync(join(folder, name), bytes);
}

describe('A store that is larger than memory', () => {
  const source = temporaryFolder();
  let images: ImageFile[];
  let ids: string[];
  const folders = {pooled: temporaryFolder(), grid: temporaryFolder()};
  const copyOf = (kind: keyof typeof folders): string => {
    const to = temporaryFolder();
    cpSync(folders[kind], to, {recursive: true});
    return to;
  };

  before(async () => {
    images = await drawImages(source, 23);
    writeFileSync(images[9]!.file, 'broken');
    ids = images.map(({id}) => id).filter((_, at) => at !== 9);
    for (const kind of ['pooled', 'grid'] as const)
      await FeatureStore.build(colourEncoder(), images, folders[kind], {batch: 2, shard: size, kind});
  });

  for (const kind of ['pooled', 'grid'] as const)
    it(`opens without reading its shards, and reads those that are asked for (${kind})`, () => {
      const folder = copyOf(kind);
      damageHeader(folder, 'shard-00003.safetensors');
      const store = FeatureStore.open(folder);
      expect([store.size, store.kind, [...store.quarantined.keys()]]).to.deep.equal([
        22,
        kind,
        [images[9]!.id],
      ]);
      expect(images.map(({id}) => store.has(id))).to.deep.equal(images.map((_, at) => at !== 9));
      expect(images.map(({id}) => store.shardOf(id))).to.deep.equal(
        images.map((_, at) => (at === 9 ? undefined : Math.floor(at / size))),
      );
      const whole = ids.filter((id) => store.shardOf(id) !== 3);
      expect(valuesOf(store, whole)).to.deep.equal(valuesOf(FeatureStore.open(folders[kind]), whole));
      expect(() => store.read([images[12]!.id])).to.throw(
        CaptionerError,
        /shard-00003.*build the features again/,
      );
    });

  it('reads the headers of all shards where its index is missing, damaged or of other shards', () => {
    const expected = valuesOf(FeatureStore.open(folders.pooled), ids);
    const changes: ((folder: string) => void)[] = [
      (folder) => rmSync(join(folder, 'places.safetensors')),
      (folder) => writeFileSync(join(folder, 'places.safetensors'), 'nonsense'),
      (folder) => copyFileSync(join(folders.grid, 'places.safetensors'), join(folder, 'places.safetensors')),
    ];
    for (const change of changes) {
      const folder = copyOf('pooled');
      change(folder);
      expect(readPlaces(folder)).to.equal(undefined);
      expect(valuesOf(FeatureStore.open(folder), ids)).to.deep.equal(expected);
    }
    const folder = copyOf('pooled');
    rmSync(join(folder, 'shard-00005.safetensors'));
    expect(FeatureStore.open(folder).size).to.equal(19);
  });

  it('refuses a row that is another image than its index says', () => {
    const folder = copyOf('pooled');
    const bytes = readFileSync(join(folder, 'places.safetensors'));
    // The hashes of two images change places.
    const [one, other] = [bytes.subarray(-16, -8), bytes.subarray(-8)];
    writeFileSync(
      join(folder, 'places.safetensors'),
      Buffer.concat([bytes.subarray(0, -16), Buffer.from(other), Buffer.from(one)]),
    );
    const store = FeatureStore.open(folder);
    expect(() => store.read([ids.at(-1)!])).to.throw(
      CaptionerError,
      /expected image-22.png in row 1.*got image-21/,
    );
    expect(store.read([ids[0]!]).shape).to.deep.equal([1, 3]);
  });

  it('keeps no more rows in memory than it may, whatever is read', () => {
    const [first] = readShards(folders.pooled);
    const shard = size * first!.source.depth * 2;
    const cache = new ShardCache(folders.pooled, first!.source, 2 * shard);
    for (const number of [0, 1, 2, 0, 5, 4, 4, 3, 1, 0]) {
      const {rows, ids: own} = cache.rows(number);
      expect(rows.length).to.equal(own.length * first!.source.depth);
      expect(cache.bytes).to.be.at.most(2 * shard);
    }
    const narrow = new ShardCache(folders.pooled, first!.source, 1);
    expect([narrow.rows(1).rows.length, narrow.rows(4).rows.length, narrow.bytes]).to.deep.equal([
      12, 12, 24,
    ]);
  });

  it('has an index of eight bytes an image and little else', () => {
    const {size: bytes} = statSync(join(folders.pooled, 'places.safetensors'));
    expect(bytes).to.be.below(22 * 8 + 1500);
  });

  it('finds each of a hundred thousand ids, and no other', () => {
    const {source: origin} = readShards(folders.pooled)[0]!;
    const all = Array.from({length: 100_000}, (_, at) => `${String(at % 97).padStart(5, '0')}.tar/${at}.jpg`);
    expect(new Set(all.map((id) => hashesOf(id).join())).size).to.equal(all.length);
    const shards = Array.from({length: 391}, (_, number) => {
      const own = all.slice(number * 256, (number + 1) * 256).map((id) => ({id}));
      return {
        number: 2 * number,
        file: '',
        source: origin,
        images: own,
        rows: own.length,
        start: 0,
        checksum: '',
      };
    });
    const index = PlaceIndex.of(origin, shards, () => 1);
    expect(index.size).to.equal(all.length);
    for (const [at, id] of all.entries()) {
      const place = index.find(id);
      if (place?.shard !== 2 * Math.floor(at / 256) || place.row !== at % 256)
        expect.fail(`${id}: ${place?.shard}`);
    }
    expect(all.some((id) => index.find(`${id}x`) !== undefined)).to.equal(false);
  });
});
