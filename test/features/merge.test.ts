import {spawn} from 'node:child_process';
import {cpSync, existsSync, readdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError, FeatureStore, type ImageFile} from 'captioner';
import {mergeShards, shardsOfParts} from 'captioner/dist/features/merge';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';
import {colourEncoder, drawImages} from './colours';

const [size, of] = [4, 3];

function expectSameFiles(one: string, other: string): void {
  expect(readdirSync(one).sort()).to.deep.equal(readdirSync(other).sort());
  for (const name of readdirSync(one))
    expect(readFileSync(join(one, name)).equals(readFileSync(join(other, name))), name).to.equal(true);
}

describe('Merging the parts of a feature store', () => {
  const folder = temporaryFolder();
  const whole = join(folder, 'whole');
  /** Three parts of six shards; the last shard is shorter, and one image is unreadable. */
  const parts = Array.from({length: of}, (_, part) => join(folder, `part-${part + 1}`));
  let images: ImageFile[];
  let ids: string[];

  before(async () => {
    images = await drawImages(folder, 23);
    writeFileSync(images[9]!.file, 'broken');
    ids = images.map(({id}) => id);
    const options = {batch: 2, shard: size} as const;
    await FeatureStore.build(colourEncoder(), images, whole, options);
    for (const [at, part] of parts.entries())
      await FeatureStore.build(colourEncoder(), images, part, {...options, part: {number: at + 1, of}});
  });

  const merge = (folders: readonly string[], to: string): Promise<void> =>
    mergeShards(shardsOfParts(folders, ids, size), to);
  const refused = (folders: readonly string[]): CaptionerError => {
    try {
      shardsOfParts(folders, ids, size);
    } catch (error) {
      if (error instanceof CaptionerError) return error;
      throw error;
    }
    return expect.fail('was not refused');
  };
  const copyOf = (part: string): string => {
    const to = temporaryFolder();
    cpSync(part, to, {recursive: true});
    return to;
  };

  it('gives the bytes of the store that one machine computes, in any order of the parts', async () => {
    for (const order of [parts, [...parts].reverse()]) {
      const to = temporaryFolder();
      await merge(order, to);
      expectSameFiles(to, whole);
      const encoder = colourEncoder();
      await FeatureStore.build(encoder, images, to, {shard: size});
      expect(encoder.encoded).to.equal(0);
    }
  });

  it('names a shard that is missing, in the middle and at the end', async () => {
    for (const [at, name] of ['shard-00000', 'shard-00001', 'shard-00002'].entries()) {
      const error = refused(parts.filter((_, part) => part !== at));
      expect(error.code).to.equal('not-found');
      expect(error.message).to.match(/expected all 6 shards of 23 images/);
      expect(error.message).to.include(name);
    }
    const last = copyOf(parts[2]!);
    rmSync(join(last, 'shard-00005.safetensors'));
    expect(refused([parts[0]!, parts[1]!, last]).message).to.include('shard-00005.safetensors;');
    const empty = temporaryFolder();
    expect(refused([empty, ...parts]).message).to.include(`${empty}: expected a feature store`);
    // A part that has nothing to do is none that is missing.
    const idle = temporaryFolder();
    await FeatureStore.build(colourEncoder(), images, idle, {shard: size, part: {number: 7, of: 7}});
    expect(shardsOfParts([idle, ...parts], ids, size)).to.have.length(6);
  });

  it('refuses a shard that is there twice, even with the same bytes', () => {
    const {code, message} = refused([...parts, copyOf(parts[1]!)]);
    expect(code).to.equal('mismatch');
    expect(message).to.match(/shard-00001.*: expected each shard once, and .*part-2.*shard-00001/);
    expect(refused([...parts, parts[1]!]).message).to.match(/name each folder once/);
  });

  it('refuses shards of another encoder, another preprocessing or another kind', async () => {
    const options = {batch: 2, shard: size, part: {number: 2, of}} as const;
    const usual = colourEncoder();
    const cropping = {...usual, preprocessing: {...usual.preprocessing, fit: 'crop' as const}};
    for (const [other, kind, key] of [
      [colourEncoder('b'.repeat(64)), 'pooled', 'encoder'],
      [cropping, 'pooled', 'preprocessing'],
      [usual, 'grid', 'kind'],
    ] as const) {
      const part = temporaryFolder();
      await FeatureStore.build(other, images, part, {...options, kind});
      const {code, message} = refused([parts[0]!, part, parts[2]!]);
      expect(code).to.equal('mismatch');
      expect(message).to.match(
        new RegExp(`^${part}/shard-00001.*features with ${key} .*compute this part again`),
      );
    }
  });

  it('refuses shards of other images, and a part that was stopped', async () => {
    const options = {batch: 2, shard: size, part: {number: 2, of}} as const;
    const other = temporaryFolder();
    await FeatureStore.build(colourEncoder(), [...images].reverse(), other, options);
    expect(refused([parts[0]!, other, parts[2]!]).message).to.match(
      /expected the images image-4.png to image-7.png \(4\) of the dataset, got image-18.png to image-15.png \(4\)/,
    );
    const more = [...images, {id: 'more.png', file: images[0]!.file}];
    const longer = temporaryFolder();
    await FeatureStore.build(colourEncoder(), more, longer, {...options, part: {number: 3, of}});
    expect(refused([parts[0]!, parts[1]!, longer]).message).to.match(/shard-00005/);
    const stopped = temporaryFolder();
    await FeatureStore.build(colourEncoder(), images.slice(0, 6), stopped, options);
    expect(refused([parts[0]!, stopped, parts[2]!]).message).to.match(/shard-00004/);
    const whole = temporaryFolder();
    await FeatureStore.build(colourEncoder(), images.slice(0, 22), whole, {shard: size});
    expect(refused([whole]).message).to.match(/shard-00005.*expected 3 images, got 2.*was stopped/);
  });

  it('finds damage while it copies, resumes after it, and writes over no other features', async () => {
    const damaged = copyOf(parts[2]!);
    const file = join(damaged, 'shard-00005.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    const to = temporaryFolder();
    const error = await refusal(merge([parts[0]!, parts[1]!, damaged], to));
    expect([error.code, error.message.includes(file)]).to.deep.equal(['checksum', true]);
    // As a killed process leaves it.
    writeFileSync(join(to, '.shard-00005.safetensors.1-2.tmp'), 'half');
    expect(existsSync(join(to, 'index.json'))).to.equal(false);
    await merge(parts, to);
    expectSameFiles(to, whole);

    const other = temporaryFolder();
    await FeatureStore.build(colourEncoder('b'.repeat(64)), images, other, {shard: size});
    expect((await refusal(merge(parts, other))).message).to.match(/expected a folder without other features/);
  });

  it('ends as if there had been no kill -9 of a worker that was started again', async function () {
    this.timeout(120_000);
    const source = temporaryFolder();
    const many = await drawImages(source, 40);
    const clean = temporaryFolder();
    await FeatureStore.build(colourEncoder(), many, clean, {batch: 2, shard: size});
    const [killed, other] = [temporaryFolder(), temporaryFolder()];
    const work = (part: number, to: string): ReturnType<typeof spawn> =>
      spawn(
        process.execPath,
        [join(__dirname, 'build-slowly.js'), source, '40', to, `${size}`, `${part}`, '2'],
        {stdio: ['ignore', 'pipe', 'inherit']},
      );
    const ended = (worker: ReturnType<typeof spawn>): Promise<unknown> =>
      new Promise((done) => worker.on('close', (code, signal) => done(signal ?? code)));
    const first = work(1, killed);
    first.stdout!.setEncoding('utf8').on('data', (text: string) => {
      if (text.split('\n').some((line) => Number(line) >= 8)) first.kill('SIGKILL');
    });
    expect(await ended(first)).to.equal('SIGKILL');
    expect(await ended(work(2, other))).to.equal(0);
    expect(() =>
      shardsOfParts(
        [killed, other],
        many.map(({id}) => id),
        size,
      ),
    ).to.throw(CaptionerError, 'run the parts again that did not end');
    expect(await ended(work(1, killed))).to.equal(0);
    const to = temporaryFolder();
    const names = many.map(({id}) => id);
    await mergeShards(shardsOfParts([killed, other], names, size), to);
    expectSameFiles(to, clean);
  });
});
