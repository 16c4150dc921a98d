import {join} from 'node:path';
import {expect} from 'chai';
import sharp from 'sharp';
import {drawCaption, legendSvg, openCanvas} from 'captioner/dist/training/tensorboard/captioned-image';
import {temporaryFolder} from '../../support';

describe('Captioned images', () => {
  const file = join(temporaryFolder(), 'wide.png');
  before(() =>
    sharp({create: {width: 600, height: 300, channels: 3, background: '#3060c0'}})
      .png()
      .toFile(file),
  );

  it('show the whole image, and its caption below in the same place each time', async () => {
    const canvas = await openCanvas(file);
    const [one, other] = await Promise.all([
      drawCaption(canvas, {caption: 'a dog', label: 'epoch 1'}),
      drawCaption(canvas, {caption: 'a dog runs on the grass', previous: 'a dog', label: 'epoch 2'}),
    ]);
    expect([one.width, one.height]).to.deep.equal([other.width, other.height]);
    const pixels = await Promise.all(
      [one, other].map(({bytes}) => sharp(bytes).removeAlpha().raw().toBuffer()),
    );
    const rows = ({bytes: _, width}: typeof one, from: number, to: number, at: number): Buffer =>
      pixels[at]!.subarray(from * width * 3, to * width * 3);
    // The image is blue in the middle; below it there is ink, and not the same in both.
    const middle = rows(one, 160, 161, 0);
    expect([...middle.subarray(480, 483)].map((value) => Math.round(value / 16))).to.deep.equal([3, 6, 12]);
    const texts = [0, 1].map((at) => rows(one, 321, one.height, at));
    for (const text of texts) expect(text.some((value) => value < 80)).to.equal(true);
    expect(texts[0]!.equals(texts[1]!)).to.equal(false);
  });

  it('mark the words that the caption before lacks, and break lines between words', () => {
    const svg = legendSvg(
      {
        caption: 'a brown dog runs across the wet green grass in the park',
        previous: 'a dog runs',
        label: 'epoch 2',
      },
      320,
    );
    const marked = [...svg.matchAll(/<tspan fill="[^"]+" font-weight="bold">([^<]*)/g)].map(
      ([, word]) => word,
    );
    expect(marked).to.deep.equal('brown across the wet green grass in the park'.split(' '));
    const lines = [...svg.matchAll(/<text[^>]*font-size="16"[^>]*>(.*?)<\/text>/g)].map(([, line]) =>
      line!.replace(/<[^>]*>/g, ''),
    );
    expect(lines.length).to.be.within(2, 3);
    expect(lines.join(' ')).to.equal('a brown dog runs across the wet green grass in the park');
  });

  it('keep to three lines, whatever the caption', async () => {
    const canvas = await openCanvas(file);
    const captions = [
      '',
      'word '.repeat(200),
      'w'.repeat(500),
      '<b>&"\'\u0000</text>',
      '狗'.repeat(100),
      'é 🐕 ñ',
    ];
    for (const caption of captions) {
      const svg = legendSvg({caption, label: 'epoch 1'}, 320);
      expect(svg.match(/font-size="16"/g)!.length, caption).to.be.within(1, 3);
      expect((await drawCaption(canvas, {caption, label: 'epoch 1'})).height).to.be.greaterThan(320);
    }
    expect(legendSvg({caption: 'word '.repeat(200), label: ''}, 320)).to.match(/…<\/tspan><\/text><\/svg>$/);
    expect(legendSvg({caption: '', label: ''}, 320)).to.include('(no words)');
  });
});
