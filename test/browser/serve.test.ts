import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {inChromium} from './chromium';
import {captionOf, choose, focused, pixels, servePage, type Served} from './serve-page';

/** A file name that would run a script if it became markup. */
const hostile = `<img src=x onerror="alert(1)">.png`;

inChromium('The page for your own images', 5 * 60_000, (path) => {
  let served: Served;
  before(async () => {
    served = await servePage(path);
  });
  after(() => served.close());

  it('shows the caption, all hypotheses and the probabilities of an image that is chosen', async () => {
    const {page, complaints} = await served.open();
    expect(await page.title()).to.equal('captioner: your own images');
    for (const [at, image] of served.images.entries()) {
      await choose(page, image);
      const [best] = served.expected[at]!.hypotheses;
      expect(await captionOf(page)).to.equal(served.expected[at]!.caption);
      expect(await page.locator('.hypothesis b').allTextContents()).to.deep.equal(
        served.expected[at]!.hypotheses.map(({caption}) => caption),
      );
      const shown = await page.locator('#caption button small').allTextContents();
      const first = Number(/[\d.]+/.exec(shown[0]!)![0]);
      expect(first).to.be.closeTo(100 * Math.exp(best!.logProbabilities[0]!), 1);
      expect(await page.locator('#announcement').textContent()).to.equal(
        `Caption: ${served.expected[at]!.caption}`,
      );
    }
    expect(complaints()).to.deep.equal([]);
    await page.close();
  });

  it('takes an image that is dropped or pasted, and shows its name as text', async () => {
    const bytes = [...readFileSync(served.images[0]!)];
    for (const kind of ['drop', 'paste']) {
      const {page, complaints} = await served.open();
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
      expect(await captionOf(page)).to.equal(served.expected[0]!.caption);
      expect(await page.locator('#name').textContent()).to.equal(hostile);
      expect(await page.locator('#name *').count()).to.equal(0);
      expect(complaints()).to.deep.equal([]);
      await page.close();
    }
  });

  it('can be used with the keyboard alone', async () => {
    const {page, complaints} = await served.open();
    await page.keyboard.press('Tab');
    expect(await focused(page)).to.equal('file');
    const chooser = page.waitForEvent('filechooser');
    await page.keyboard.press('Space');
    await (await chooser).setFiles(served.images[0]!);
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
    expect(await captionOf(page)).to.equal(served.expected[0]!.hypotheses[1]!.caption);
    expect(await page.locator('#announcement').textContent()).to.equal(
      served.expected[0]!.hypotheses[1]!.caption,
    );
    expect(await pixels(page)).to.equal(plain);
    expect(complaints()).to.deep.equal([]);
    await page.close();
  });

  it('switches runs, and names those that cannot be chosen', async () => {
    const {page, complaints} = await served.open();
    await choose(page, served.images[0]!);
    const options = page.locator('#run option');
    expect(await options.allTextContents()).to.deep.equal([
      'centre (attention, efficientnet-lite2)',
      'flickr8k (attention, efficientnet-lite2)',
      'plain (lstm, efficientnet-lite2)',
      'begun (no finished epoch yet)',
    ]);
    expect(await options.nth(3).isDisabled()).to.equal(true);
    await page.locator('#run').selectOption('plain');
    await page.getByText(/^Written by plain/).waitFor();
    expect(await page.locator('#hint').textContent()).to.include('(lstm) has no attention');
    const plain = await pixels(page);
    await page.locator('#caption button').nth(0).hover();
    expect(await pixels(page)).to.equal(plain);
    await page.locator('#run').selectOption('flickr8k');
    await page.getByText(/^Written by flickr8k/).waitFor();
    expect(await captionOf(page)).to.equal(served.expected[0]!.caption);
    expect(complaints()).to.deep.equal([]);
    await page.close();
  });

  it('searches with the options that are set, and shows in words what is wrong', async () => {
    const {page} = await served.open();
    await choose(page, served.images[0]!);
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
    const file = join(served.folder, 'no-image.png');
    writeFileSync(file, 'no image');
    await page.getByLabel('beamGroups').fill('1');
    await page.locator('#file').setInputFiles(file);
    await alert.getByText('The image: expected JPEG, PNG, WebP, GIF, got something else').waitFor();
    expect(await page.locator('#result').isVisible()).to.equal(false);
    writeFileSync(file, Buffer.alloc(20_000_001));
    await page.locator('#file').setInputFiles(file);
    await alert.getByText('no-image.png has 20 MB; choose an image of at most 20 MB.').waitFor();
    await choose(page, served.images[1]!);
    expect(await alert.isVisible()).to.equal(false);
    await page.close();
  });
});
