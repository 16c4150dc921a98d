import {join} from 'node:path';
import {expect} from 'chai';
import sharp from 'sharp';
import {CaptionerError, overlay, showAttention, showMaps} from 'captioner';
import {refusal, temporaryFolder} from '../support';
import {htmlOf, inKernel, printed, textOf} from './kernel';

const file = join(temporaryFolder(), 'grey.png');
before(() =>
  sharp({create: {width: 90, height: 60, channels: 3, background: '#808080'}})
    .png()
    .toFile(file),
);

/** Mean red, green and blue of a square part of an image. */
async function meanAt(image: Buffer, left: number, top: number, side = 30): Promise<number[]> {
  const {channels} = await sharp(
    await sharp(image).extract({left, top, width: side, height: side}).toBuffer(),
  ).stats();
  return channels.map(({mean}) => mean);
}

describe('overlay', () => {
  it('colours the cells of an image by their values', async () => {
    const image = await overlay(file, [0, 0, 0, 1], {size: 100, grid: false});
    const [low, high] = [await meanAt(image, 5, 5), await meanAt(image, 65, 65)];
    // Large values are bright and yellow, small ones dark, whatever the brightness of the image.
    expect(high[0]! - low[0]!).to.be.greaterThan(80);
    expect(high[0]!).to.be.greaterThan(high[2]! + 30);
    const {width, height} = await sharp(image).metadata();
    expect({width, height}).to.deep.equal({width: 100, height: 100});
  });

  it('scales to the range that is given, and draws the grid of the cells', async () => {
    const half = await meanAt(
      await overlay(file, [1, 1, 1, 1], {size: 100, range: [0, 2], grid: false}),
      40,
      40,
    );
    const whole = await meanAt(
      await overlay(file, [1, 1, 1, 1], {size: 100, range: [0, 1], grid: false}),
      40,
      40,
    );
    expect(whole[0]! - half[0]!).to.be.greaterThan(20);
    const lines = await overlay(file, [1, 1, 1, 1], {size: 100, range: [0, 4]});
    const across = await meanAt(lines, 50, 10, 1);
    expect(across[0]! - (await meanAt(lines, 25, 10, 5))[0]!).to.be.greaterThan(12);
  });

  it('refuses a map that is not square', async () => {
    expect((await refusal(overlay(file, [1, 2, 3]))).message).to.include('expected a square map');
  });
});

describe('showMaps and showAttention', () => {
  const attention = [Float32Array.of(0.1, 0.2, 0.3, 0.4), Float32Array.of(0.9, 0.05, 0.05, 0)];

  it('show the word as headline, and the scale of each', async () => {
    const words = {word: (id: number) => ['', '', '', '', 'a <b>', 'ball'][id]!};
    const [sent] = await inKernel(() => showAttention(file, {tokens: [4, 5], attention}, words));
    const html = htmlOf(sent);
    expect(html).to.include('a &#60;b&#62;').and.include('ball').and.include('linear-gradient');
    // Each word's colours end at its own highest weight, and begin at no attention.
    expect([...html.matchAll(/opacity:\.75">([\d.]+)</g)].map(([, value]) => value)).to.deep.equal([
      '0',
      '0.4',
      '0',
      '0.9',
    ]);
    expect(html.match(/<img/g)).to.have.length(2);
    expect(textOf(sent)).to.match(/^Attention for each word\na <b>:\nball:$/);
  });

  it('take words instead of a vocabulary, and say that a decoder has no attention', async () => {
    const [sent] = await inKernel(() => showAttention(file, {tokens: [9, 9], attention}, ['red', 'ball']));
    expect(htmlOf(sent)).to.include('red').and.include('ball');
    const text = await printed(() => showAttention(file, {tokens: [4]}, ['red']));
    expect(text).to.include('This decoder has no attention');
  });

  it('show maps of features with their lowest and highest value', async () => {
    const [sent] = await inKernel(() =>
      showMaps(file, [{label: 'feature 7', values: [-1, 0, 1, 2.5]}], {title: 'Maps'}),
    );
    expect(htmlOf(sent)).to.include('feature 7').and.include('>-1<').and.include('>2.5<').and.include('Maps');
    const error = await showMaps('nothing.jpg', [{label: 'a', values: [1]}]).catch(
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(CaptionerError).with.property('code', 'not-found');
  });
});
