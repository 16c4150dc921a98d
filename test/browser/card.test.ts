import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import type {Browser} from 'playwright-core';
import sharp from 'sharp';
import type {CardContent, CardImage} from 'captioner/dist/card/blocks';
import {cardPage} from 'captioner/dist/card/page';
import {thumbnail, type Thumbnail} from 'captioner/dist/show/image';
import {temporaryFolder} from '../support';
import {inChromium, launch, visit} from './chromium';

const image = (id: string): CardImage => ({
  id,
  file: id,
  caption: 'a brown dog runs across the grass with a very_long_word_that_no_line_can_break_anywhere_at_all',
  references: ['a dog runs', 'the dog is running'],
  note: 'CIDEr-D 0.123',
});

const content: CardContent = {
  title: 'a-run-with-a-long-name-of-its-own-that-fills-a-line',
  lead: 'An image captioning model.',
  footer: 'Written today.',
  sections: [
    {
      title: 'Scores',
      blocks: [
        {kind: 'text', text: 'Free-running captions.'},
        {kind: 'scores', scores: [{name: 'CIDEr-D', value: 1.2, low: 1.1, high: 1.3}]},
        {kind: 'code', lines: [`npx captioner train ${'--set option=value '.repeat(10)}`]},
        {kind: 'table', rows: [{option: 'learningRate', value: 'x'.repeat(120), default: 0.001}]},
      ],
    },
    {title: 'Examples', blocks: [{kind: 'images', images: ['a.jpg', 'b.jpg', 'c.jpg'].map(image)}]},
  ],
};

interface Measured {
  readonly wide: number;
  readonly contrasts: readonly [text: string, contrast: number][];
}

inChromium('A card in a browser', 120_000, (path) => {
  let browser: Browser;
  let url: string;
  before(async () => {
    const pixels = await sharp({create: {width: 320, height: 200, channels: 3, background: '#3060c0'}})
      .png()
      .toBuffer();
    const shown: Thumbnail = await thumbnail(pixels, 320);
    const file = join(temporaryFolder(), 'card.html');
    writeFileSync(
      file,
      cardPage(content, () => shown),
    );
    url = pathToFileURL(file).href;
    browser = await launch(path);
  });
  after(() => browser.close());

  it('needs no script and nothing from elsewhere, and describes its images', async () => {
    const {page, complaints} = await visit(browser, url);
    const found = await page.evaluate(
      `({images: [...document.images].map(({alt, naturalWidth}) => [alt, naturalWidth]), scripts: document.scripts.length, headings: [...document.querySelectorAll('h1,h2')].map(({tagName}) => tagName).join(' ')})`,
    );
    expect(found).to.deep.equal({
      images: content.sections[1]!.blocks.flatMap((block) =>
        block.kind === 'images' ? block.images.map(({caption}) => [caption, 320]) : [],
      ),
      scripts: 0,
      headings: 'H1 H2 H2',
    });
    expect(complaints).to.deep.equal([]);
    await page.close();
  });

  for (const scheme of ['light', 'dark'] as const)
    for (const width of [1280, 375])
      it(`fits a ${scheme} screen of ${width} pixels, with text that stands out`, async () => {
        const {page} = await visit(browser, url);
        await page.emulateMedia({colorScheme: scheme});
        await page.setViewportSize({width, height: 900});
        const {wide, contrasts} = await page.evaluate<Measured>(contrastScript);
        expect(wide).to.be.at.most(width);
        expect(contrasts.length).to.be.greaterThan(10);
        expect(contrasts.filter(([, contrast]) => contrast < 4.5)).to.deep.equal([]);
        await page.close();
      });
});

/** The width of the page, and the contrast of each text to what is behind it (WCAG 2.2). */
const contrastScript = `(() => {
  const parse = (color) => { const [r, g, b, a = 1] = color.match(/[\\d.]+/g).map(Number); return {rgb: [r, g, b], a}; };
  const luminance = (rgb) => { const [r, g, b] = rgb.map((v) => { const s = v / 255; return s <= 0.03928 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4; }); return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const over = (top, a, below) => top.map((v, k) => a * v + (1 - a) * below[k]);
  const back = (node) => { for (let at = node; at; at = at.parentElement) { const {rgb, a} = parse(getComputedStyle(at).backgroundColor); if (a === 1) return rgb; } return [255, 255, 255]; };
  const opacity = (node) => { let all = 1; for (let at = node; at; at = at.parentElement) all *= Number(getComputedStyle(at).opacity); return all; };
  const contrasts = [];
  for (const node of document.querySelectorAll('main *')) {
    if (node.closest('svg') || ![...node.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim())) continue;
    const behind = back(node);
    const {rgb, a} = parse(getComputedStyle(node).color);
    const [one, other] = [luminance(over(rgb, a * opacity(node), behind)), luminance(behind)];
    contrasts.push([node.textContent.slice(0, 30), Math.round(100 * (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05)) / 100]);
  }
  return {wide: document.documentElement.scrollWidth, contrasts};
})()`;
