import {join} from 'node:path';
import {expect} from 'chai';
import sharp from 'sharp';
import {projectRoot} from '../support';
import {inChromium} from './chromium';
import {choose, pixels, servePage, type Served} from './serve-page';

inChromium('The look of the page for your own images', 5 * 60_000, (path) => {
  let served: Served;
  before(async () => {
    served = await servePage(path);
  });
  after(() => served.close());

  it('lays the attention of the word under the pointer over the image', async () => {
    const {page} = await served.open();
    await choose(page, served.images[0]!);
    const words = page.locator('#caption button');
    const plain = await pixels(page);
    const seen = new Set([plain]);
    for (const at of [0, 1, 2]) {
      await words.nth(at).hover();
      seen.add(await pixels(page));
      const text = await words.nth(at).locator('b').textContent();
      expect(await page.locator('#explanation').textContent()).to.include(
        `“${text}”: attention is strongest`,
      );
    }
    expect(seen.size).to.equal(4);
    await page.mouse.move(1, 1);
    expect(await pixels(page)).to.equal(plain);
    // A press keeps it shown, another one does not.
    await words.nth(1).click();
    await page.mouse.move(1, 1);
    await page.locator('#run').focus();
    expect(await words.nth(1).getAttribute('aria-pressed')).to.equal('true');
    expect(await pixels(page)).to.not.equal(plain);
    await words.nth(1).click();
    await page.mouse.move(1, 1);
    await page.locator('#run').focus();
    expect(await pixels(page)).to.equal(plain);
    // Nothing moves under the pointer when a word is left.
    await page.setViewportSize({width: 375, height: 800});
    await words.nth(2).focus();
    await page.locator('summary').click();
    expect(await page.getByLabel('lengthPenalty').isVisible()).to.equal(true);
    await page.close();
  });

  it('leaves dark what the decoder does not see of an image', async () => {
    const {page} = await served.open();
    const wide = join(served.folder, 'wide.png');
    await sharp(served.images[0]).resize(400, 200, {fit: 'fill'}).toFile(wide);
    await choose(page, wide);
    /** Darkness at the left edge for each word. */
    const edges = async (): Promise<number[]> => {
      const found: number[] = [];
      for (const word of await page.locator('#caption button').all()) {
        await word.focus();
        const pixel = `document.getElementById('overlay').getContext('2d').getImageData(50, 100, 1, 1).data[3]`;
        found.push(await page.evaluate<number>(pixel));
      }
      return found;
    };
    expect(new Set(await edges()).size).to.be.above(1);
    await page.locator('#run').selectOption('centre');
    await page.getByText(/^Written by centre/).waitFor();
    expect(new Set(await edges())).to.deep.equal(new Set([Math.round(0.78 * 255)]));
    await page.close();
  });

  for (const [width, height] of [
    [375, 800],
    [1280, 900],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const)
      it(`fits ${width} pixels, ${colorScheme}`, async () => {
        const {page, complaints} = await served.open();
        await page.setViewportSize({width, height});
        await page.emulateMedia({colorScheme});
        const shoot = async (name: string): Promise<void> => {
          const file = join(projectRoot, '.build', 'serve', `${name}-${width}-${colorScheme}.png`);
          await page.screenshot({path: file, fullPage: true});
        };
        await shoot('empty');
        await choose(page, served.images[0]!);
        await page.locator('#caption button').nth(2).click();
        await shoot('caption');
        expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(width);
        // Whatever is pressed is large enough for a finger.
        for (const box of await page
          .locator('#caption button, .hypothesis, select, input[type=number]')
          .all()) {
          const size = await box.boundingBox();
          if (size) expect(size.height).to.be.at.least(40);
        }
        expect(complaints()).to.deep.equal([]);
        await page.close();
      });
});
