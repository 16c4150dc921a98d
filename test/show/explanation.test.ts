import {join} from 'node:path';
import {Captioner, drawScenes, explain, explanationPage, showExplanation, type Explanation} from 'captioner';
import {mapOf, resample, scaleOf, shrink, signUri} from 'captioner/dist/show/signed-map';
import {expect} from 'chai';
import sharp from 'sharp';
import {saveToyCheckpoint} from '../checkpoints/toy';
import {refusal, temporaryFolder} from '../support';
import {htmlOf, inKernel, textOf} from './kernel';
import {dropped, jupyterSanitizer} from './sanitizer';

const map = (values: readonly number[], width: number): Parameters<typeof shrink>[0] => ({
  values: Float32Array.from(values),
  width,
  height: values.length / width,
});

/** Pixels of a PNG in a data URI. */
async function pixelsOf(uri: string): Promise<number[][]> {
  const {data} = await sharp(Buffer.from(uri.replace(/^.*?,/, ''), 'base64'))
    .ensureAlpha()
    .raw()
    .toBuffer({resolveWithObject: true});
  return Array.from({length: data.length / 4}, (_, at) => [...data.subarray(4 * at, 4 * at + 4)]);
}

describe('A signed map', () => {
  it('is resampled to the means of areas, also where cells do not fit', () => {
    expect([...resample(map([1, 3, 5, 7], 4), 2, 1).values]).to.deep.equal([2, 6]);
    expect([...resample(map([1, 3, 5, 7], 2), 1, 1).values]).to.deep.equal([4]);
    const thirds = [...resample(map([0, 3], 2), 3, 1).values];
    for (const [at, value] of [0, 1.5, 3].entries()) expect(thirds[at]).to.be.closeTo(value, 1e-6);
    // The mean of all stays, whatever the sizes.
    const random = Array.from({length: 10 * 7}, (_, at) => Math.sin(at * at));
    const mean = (values: Iterable<number>): number =>
      [...values].reduce((sum, value) => sum + value, 0) / [...values].length;
    expect(mean(resample(map(random, 10), 3, 5).values)).to.be.closeTo(mean(random), 1e-6);
  });

  it('shrinks to a longest side and never grows', () => {
    const {width, height} = shrink(map(Array<number>(24).fill(1), 6), 3);
    expect([width, height]).to.deep.equal([3, 2]);
    const small = map([1, 2, 3, 4], 2);
    expect(shrink(small, 3)).to.equal(small);
  });

  it('has a scale that a single pixel of many does not set', () => {
    expect(scaleOf(map([-4, 1, 2], 3))).to.equal(2);
    expect(scaleOf(map([0, 0, -0.5], 3))).to.equal(0.5);
    expect(scaleOf(map([...Array<number>(999).fill(0.1), 50], 1000))).to.be.closeTo(0.1, 1e-6);
    expect(scaleOf(map([0, 0], 2))).to.equal(0);
  });

  it('draws each sign in its colour, the largest values opaque', async () => {
    const [support, oppose] = await Promise.all(
      (['support', 'oppose'] as const).map((sign) => signUri(map([1, 0, -0.5, 0.5], 2), 1, sign)),
    );
    const [one, none, other, half] = (await pixelsOf(support!)) as [number[], number[], number[], number[]];
    expect(one[0]).to.be.greaterThan(one[2]! + 100);
    expect([none[3], other[3]]).to.deep.equal([0, 0]);
    expect(half[3]! / one[3]!).to.be.closeTo(0.5, 0.05);
    const [, , blue] = await pixelsOf(oppose!);
    expect(blue![2]).to.be.greaterThan(blue![0]! + 100);
    expect(await signUri(map([1, 1], 2), 1, 'oppose')).to.equal(undefined);
  });

  it('is the part of its word', () => {
    const maps = {values: Float32Array.of(1, 2, 3, 4), shape: [2, 1, 2] as const};
    expect([...mapOf(maps, 1).values]).to.deep.equal([3, 4]);
  });
});

describe('showExplanation', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const image = join(folder, 'drawn', 'test-0001.jpg');
  let captioner: Captioner;
  let signed: Explanation;
  let unsigned: Explanation;
  before(async () => {
    await drawScenes(join(folder, 'drawn'), {train: 0, validation: 0, test: 10});
    await saveToyCheckpoint(join(folder, 'checkpoint'), join(folder, 'drawn'), {kind: 'attention'});
    captioner = await Captioner.load(join(folder, 'checkpoint'), {size: 96});
    const caption = 'a red ball';
    signed = await explain(captioner, image, {method: 'saliency', absolute: false, caption});
    unsigned = await explain(captioner, image, {method: 'saliency', caption});
  });
  after(() => captioner.dispose());

  it('has a map of each word and method, switches, and a matrix', async () => {
    const [sent] = await inKernel(() => showExplanation([signed, unsigned], image, {title: 'Why?'}));
    const page = htmlOf(sent);
    for (const name of ['y0-0', 'y0-2', 'y1-2']) expect(page).to.match(new RegExp(`class="y ${name}"`));
    expect(page).to.include('>saliency 1<').and.include('>saliency 2<').and.include('Why?');
    expect(page.match(/<th scope="row">/g)).to.have.length(6);
    expect(page).not.to.include('<script');
    expect(textOf(sent)).to.match(
      /^Why “a red ball”\? \(saliency 1\)\n {2}a [<\d ]+%.*supported most by the (top|bottom|left|right|middle)/,
    );
  });

  it('shows images and texts where style sheets are removed, and of them nothing is lost', async () => {
    const [sent] = await inKernel(() => showExplanation(unsigned, image));
    const page = htmlOf(sent);
    const strip = page.slice(page.lastIndexOf('<', page.indexOf('class="strip"')));
    expect(strip.match(/src="data:image\/jpeg/g)).to.have.length(3);
    expect([...dropped(strip, jupyterSanitizer())]).to.deep.equal([]);
    expect(page.slice(0, page.indexOf('<div class="strip"'))).to.match(
      /<div class="explorer" hidden="hidden">/,
    );
  });

  it('escapes words, and keeps displays of the same caption apart', async () => {
    const hostile = {
      ...unsigned,
      captionWords: ['<i>', '"x"', '&'],
      words: unsigned.words.map((word, at) => ({...word, word: ['<i>', '"x"', '&'][at]!})),
    };
    const pages = await Promise.all([1, 2].map(() => explanationPage(hostile, image)));
    expect(pages[0]).not.to.match(/<i>[^<]|""x/);
    const names = pages.map((page) => /class="(why-[\w-]+)"/.exec(page)![1]);
    expect(names[0]).not.to.equal(names[1]);
  });

  it('stays small: maps are shrunk', async () => {
    const page = await explanationPage([signed, unsigned], image);
    expect(page.length).to.be.below(250_000);
  });

  it('refuses explanations of different words, and none', async () => {
    const other = await explain(captioner, image, {
      method: 'saliency',
      caption: 'a red ball',
      words: ['ball'],
    });
    const {code, message} = await refusal(explanationPage([signed, other], image));
    expect(code).to.equal('options');
    expect(message).to.include('expected explanations of the same words');
    expect((await refusal(explanationPage([], image))).message).to.include('got none');
    const missing = await refusal(explanationPage(signed, join(folder, 'nothing.jpg')));
    expect(missing.code).to.equal('not-found');
  });
});
