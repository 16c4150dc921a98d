import {cpSync, mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {
  type Captioned,
  Captioner,
  createDecoder,
  drawScenes,
  loadCheckpoint,
  saveCheckpoint,
} from 'captioner';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';
import {serve, type CaptionServer} from 'captioner/dist/serve/server';
import {expect} from 'chai';
import type {Browser, Page} from 'playwright-core';
import {projectRoot, temporaryFolder} from '../support';
import {chromiumPath, launch, visit} from './chromium';

const bundled = join(projectRoot, 'checkpoints', 'flickr8k');

/** A file name that would run a script if it became markup. */
const hostile = `<img src=x onerror="alert(1)">.png`;

describe('The page for your own images', function () {
  this.timeout(5 * 60_000);
  const path = chromiumPath();
  if (path === undefined) {
    it('needs Chromium: install it, or set CHROMIUM to its path');
    return;
  }
  const folder = temporaryFolder();
  let browser: Browser;
  let server: CaptionServer;
  let images: string[];
  let expected: Captioned[];

  before(async () => {
    cpSync(bundled, join(folder, 'flickr8k'), {recursive: true});
    mkdirSync(join(folder, 'begun', 'checkpoints'), {recursive: true});
    // A decoder without attention; nothing was learnt.
    const {decoder, vocabulary, encoder} = await loadCheckpoint(bundled);
    decoder.dispose();
    const plain = createDecoder('lstm', vocabulary.size, 1280, {units: 32, embedding: 16});
    await saveCheckpoint(join(folder, 'plain'), {decoder: plain, vocabulary, encoder});
    plain.dispose();
    await drawScenes(join(folder, 'drawn'), {train: 0, validation: 0, test: 2});
    images = readScenes(join(folder, 'drawn')).images.map(({file}) => file);
    const captioner = await Captioner.load(bundled);
    expected = (await captioner.caption(images)) as Captioned[];
    captioner.dispose();
    server = await serve({port: 0, folder});
    browser = await launch(path);
  });
  after(async () => {
    await browser.close();
    await server.close();
  });

  interface Open {
    readonly page: Page;
    /** What the page must not do: errors, dialogs, and requests to anywhere else. */
    readonly complaints: () => string[];
  }

  async function open(): Promise<Open> {
    const {page, complaints} = await visit(browser, server.url);
    await page.getByText('flickr8k is ready').waitFor();
    return {page, complaints: () => complaints.filter((one) => !one.startsWith(`request: ${server.url}`))};
  }

  async function choose(page: Page, file: string): Promise<void> {
    await page.locator('#file').setInputFiles(file);
    await page.getByText(/^Written by/).waitFor();
  }

  const captionOf = (page: Page): Promise<string> =>
    page
      .locator('#caption button b')
      .allTextContents()
      .then((words) => words.join(' '));

  /** Pixels of the image with what is laid over it. */
  const pixels = (page: Page): Promise<string> =>
    page
      .locator('#canvases')
      .screenshot()
      .then((image) => image.toString('base64'));

  it('shows the caption, all hypotheses and the probabilities of an image that is chosen', async () => {
    const {page, complaints} = await open();
    expect(await page.title()).to.equal('captioner: your own images');
    for (const [at, image] of images.entries()) {
      await choose(page, image);
      const [best] = expected[at]!.hypotheses;
      expect(await captionOf(page)).to.equal(expected[at]!.caption);
      expect(await page.locator('.hypothesis b').allTextContents()).to.deep.equal(
        expected[at]!.hypotheses.map(({caption}) => caption),
      );
      const shown = await page.locator('#caption button small').allTextContents();
      const first = Number(/[\d.]+/.exec(shown[0]!)![0]);
      expect(first).to.be.closeTo(100 * Math.exp(best!.logProbabilities[0]!), 1);
      expect(await page.locator('#announcement').textContent()).to.equal(`Caption: ${expected[at]!.caption}`);
    }
    expect(complaints()).to.deep.equal([]);
    await page.close();
  });

  it('takes an image that is dropped or pasted, and shows its name as text', async () => {
    const bytes = [...readFileSync(images[0]!)];
    for (const kind of ['drop', 'paste']) {
      const {page, complaints} = await open();
      await page.evaluate(
        `(() => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(${JSON.stringify(bytes)})], ${JSON.stringify(hostile)}, {type: 'image/png'}));
          const event = ${kind === 'drop'} ? new DragEvent('drop', {dataTransfer: transfer, bubbles: true, cancelable: true})
            : new ClipboardEvent('paste', {clipboardData: transfer, bubbles: true, cancelable: true});
          document.body.dispatchEvent(event);
        })()`,
      );
      await page.getByText(/^Written by/).waitFor();
      expect(await captionOf(page)).to.equal(expected[0]!.caption);
      expect(await page.locator('#name').textContent()).to.equal(hostile);
      expect(await page.locator('#name *').count()).to.equal(0);
      expect(complaints()).to.deep.equal([]);
      await page.close();
    }
  });

  it('lays the attention of the word under the pointer over the image', async () => {
    const {page} = await open();
    await choose(page, images[0]!);
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

  it('can be used with the keyboard alone', async () => {
    const {page, complaints} = await open();
    await page.keyboard.press('Tab');
    expect(await focused(page)).to.equal('file');
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('Space');
    await (await chooser).setFiles(images[0]!);
    await page.getByText(/^Written by/).waitFor();
    const plain = await pixels(page);
    for (let presses = 0; (await focused(page)) !== 'word' && presses < 12; presses++)
      await page.keyboard.press('Tab');
    expect(await focused(page)).to.equal('word');
    const shown = new Set([plain, await pixels(page)]);
    await page.keyboard.press('ArrowRight');
    shown.add(await pixels(page));
    await page.keyboard.press('End');
    shown.add(await pixels(page));
    expect(shown.size).to.equal(4);
    const last = (await page.locator('#caption button b').allTextContents()).at(-1);
    expect(await page.evaluate(`document.activeElement.querySelector('b').textContent`)).to.equal(last);
    await page.keyboard.press('Enter');
    await page.keyboard.press('Tab');
    // From the words to the hypotheses, of which the arrow keys choose.
    expect(await page.evaluate('document.activeElement.type')).to.equal('radio');
    expect(await pixels(page)).to.not.equal(plain);
    await page.keyboard.press('ArrowDown');
    expect(await captionOf(page)).to.equal(expected[0]!.hypotheses[1]!.caption);
    expect(await page.locator('#announcement').textContent()).to.equal(expected[0]!.hypotheses[1]!.caption);
    expect(await pixels(page)).to.equal(plain);
    expect(complaints()).to.deep.equal([]);
    await page.close();
  });

  it('switches runs, and names those that cannot be chosen', async () => {
    const {page, complaints} = await open();
    await choose(page, images[0]!);
    const options = page.locator('#run option');
    expect(await options.allTextContents()).to.deep.equal([
      'flickr8k (attention, efficientnet-lite2)',
      'plain (lstm, efficientnet-lite2)',
      'begun (no finished epoch yet)',
    ]);
    expect(await options.nth(2).isDisabled()).to.equal(true);
    await page.locator('#run').selectOption('plain');
    await page.getByText(/^Written by plain/).waitFor();
    expect(await page.locator('#hint').textContent()).to.include('(lstm) has no attention');
    const plain = await pixels(page);
    await page.locator('#caption button').nth(0).hover();
    expect(await pixels(page)).to.equal(plain);
    await page.locator('#run').selectOption('flickr8k');
    await page.getByText(/^Written by flickr8k/).waitFor();
    expect(await captionOf(page)).to.equal(expected[0]!.caption);
    expect(complaints()).to.deep.equal([]);
    await page.close();
  });

  it('searches with the options that are set, and shows in words what is wrong', async () => {
    const {page} = await open();
    await choose(page, images[0]!);
    const beams = page.getByLabel('beams', {exact: true});
    expect([await beams.inputValue(), await beams.getAttribute('max')]).to.deep.equal(['3', '100']);
    await beams.fill('5');
    await beams.press('Enter');
    await page.locator('.hypothesis').nth(4).waitFor();
    await page.getByText('More search options').click();
    await page.getByLabel('beamGroups').fill('2');
    await page.getByLabel('beamGroups').press('Enter');
    const alert = page.getByRole('alert');
    await alert.getByText('search: `beamGroups`: expected a number that divides `beams`, got 2').waitFor();
    const file = join(folder, 'no-image.png');
    writeFileSync(file, 'no image');
    await page.getByLabel('beamGroups').fill('1');
    await page.locator('#file').setInputFiles(file);
    await alert.getByText('The image: expected JPEG, PNG, WebP, GIF, got something else').waitFor();
    expect(await page.locator('#result').isVisible()).to.equal(false);
    writeFileSync(file, Buffer.alloc(20_000_001));
    await page.locator('#file').setInputFiles(file);
    await alert.getByText('no-image.png has 20 MB; choose an image of at most 20 MB.').waitFor();
    await choose(page, images[1]!);
    expect(await alert.isVisible()).to.equal(false);
    await page.close();
  });

  for (const [width, height] of [
    [375, 800],
    [1280, 900],
  ] as const)
    for (const colorScheme of ['light', 'dark'] as const)
      it(`fits ${width} pixels, ${colorScheme}`, async () => {
        const {page, complaints} = await open();
        await page.setViewportSize({width, height});
        await page.emulateMedia({colorScheme});
        const shoot = async (name: string): Promise<void> => {
          const file = join(projectRoot, '.build', 'serve', `${name}-${width}-${colorScheme}.png`);
          await page.screenshot({path: file, fullPage: true});
        };
        await shoot('empty');
        await choose(page, images[0]!);
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

/** The id of the element that has the focus, or its class. */
function focused(page: Page): Promise<string> {
  return page.evaluate(
    `document.activeElement.id || document.activeElement.classList[0] || document.activeElement.type || ''`,
  );
}
