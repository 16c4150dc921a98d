/** Exploring an explanation as its readers do: by mouse, by finger and by keyboard, in a page that allows no scripts. */
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {Captioner, drawScenes, explain, explanationPage} from 'captioner';
import {expect} from 'chai';
import type {Browser, BrowserContextOptions, Page} from 'playwright-core';
import {saveToyCheckpoint} from '../checkpoints/toy';
import {temporaryFolder} from '../support';
import {inChromium, launch, visit} from './chromium';

inChromium('The explorer of an explanation', 120_000, (path) => {
  const folder = temporaryFolder();
  const file = join(folder, 'why.html');
  const url = pathToFileURL(file).href;
  let browser: Browser;
  before(async () => {
    const drawn = join(folder, 'drawn');
    await drawScenes(drawn, {train: 0, validation: 0, test: 10});
    await saveToyCheckpoint(join(folder, 'checkpoint'), drawn, {kind: 'attention'});
    const captioner = await Captioner.load(join(folder, 'checkpoint'), {size: 96});
    const [image, caption] = [join(drawn, 'test-0001.jpg'), 'a red ball and a blue cat'];
    const signed = await explain(captioner, image, {method: 'saliency', absolute: false, caption});
    const unsigned = await explain(captioner, image, {method: 'saliency', caption});
    captioner.dispose();
    writeFileSync(file, await explanationPage([signed, unsigned], image));
    browser = await launch(path);
  });
  after(() => browser.close());

  async function open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
    const page = await context.newPage();
    await page.goto(url);
    return page;
  }

  /** The words whose maps are seen, as `method-word`. */
  const maps = (page: Page): Promise<string[]> =>
    page.evaluate(
      `[...document.querySelectorAll('.stage .y')].filter((one) => getComputedStyle(one).display !== 'none').map((one) => one.className.replace('y y', ''))`,
    );
  /** How strongly each word is lit, from −1 to 1. */
  const lights = (page: Page): Promise<number[]> =>
    page.evaluate(
      `[...document.querySelectorAll('.sentence .w')].map((one) => getComputedStyle(one, '::before').opacity - getComputedStyle(one, '::after').opacity)`,
    );
  const word = (page: Page, at: number): ReturnType<Page['locator']> =>
    page.locator(`.sentence .w${at}`).first();

  it('shows a word and its map when a mouse points at it, and the chosen one otherwise', async () => {
    const {page, complaints} = await visit(browser, url);
    const [first] = await maps(page);
    expect(first).to.match(/^0-\d$/);
    await word(page, 6).hover();
    expect(await maps(page)).to.deep.equal(['0-6']);
    expect((await lights(page)).some((light) => Math.abs(light) > 0.1)).to.equal(true);
    expect((await lights(page))[6]).to.equal(0);
    await page.mouse.move(2, 2);
    expect(await maps(page)).to.deep.equal([first]);
    await word(page, 1).click();
    await page.mouse.move(2, 2);
    expect(await maps(page)).to.deep.equal(['0-1']);
    expect(await page.locator('.about .y:visible').first().innerText()).to.include('“red”');
    expect(complaints).to.deep.equal([]);
    await page.close();
  });

  it('lights the words that depend on the part of the image that a mouse points at', async () => {
    const page = await open();
    const seen = [];
    for (const part of [0, 24, 48]) {
      await page.locator(`.parts .p${part}`).first().hover();
      expect(await maps(page)).to.deep.equal([]);
      seen.push((await lights(page)).map((light) => light.toFixed(2)).join());
    }
    expect(new Set(seen).size).to.equal(3);
    expect(await page.locator('.about-part').isVisible()).to.equal(true);
    await page.context().close();
  });

  it('is used with a finger', async () => {
    const page = await open({viewport: {width: 375, height: 800}, hasTouch: true, isMobile: true});
    await word(page, 2).tap();
    expect(await maps(page)).to.deep.equal(['0-2']);
    await page.locator('.parts .p24').first().tap();
    expect(await maps(page)).to.deep.equal([]);
    expect((await lights(page)).some((light) => Math.abs(light) > 0.05)).to.equal(true);
    await word(page, 5).tap();
    expect(await maps(page)).to.deep.equal(['0-5']);
    await page.context().close();
  });

  it('is used with arrow keys, which walk through words and parts, and shows the focus', async () => {
    const page = await open();
    await word(page, 4).click();
    await page.mouse.move(2, 2);
    await page.keyboard.press('ArrowRight');
    expect(await maps(page)).to.deep.equal(['0-5']);
    const outline = (): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector('.sentence .w5')).outlineWidth`);
    expect(await outline()).to.equal('3px');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('ArrowRight');
    expect(await maps(page)).to.deep.equal([]);
    const focused = (): Promise<string | null> =>
      page.evaluate(`document.activeElement.getAttribute('aria-label')`);
    expect(await focused()).to.equal('part of the image in row 1, column 1 of 7');
    await page.keyboard.press('ArrowLeft');
    expect(await focused()).to.match(/^cat, [<\d ]+%/);
    await page.context().close();
  });

  it('switches method and sign', async () => {
    const page = await open();
    await word(page, 2).click();
    await page.mouse.move(2, 2);
    const colours = (): Promise<number[]> =>
      Promise.all(['support', 'oppose'].map((sign) => page.locator(`.map.${sign}:visible`).count()));
    expect(await colours()).to.deep.equal([1, 1]);
    await page.locator('.switch').getByText('less likely', {exact: true}).click();
    expect(await colours()).to.deep.equal([0, 1]);
    await page.locator('.switch').getByText('more likely', {exact: true}).click();
    expect(await colours()).to.deep.equal([1, 0]);
    await page.getByText('saliency 2', {exact: true}).click();
    expect(await maps(page)).to.deep.equal(['1-2']);
    expect(await colours()).to.deep.equal([1, 0]);
    expect(await page.locator('.signs').isVisible()).to.equal(false);
    await page.context().close();
  });

  it('points at a word from its row of the matrix', async () => {
    const page = await open();
    await page.locator('th .r3').first().hover();
    expect(await maps(page)).to.deep.equal(['0-3']);
    await page.locator('th .r3').first().click();
    await page.mouse.move(2, 2);
    expect(await maps(page)).to.deep.equal(['0-3']);
    await page.context().close();
  });

  it('fits wide and narrow windows, and keeps its height while one points about', async () => {
    for (const width of [1280, 375]) {
      const page = await open({viewport: {width, height: 900}});
      expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(width);
      const height = (): Promise<number> => page.evaluate(`document.querySelector('.sentence').offsetHeight`);
      const before = await height();
      await word(page, 6).hover();
      expect(await height()).to.equal(before);
      await page.context().close();
    }
  });

  it('has names for screen readers', async () => {
    const page = await open();
    expect(await page.getByRole('radio').count()).to.equal(7 + 49 + 2 + 3);
    expect(await page.getByRole('radio', {name: /^ball, [<\d ]+%/}).count()).to.equal(1);
    expect(
      await page.getByRole('img', {name: /^“\w+” is supported most by the |^Nothing in/}).count(),
    ).to.equal(1);
    expect(await page.locator('img:not([alt])').count()).to.equal(0);
    await page.context().close();
  });

  it('is a strip of tiles on paper and where style sheets are removed', async () => {
    const page = await open();
    expect(await page.locator('.strip').isVisible()).to.equal(false);
    await page.emulateMedia({media: 'print'});
    expect(await page.locator('.strip figure:visible').count()).to.equal(7);
    expect(await page.locator('.explorer').isVisible()).to.equal(false);
    await page.emulateMedia({media: 'screen'});
    await page.evaluate(`document.querySelectorAll('style').forEach((one) => one.remove())`);
    expect(await page.locator('.strip figure:visible').count()).to.equal(7);
    expect(await page.locator('.explorer').isVisible()).to.equal(false);
    await page.context().close();
  });
});
