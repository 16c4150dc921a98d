/** Painting over parts of an image and explaining words, on the page of `captioner serve`. */
import {expect} from 'chai';
import type {Page} from 'playwright-core';
import {inChromium} from './chromium';
import {captionOf, choose, pixels, servePage, type Served} from './serve-page';

inChromium('Painting and explaining on the page for your own images', 5 * 60_000, (path) => {
  let served: Served;
  before(async () => {
    served = await servePage(path);
  });
  after(() => served.close());

  const done = (page: Page): Promise<void> => page.getByText(/^Written by/).waitFor();

  /** Paints over most of the image, from its middle outwards. */
  async function paint(page: Page): Promise<void> {
    await page.locator('#canvases').scrollIntoViewIfNeeded();
    const {x, y, width, height} = (await page.locator('#image').boundingBox())!;
    await page.mouse.move(x + 0.1 * width, y + 0.45 * height);
    await page.mouse.down();
    for (let at = 0; at <= 16; at++)
      await page.mouse.move(x + (at % 2 === 0 ? 0.85 : 0.15) * width, y + (0.4 + 0.035 * at) * height, {
        steps: 12,
      });
    await page.mouse.up();
  }

  it('captions what is left of the image, marks what changed, and goes back', async () => {
    const {page, complaints} = await served.open();
    await choose(page, served.images[0]!);
    const [first, whole] = [await captionOf(page), await pixels(page)];
    await page.getByRole('button', {name: 'Paint over a part'}).click();
    const replied = page.waitForResponse((response) => response.url().includes('api/caption'));
    await paint(page);
    const asked = new URL((await replied).url());
    expect(asked.searchParams.get('before')).to.equal(first);
    expect(asked.searchParams.get('hidden')).to.match(/^[01]{576}$/);
    await done(page);
    expect(await pixels(page)).not.to.equal(whole);
    const second = await captionOf(page);
    expect(second).not.to.equal(first);
    const changed = await page.locator('.word.changed b').allTextContents();
    expect(changed.length).to.be.greaterThan(0);
    for (const word of changed) expect(second.split(' ')).to.include(word);
    expect(await page.locator('#before').innerText()).to.equal(`before: ${first}`);
    await page.getByRole('button', {name: 'Show all again'}).click();
    await done(page);
    expect(await captionOf(page)).to.equal(first);
    expect(await page.locator('.word.changed').count()).to.equal(0);
    expect(await page.locator('#before').isVisible()).to.equal(false);
    expect(complaints()).to.deep.equal([]);
    await page.close();
  });

  it('paints with the keyboard', async () => {
    const {page} = await served.open();
    await choose(page, served.images[0]!);
    await page.getByRole('button', {name: 'Paint over a part'}).press('Enter');
    await page.locator('#canvases').focus();
    const before = await pixels(page);
    await page.keyboard.press('ArrowUp');
    expect(await pixels(page)).not.to.equal(before);
    const replied = page.waitForResponse((response) => response.url().includes('hidden='));
    await page.keyboard.press('Space');
    expect(new URL((await replied).url()).searchParams.get('hidden')!.match(/1/g)).to.have.length(9);
    await page.close();
  });

  it('explains each word by a method that is chosen', async () => {
    const {page, complaints} = await served.open();
    await page.locator('#run').selectOption('plain');
    await page.getByText('plain is ready').waitFor();
    await choose(page, served.images[0]!);
    const plain = await pixels(page);
    await page.locator('#caption button').nth(0).hover();
    expect(await pixels(page)).to.equal(plain);
    await page.locator('#method').selectOption('saliency');
    await page.getByText(/^Explained in/).waitFor();
    const maps = new Set([plain]);
    for (const at of [0, 1]) {
      await page.locator('#caption button').nth(at).hover();
      maps.add(await pixels(page));
    }
    expect(maps.size).to.equal(3);
    expect(await page.locator('#explanation').innerText()).to.match(/: most of what speaks for it is /);
    expect(await page.locator('#lowest').innerText()).to.equal('matters little');
    await page.locator('#method').selectOption('');
    await page.locator('h1').hover();
    expect(await pixels(page)).to.equal(plain);
    expect(complaints()).to.deep.equal([]);
    await page.close();
  });
});
