import {spawn} from 'node:child_process';
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {
  type BuildProgress,
  CaptionerError,
  type Encoder,
  FeatureStore,
  type ImageFile,
  loadEncoder,
  openDataset,
  tf,
} from 'captioner';
import {formatSafetensors, parseSafetensors} from 'captioner/dist/files/safetensors';
import {lockFolder} from 'captioner/dist/files/lock';
import {expect} from 'chai';
import {flickr8k, refusal, temporaryFolder} from '../support';
import {colourEncoder, colourOf, drawImages} from './colours';

/** Values that the store gives, and no tensor left behind. */
function valuesOf(store: FeatureStore, ids: readonly string[]): Float32Array {
  const features = store.read(ids);
  const values = features.dataSync<'float32'>().slice();
  features.dispose();
  return values;
}

const idsOf = (images: readonly ImageFile[]): string[] => images.map(({id}) => id);

function expectSameFiles(one: string, other: string): void {
  expect(readdirSync(one).sort()).to.deep.equal(readdirSync(other).sort());
  for (const name of readdirSync(one))
    expect(readFileSync(join(one, name)).equals(readFileSync(join(other, name))), name).to.equal(true);
}

function flipByte(file: string, from: 'end' | 'middle'): void {
  const bytes = readFileSync(file);
  bytes[from === 'end' ? bytes.length - 1 : bytes.length >> 1]! ^= 1;
  writeFileSync(file, bytes);
}

describe('FeatureStore', () => {
  it('keeps pooled features in half precision, to be read in any order', async () => {
    const images = await drawImages(temporaryFolder(), 11);
    const encoder = colourEncoder();
    const store = await FeatureStore.build(encoder, {images}, temporaryFolder(), {batch: 4, shard: 3});
    expect([store.kind, store.size, store.depth, store.cells]).to.deep.equal(['pooled', 11, 3, 1]);
    expect(store.encoder).to.deep.equal({name: encoder.name, digest: encoder.digest});
    expect(store.preprocessing).to.deep.equal(encoder.preprocessing);

    const order = [7, 0, 10, 7, 3];
    const features = store.read(order.map((k) => `image-${k}.png`));
    expect([features.dtype, features.shape]).to.deep.equal(['float32', [5, 3]]);
    const values = [...features.dataSync()];
    features.dispose();
    for (const [at, value] of values.entries())
      expect(value).to.be.closeTo(colourOf(order[Math.floor(at / 3)]!)[at % 3]! / 255, 5e-4);
  });

  it('keeps grids, and reads their rows from the shards', async () => {
    const images = await drawImages(temporaryFolder(), 9);
    const folder = temporaryFolder();
    const store = await FeatureStore.build(colourEncoder(), images, folder, {kind: 'grid', shard: 4});
    const features = store.read(['image-8.png', 'image-1.png']);
    expect([store.kind, store.cells, features.shape]).to.deep.equal(['grid', 4, [2, 4, 3]]);
    features.dispose();
    const pooled = await FeatureStore.build(colourEncoder(), images, temporaryFolder());
    const grid = valuesOf(store, idsOf(images));
    const mean = valuesOf(pooled, idsOf(images));
    for (let k = 0; k < 9 * 4 * 3; k++)
      expect(grid[k]).to.be.closeTo(mean[Math.floor(k / 12) * 3 + (k % 3)]!, 1e-3);
  });

  it('does not run the network when there is nothing to do', async () => {
    const images = await drawImages(temporaryFolder(), 6);
    const folder = temporaryFolder();
    const encoder = colourEncoder();
    await FeatureStore.build(encoder, images, folder);
    const before = encoder.encoded;
    const files = readdirSync(folder).sort();
    const reports: (readonly [number, number])[] = [];
    const again = await FeatureStore.build(encoder, images, folder, {
      onProgress: (done, total) => void reports.push([done, total]),
    });
    expect(encoder.encoded).to.equal(before);
    expect(readdirSync(folder).sort()).to.deep.equal(files);
    expect(reports).to.deep.equal([[6, 6]]);
    expect(again.size).to.equal(6);
  });

  it('encodes what is new or changed, and nothing else', async () => {
    const imageFiles = temporaryFolder();
    const images = await drawImages(imageFiles, 8);
    const folder = temporaryFolder();
    const encoder = colourEncoder();
    await FeatureStore.build(encoder, images.slice(0, 6), folder, {batch: 2});
    expect(encoder.encoded).to.equal(6);
    writeFileSync(images[2]!.file, readFileSync(images[7]!.file)); // other bytes under the same name
    const store = await FeatureStore.build(encoder, images.slice(0, 7), folder, {batch: 2});
    expect(encoder.encoded).to.equal(8);
    const [changed] = valuesOf(store, ['image-2.png']);
    expect(changed).to.be.closeTo(colourOf(7)[0] / 255, 5e-4);
    expect(store.size).to.equal(7);
  });

  it('knows an image again under another name', async () => {
    const imageFiles = temporaryFolder();
    const images = await drawImages(imageFiles, 3);
    const folder = temporaryFolder();
    const encoder = colourEncoder();
    await FeatureStore.build(encoder, images, folder);
    const {encoded} = encoder;
    renameSync(images[1]!.file, join(imageFiles, 'renamed.png'));
    const renamed = {id: 'renamed.png', file: join(imageFiles, 'renamed.png')};
    const store = await FeatureStore.build(encoder, [images[0]!, renamed], folder);
    expect(encoder.encoded).to.equal(encoded);
    expect(valuesOf(store, ['renamed.png'])).to.deep.equal(valuesOf(store, ['image-1.png']));
  });

  it('is not confused when images change their names and contents at once', async () => {
    const imageFiles = temporaryFolder();
    const images = await drawImages(imageFiles, 9);
    const folder = temporaryFolder();
    const options = {batch: 2, shard: 3} as const;
    await FeatureStore.build(colourEncoder(), images.slice(0, 6), folder, options);
    // Each one's content moves on to the next, so every shard is written again from what others held.
    const contents = images.map(({file}) => readFileSync(file));
    for (const [at, {file}] of images.entries()) writeFileSync(file, contents[(at + 4) % 9]!);
    const store = await FeatureStore.build(colourEncoder(), images, folder, options);
    const fresh = await FeatureStore.build(colourEncoder(), images, temporaryFolder(), options);
    expect(valuesOf(store, idsOf(images))).to.deep.equal(valuesOf(fresh, idsOf(images)));
    expectSameFiles(store.folder, fresh.folder);
  });

  it('puts aside what cannot be read, and changes nothing for the others', async () => {
    const imageFiles = temporaryFolder();
    const images = await drawImages(imageFiles, 23);
    const clean = await FeatureStore.build(colourEncoder(), images, temporaryFolder(), {batch: 4, shard: 8});
    const half = readFileSync(images[0]!.file).subarray(0, 60);
    const bad = ['half.png', '__proto__', 'none.png'].map((id) => ({id, file: join(imageFiles, id)}));
    writeFileSync(bad[0]!.file, half);
    writeFileSync(bad[1]!.file, '<svg xmlns="http://www.w3.org/2000/svg"/>');
    const mixed = [images[0]!, bad[0]!, ...images.slice(1, 9), bad[1]!, ...images.slice(9), bad[2]!];
    const folder = temporaryFolder();
    const progress: BuildProgress[] = [];
    const store = await FeatureStore.build(colourEncoder(), mixed, folder, {
      batch: 4,
      shard: 8,
      onProgress: (_done, _total, _note, state) => void progress.push(state),
    });
    expect(valuesOf(store, idsOf(images))).to.deep.equal(valuesOf(clean, idsOf(images)));
    expect([...store.quarantined.keys()]).to.have.members(['half.png', '__proto__', 'none.png']);
    expect(store.quarantined.get('__proto__')).to.equal('expected JPEG, PNG, WebP, GIF, got something else');
    expect(store.quarantined.get('none.png')).to.equal('expected an image, found nothing');
    expect(readFileSync(join(folder, 'quarantine.json'), 'utf8')).to.include(
      '"half.png": "cannot be decoded: ',
    );
    expect(progress.at(-1)!.quarantined).to.equal(3);
    expect(progress.at(-1)!.imagesPerSecond).to.be.above(0);
    expect(store.has('half.png')).to.equal(false);
    expect(() => store.read(['half.png']))
      .to.throw(CaptionerError, 'expected features of half.png, found none (cannot be decoded: ')
      .with.property('code', 'not-found');
  });

  it('forgets the features of an image that can no longer be read, and the reason once it can', async () => {
    const images = await drawImages(temporaryFolder(), 4);
    const folder = temporaryFolder();
    const whole = readFileSync(images[1]!.file);
    await FeatureStore.build(colourEncoder(), images, folder);
    writeFileSync(images[1]!.file, 'broken');
    const without = await FeatureStore.build(colourEncoder(), images, folder);
    expect([without.has('image-1.png'), without.quarantined.size]).to.deep.equal([false, 1]);
    const other = await FeatureStore.build(colourEncoder(), images.slice(2), folder);
    expect(other.quarantined.size).to.equal(1); // it was not asked for this time
    writeFileSync(images[1]!.file, whole);
    const mended = await FeatureStore.build(colourEncoder(), images, folder);
    expect([mended.has('image-1.png'), mended.quarantined.size]).to.deep.equal([true, 0]);
  });

  it('stops when not a single image can be read', async () => {
    const folder = temporaryFolder();
    const images = [{id: 'a.jpg', file: join(folder, 'a.jpg')}];
    const error = await refusal(FeatureStore.build(colourEncoder(), images, join(folder, 'store')));
    expect([error.code, error.message.replaceAll(folder, '')]).to.deep.equal([
      'image',
      'expected images to encode, but none of 1 can be read (/a.jpg: expected an image, found nothing)',
    ]);
  });

  it('refuses features of another encoder, other weights or another kind', async () => {
    const images = await drawImages(temporaryFolder(), 2);
    const folder = temporaryFolder();
    const encoder = colourEncoder();
    await FeatureStore.build(encoder, images, folder);
    const others: readonly (readonly [Encoder, 'pooled' | 'grid'])[] = [
      [{...encoder, name: 'other'}, 'pooled'],
      [colourEncoder('b'.repeat(64)), 'pooled'],
      [{...encoder, preprocessing: {...encoder.preprocessing, fit: 'crop'}}, 'pooled'],
      [encoder, 'grid'],
    ];
    for (const [other, kind] of others) {
      const error = await refusal(FeatureStore.build(other, images, folder, {kind}));
      expect(error.code).to.equal('mismatch');
      expect(error.message).to.match(/expected features with \w+ .*, got .*; use another folder$/);
    }
    expect(FeatureStore.open(folder).size).to.equal(2);
  });

  it('refuses damaged shards, and encodes their images again once they are gone', async () => {
    for (const kind of ['pooled', 'grid'] as const) {
      const images = await drawImages(temporaryFolder(), 6);
      const folder = temporaryFolder();
      const clean = valuesOf(
        await FeatureStore.build(colourEncoder(), images, folder, {kind, shard: 2}),
        idsOf(images),
      );
      const shard = join(folder, 'shard-00001.safetensors');

      flipByte(shard, 'end');
      expect(() => FeatureStore.open(folder).read(['image-2.png']))
        .to.throw(CaptionerError, 'remove that file and build the features again')
        .with.property('code', 'checksum');
      valuesOf(FeatureStore.open(folder), ['image-0.png', 'image-5.png']); // the others are untouched
      truncateSync(shard, statSync(shard).size - 1);
      expect(() => FeatureStore.open(folder))
        .to.throw(CaptionerError, shard)
        .with.property('code', 'truncated');
      const encoder = colourEncoder();
      const mended = await FeatureStore.build(encoder, images, folder, {kind, shard: 2, batch: 2});
      expect(encoder.encoded).to.equal(2);
      expect(valuesOf(mended, idsOf(images))).to.deep.equal(clean);
    }
  });

  it('refuses shards that are none, of a newer format, or of another store', async () => {
    const images = await drawImages(temporaryFolder(), 4);
    const folder = temporaryFolder();
    await FeatureStore.build(colourEncoder(), images, folder, {shard: 2});
    const file = join(folder, 'shard-00001.safetensors');
    const whole = readFileSync(file);
    const {tensors, metadata} = parseSafetensors(whole, file);
    const content = JSON.parse(metadata.get('features')!) as {
      version: number;
      source: object;
      images: object[];
    };
    const written = (changed: object): Uint8Array => {
      const notes = new Map(metadata).set('features', JSON.stringify({...content, ...changed}));
      return formatSafetensors(tensors, notes);
    };
    const cases = [
      [formatSafetensors(tensors), 'header'],
      [written({version: 3}), 'version'],
      [written({images: [{}]}), 'header'],
      [written({images: content.images.slice(1)}), 'shape'],
      [written({source: {...content.source, depth: 4}}), 'shape'],
      [written({source: {...content.source, encoder: {name: 'other', digest: ''}}}), 'mismatch'],
    ] as const;
    for (const [bytes, code] of cases) {
      writeFileSync(file, bytes);
      expect(() => FeatureStore.open(folder))
        .to.throw(CaptionerError, file)
        .with.property('code', code);
      expect((await refusal(FeatureStore.build(colourEncoder(), images, folder))).code).to.equal(code);
      expect(readFileSync(file).equals(bytes)).to.equal(true);
    }
    writeFileSync(file, whole);
    expect(FeatureStore.open(folder).size).to.equal(4);
    expect(() => FeatureStore.open(join(folder, 'none')))
      .to.throw(CaptionerError, 'expected a feature store')
      .with.property('code', 'not-found');
  });

  it('says in index.json whose features these are, and where each image lies', async () => {
    const images = await drawImages(temporaryFolder(), 5);
    const folder = temporaryFolder();
    const encoder = colourEncoder();
    await FeatureStore.build(encoder, images, folder, {kind: 'grid', shard: 2});
    const index = JSON.parse(readFileSync(join(folder, 'index.json'), 'utf8')) as Record<string, unknown>;
    const {name, digest, preprocessing} = encoder;
    expect(index).to.deep.include({encoder: {name, digest}, preprocessing, kind: 'grid', cells: 4, depth: 3});
    const places = index['images'] as {id: string; shard: number; row: number}[];
    expect(places.map(({id, shard, row}) => [id, shard, row])).to.deep.equal([
      ['image-0.png', 0, 0],
      ['image-1.png', 0, 1],
      ['image-2.png', 1, 0],
      ['image-3.png', 1, 1],
      ['image-4.png', 2, 0],
    ]);
    const shard = parseSafetensors(readFileSync(join(folder, 'shard-00001.safetensors')), 'shard');
    expect(shard.tensors.get('grid')).to.deep.include({dtype: 'F16', shape: [2, 4, 3]});
  });

  it('is the same store whoever computed which part of it, to the byte', async () => {
    const imageFiles = temporaryFolder();
    const images = await drawImages(imageFiles, 23);
    writeFileSync(images[9]!.file, 'broken');
    const options = {batch: 2, shard: 4} as const;
    const whole = await FeatureStore.build(colourEncoder(), images, temporaryFolder(), options);
    const merged = temporaryFolder();
    for (const number of [3, 1, 2]) {
      const part = temporaryFolder();
      const encoder = colourEncoder();
      // Once more, as if it had been stopped: what is there is not computed again.
      for (let run = 0; run < 2; run++)
        await FeatureStore.build(encoder, images, part, {...options, part: {number, of: 3}});
      expect(encoder.encoded).to.be.below(14);
      for (const name of readdirSync(part)) copyFileSync(join(part, name), join(merged, name));
    }
    expect(valuesOf(FeatureStore.open(merged), ['image-0.png'])).to.have.length(3);
    const encoder = colourEncoder();
    await FeatureStore.build(encoder, images, merged, options);
    rmSync(join(merged, 'index.json'));
    await FeatureStore.build(encoder, images, merged, options);
    expect(encoder.encoded).to.equal(0);
    expectSameFiles(merged, whole.folder);
    const wrong = await refusal(FeatureStore.build(encoder, images, merged, {part: {number: 4, of: 3}}));
    expect(wrong.code).to.equal('options');
  });

  it('is filled by one process at a time', async () => {
    const images = await drawImages(temporaryFolder(), 2);
    const folder = temporaryFolder();
    const lock = lockFolder(folder);
    const error = await refusal(FeatureStore.build(colourEncoder(), images, folder));
    expect(error.code).to.equal('locked');
    lock.release();
    await FeatureStore.build(colourEncoder(), images, folder);
    const other = lockFolder(folder);
    expect((await FeatureStore.build(colourEncoder(), images, folder)).size).to.equal(2); // nothing to write
    other.release();
  });

  it('refuses features that are not numbers, and options that are not known', async () => {
    const images = await drawImages(temporaryFolder(), 3);
    const encoder = colourEncoder();
    const broken: Encoder = {
      ...encoder,
      encode: () => ({grid: tf.fill([16, 4, 3], NaN), pooled: tf.fill([16, 3], NaN)}),
    };
    const error = await refusal(FeatureStore.build(broken, images, temporaryFolder()));
    expect([error.code, error.message]).to.deep.equal([
      'diverged',
      'cell-colours: expected features that half precision can hold, got NaN for image-0.png',
    ]);
    const wrong = {batches: 3} as object;
    expect((await refusal(FeatureStore.build(encoder, images, temporaryFolder(), wrong))).message).to.include(
      'feature store: unknown option `batches`; did you mean `batch`?',
    );
  });

  it('leaves no tensor behind', async () => {
    const images = await drawImages(temporaryFolder(), 10);
    const before = tf.memory().numTensors;
    const store = await FeatureStore.build(colourEncoder(), images, temporaryFolder(), {batch: 3});
    for (let k = 0; k < 20; k++) valuesOf(store, idsOf(images));
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('loses at most one shard to a kill, and ends as if there had been none', async function () {
    this.timeout(240_000);
    const shard = 4;
    const imageFiles = temporaryFolder();
    const images = await drawImages(imageFiles, 64);
    const clean = await FeatureStore.build(colourEncoder(), images, temporaryFolder(), {batch: 2, shard});
    const folder = temporaryFolder();
    const child = join(__dirname, 'build-slowly.js');
    let stored = 0;
    let kills = 0;
    for (; kills < 5; kills++) {
      const run = spawn(process.execPath, [child, imageFiles, '64', folder, `${shard}`], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      let encoded = stored;
      run.stdout.on('data', (text: Buffer) => (encoded = Number(text.toString().trim().split('\n').at(-1))));
      const ended = new Promise((resolve) => run.on('exit', resolve));
      while (encoded < stored + 5 + kills && run.exitCode === null) await pause(3);
      await pause(kills * 7); // at another point each time
      run.kill('SIGKILL');
      await ended;
      stored = readdirSync(folder).some((name) => name.startsWith('shard-'))
        ? FeatureStore.open(folder).size
        : 0;
      expect(stored, `of ${encoded} encoded`).to.be.within(encoded - shard, 64);
    }
    const encoder = colourEncoder();
    writeFileSync(join(folder, '.shard-00003.safetensors.1-2.tmp'), 'half');
    const store = await FeatureStore.build(encoder, images, folder, {batch: 2, shard});
    expect(encoder.encoded).to.equal(64 - stored);
    expectSameFiles(store.folder, clean.folder);
  });

  it('gives photographs the same features whatever was encoded with them', async function () {
    const photographs = flickr8k();
    if (photographs === undefined) {
      console.log('      skipped: FLICKR8K names no folder with photographs');
      return this.skip();
    }
    this.timeout(120_000);
    const encoder = await loadEncoder('efficientnet-lite2');
    const images = (await openDataset(photographs)).images.slice(0, 33);
    const together = await FeatureStore.build(encoder, images, temporaryFolder());
    expect([together.size, together.depth]).to.deep.equal([33, 1280]);
    const parts = temporaryFolder();
    for (const [from, to] of [
      [0, 1],
      [1, 20],
      [20, 33],
    ])
      await FeatureStore.build(encoder, images.slice(from, to), parts, {shard: 7});
    const ids = idsOf(images);
    expect(valuesOf(FeatureStore.open(parts), ids)).to.deep.equal(valuesOf(together, ids));
    encoder.dispose();
  });
});
