import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {crc32, deflateSync} from 'node:zlib';
import {
  type Captioned,
  Captioner,
  CaptionerError,
  createDecoder,
  drawScenes,
  type Failed,
  FeatureStore,
  loadEncoder,
  type Sampled,
  saveCheckpoint,
  tf,
  Vocabulary,
} from 'captioner';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';
import {captionBatch} from 'captioner/dist/evaluation/evaluate';
import {expect} from 'chai';
import {refusal, temporaryFolder} from './support';

/** A small PNG that says it is 50,000 pixels wide and high. */
function bomb(): Buffer {
  const header = Buffer.from([0, 0, 0xc3, 0x50, 0, 0, 0xc3, 0x50, 8, 2, 0, 0, 0]);
  const chunk = (type: string, data: Buffer): Buffer => {
    const body = Buffer.concat([Buffer.from(type), data]);
    const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
    length.writeUInt32BE(data.length);
    sum.writeUInt32BE(crc32(body) >>> 0);
    return Buffer.concat([length, body, sum]);
  };
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const pixels = chunk('IDAT', deflateSync(Buffer.alloc(150_001)));
  return Buffer.concat([signature, chunk('IHDR', header), pixels, chunk('IEND', Buffer.alloc(0))]);
}

describe('Captioner', () => {
  const folder = temporaryFolder();
  const checkpoint = join(folder, 'checkpoint');
  let captioner: Captioner;
  let imageFiles: string[];

  before(async () => {
    await drawScenes(join(folder, 'drawn'), {train: 0, validation: 0, test: 20});
    const {images} = readScenes(join(folder, 'drawn'));
    imageFiles = images.map(({file}) => file);
    const vocabulary = Vocabulary.from(
      images.flatMap(({captions}) => captions),
      {minimumCount: 1},
    );
    // Nothing was learnt, but what an image shows decides what is said all the same.
    const decoder = createDecoder('lstm', vocabulary.size, 1280, {units: 32, embedding: 16});
    const loaded = await loadEncoder('efficientnet-lite2');
    const {name, digest, preprocessing} = loaded;
    loaded.dispose();
    const encoder = {name, digest, preprocessing};
    await saveCheckpoint(checkpoint, {decoder, vocabulary, encoder});
    const stranger = {...encoder, digest: 'f'.repeat(64)};
    await saveCheckpoint(join(folder, 'stranger'), {decoder, vocabulary, encoder: stranger});
    decoder.dispose();
    captioner = await Captioner.load(checkpoint);
  });
  after(() => captioner.dispose());

  const said = (results: readonly (Captioned | Failed)[]): string[] =>
    results.map((result) => ('error' in result ? expect.fail(result.error.message) : result.caption));

  it('gives one result for each file, in their order, however many there are', async () => {
    const all = await captioner.caption(imageFiles, {beams: 2});
    expect(all.map(({file}) => file)).to.deep.equal(imageFiles);
    for (const [at, file] of imageFiles.entries())
      expect(said(await captioner.caption([file], {beams: 2}))).to.deep.equal([said(all)[at]]);
    expect(await captioner.caption([])).to.deep.equal([]);
  });

  it('gives the hypotheses of the search, the best first, in words', async () => {
    const [result] = (await captioner.caption(imageFiles.slice(0, 1), {beams: 4})) as [Captioned];
    expect(result.hypotheses.length).to.equal(4);
    expect(result.hypotheses[0]!.caption).to.equal(result.caption);
    const scores = result.hypotheses.map(({score}) => score);
    expect(scores).to.deep.equal([...scores].sort((a, b) => b - a));
  });

  it('writes the words that are forced, and none that is banned', async () => {
    const files = imageFiles.slice(0, 4);
    const [first] = said(await captioner.caption(files, {beams: 1}))[0]!.split(' ');
    const words = captioner.vocabulary.toJSON().words.filter((word) => word !== first && /^\w+$/.test(word));
    const requiredPhrases = [words.slice(20, 22).join(' '), words[5]!];
    for (const caption of said(
      await captioner.caption(files, {beams: 4, requiredPhrases, suppressWords: [first!]}),
    )) {
      for (const phrase of requiredPhrases) expect(` ${caption} `).to.include(` ${phrase} `);
      expect(` ${caption} `).to.not.include(` ${first} `);
    }
    const error = await captioner
      .caption(files, {requiredPhrases: ['a unicorn']})
      .catch((reason: CaptionerError) => reason);
    expect((error as CaptionerError).code).to.equal('options');
    expect((error as CaptionerError).message).to.include('"unicorn"');
  });

  it('draws captions at random, others for every image and sample, the same for a seed', async () => {
    const options = {samples: 3, maximumLength: 6};
    const drawn = (await captioner.sample(imageFiles, options)) as Sampled[];
    expect(drawn.map(({file}) => file)).to.deep.equal(imageFiles);
    const captions = drawn.map(({samples}) => samples.map(({caption}) => caption));
    for (const own of captions) expect(own).to.have.length(3);
    expect(new Set(captions.flat()).size).to.be.above(50);
    const again = (await captioner.sample(imageFiles, options)) as Sampled[];
    expect(again.map(({samples}) => samples.map(({caption}) => caption))).to.deep.equal(captions);
    // Images are encoded in groups, but numbered through.
    const [last] = (await captioner.sample(imageFiles.slice(-1), {...options, first: 19})) as [Sampled];
    expect(last.samples.map(({caption}) => caption)).to.deep.equal(captions.at(-1));
    // One that can't be read changes nothing of what is drawn for the others.
    const withGap = await captioner.sample(['/nowhere.jpg', ...imageFiles.slice(1, 3)], options);
    expect((withGap[0] as Failed).error.code).to.equal('not-found');
    for (const at of [1, 2])
      expect((withGap[at] as Sampled).samples.map(({caption}) => caption)).to.deep.equal(captions[at]);
    const [missing] = (await captioner.sample(['/nowhere.jpg'], options)) as [Failed];
    expect(missing.error.code).to.equal('not-found');
  });

  it('takes the content of files as well as their paths', async () => {
    const [first, second] = imageFiles as [string, string];
    const inMemory = [first, second].map((file, at) => ({name: `image ${at}`, bytes: readFileSync(file)}));
    const fromFiles = (await captioner.caption([first, second])) as Captioned[];
    const named = fromFiles.map((result, at) => ({...result, file: `image ${at}`}));
    expect(await captioner.caption(inMemory)).to.deep.equal(named);
    // A view of a larger buffer, as a notebook may cut one out of a response.
    const whole = new Uint8Array([1, 2, 3, ...inMemory[0]!.bytes, 4]);
    const view = {name: 'view', bytes: whole.subarray(3, -1)};
    const mixed = await captioner.caption([second, view, {name: 'none', bytes: new Uint8Array()}], {
      beams: 2,
    });
    expect(said(mixed.slice(0, 2))).to.deep.equal(said(await captioner.caption([second, first], {beams: 2})));
    expect((mixed[2] as Failed).error.message).to.equal('none: expected an image, got an empty file');
    const [drawn] = (await captioner.sample([view], {samples: 2})) as [Sampled];
    const [fromFile] = (await captioner.sample([first], {samples: 2})) as [Sampled];
    expect(drawn).to.deep.equal({...fromFile, file: 'view'});
  });

  it('takes bytes without a name, beside paths and named ones', async () => {
    const [first, second, third] = imageFiles as [string, string, string];
    const bytes = new Uint8Array(readFileSync(first));
    const results = await captioner.caption([bytes, second, readFileSync(third), {name: 'four', bytes}]);
    expect(results.map(({file}) => file)).to.deep.equal(['image 1', second, 'image 3', 'four']);
    const fromFiles = await captioner.caption([first, second, third, first]);
    expect(said(results)).to.deep.equal(said(fromFiles));
    const [broken, whole] = await captioner.caption([bytes.subarray(0, 300), bytes]);
    expect((broken as Failed).error.message).to.match(/^image 1: cannot be decoded: /);
    expect(said([whole!])).to.deep.equal(said(fromFiles.slice(0, 1)));
  });

  it('refuses what is neither a path nor bytes, before any work', async () => {
    const [first] = imageFiles as [string];
    const bytes = readFileSync(first);
    const wrong: readonly (readonly [unknown, RegExp])[] = [
      [first, /^Expected a list of images, got a string; put it in a list/],
      [bytes, /^Expected a list of images, got a Buffer; put it in a list/],
      [undefined, /^Expected a list of images, got undefined$/],
      [[first, 5], /got a number \(image 2 of 2\)$/],
      [[null], /got null \(image 1 of 1\)$/],
      [[undefined], /got undefined/],
      [[[first]], /got an Array/],
      [[new URL('file:///photo.jpg')], /got an URL/],
      [[new Uint8Array(bytes).buffer], /got an ArrayBuffer .*; wrap it: new Uint8Array\(buffer\)$/],
      [[new Float32Array(4)], /got a Float32Array/],
      [[new Blob([])], /got a Blob/],
      [[{bytes}], /got an object/],
      [[{name: 'photo', bytes: 'text'}], /got an object/],
      [[Promise.resolve(first)], /got a Promise/],
    ];
    for (const [images, message] of wrong)
      for (const call of [
        () => captioner.caption(images as string[]),
        () => captioner.sample(images as string[]),
        () => captioner.encode(images as string[]),
      ]) {
        const error = await refusal(call());
        expect(error.code).to.equal('options');
        expect(error.message).to.match(message);
      }
  });

  it('computes the features that its captions come from', async () => {
    const [first, second] = imageFiles as [string, string];
    const before = tf.memory().numTensors;
    const features = await captioner.encode([first, {name: 'second', bytes: readFileSync(second)}]);
    expect(features.shape).to.deep.equal([2, 1280]);
    const captions = captioner.captionFeatures(features).map(({caption}) => caption);
    expect(captions).to.deep.equal(said(await captioner.caption([first, second])));
    features.dispose();
    const broken = {name: 'broken', bytes: readFileSync(first).subarray(0, 500)};
    const error = await captioner.encode([first, broken]).catch((reason: CaptionerError) => reason);
    expect((error as CaptionerError).message).to.match(/^broken: cannot be decoded: /);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('says of an image what it says of its stored features', async () => {
    const {images} = readScenes(join(folder, 'drawn'));
    const store = await FeatureStore.build(captioner.encoder, images, join(folder, 'features'));
    const stored = captionBatch(captioner, store, images, {beams: 1});
    const fresh = said(await captioner.caption(imageFiles, {beams: 1}));
    // Stored features are rounded to half precision, which a decoder that knows nothing may notice once in a while.
    expect(fresh.filter((caption, at) => caption === stored[at]).length).to.be.at.least(18);
  });

  it('captions good images beside those that it can not read', async () => {
    const spoilt = join(folder, 'spoilt');
    mkdirSync(spoilt);
    const whole = readFileSync(imageFiles[0]!);
    const files = {
      'half.jpg': whole.subarray(0, whole.length / 2),
      'words.jpg': Buffer.from('no image'),
      'nothing.jpg': Buffer.alloc(0),
      'bomb.png': bomb(),
    };
    for (const [name, bytes] of Object.entries(files)) writeFileSync(join(spoilt, name), bytes);
    const bad = [...Object.keys(files), 'missing.jpg'].map((name) => join(spoilt, name));
    const results = await captioner.caption([imageFiles[3]!, ...bad, imageFiles[4]!]);
    const good = said(await captioner.caption([imageFiles[3]!, imageFiles[4]!]));
    expect(said([results[0]!, results.at(-1)!])).to.deep.equal(good);
    for (const [at, file] of bad.entries()) {
      const {error} = results[at + 1] as Failed;
      expect(error).to.be.instanceOf(CaptionerError);
      expect([error.code, error.message.includes(file)], error.message).to.deep.equal([
        file.endsWith('missing.jpg') ? 'not-found' : 'image',
        true,
      ]);
    }
    expect((results[4] as Failed).error.message).to.match(/pixels/);
    expect(said(await captioner.caption(imageFiles.slice(0, 1))).length).to.equal(1);
    expect((await captioner.caption(bad.slice(0, 1))).length).to.equal(1);
  });

  it('leaves no tensor behind in a hundred captions', async () => {
    const before = tf.memory().numTensors;
    for (let time = 0; time < 5; time++) await captioner.caption(imageFiles, {beams: 3});
    await captioner.caption(['/nowhere.jpg']);
    await captioner.sample(imageFiles, {samples: 2});
    await captioner.caption(imageFiles.slice(0, 1), {beams: 0}).catch(() => undefined);
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('refuses a checkpoint of another encoder, and what is none', async () => {
    const before = tf.memory().numTensors;
    for (const [name, code] of [
      ['stranger', 'mismatch'],
      ['drawn', 'not-found'],
      ['nowhere', 'not-found'],
    ] as const) {
      const error = await Captioner.load(join(folder, name)).catch((reason: CaptionerError) => reason);
      expect([
        (error as CaptionerError).code,
        (error as CaptionerError).message.includes(name),
      ]).to.deep.equal([code, true]);
    }
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('refuses search options that make no sense', async () => {
    const error = await captioner
      .caption(imageFiles.slice(0, 1), {beams: 0})
      .catch((reason: CaptionerError) => reason);
    expect((error as CaptionerError).code).to.equal('options');
  });
});
