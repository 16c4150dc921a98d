/** Reading a beam search by mouse, by finger and by keyboard, in a page that allows no scripts. */
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {Captioner, drawScenes, showBeamTree} from 'captioner';
import {expect} from 'chai';
import type {Browser, Page} from 'playwright-core';
import {saveToyCheckpoint} from '../checkpoints/toy';
import {htmlOf, inKernel, textOf} from '../show/kernel';
import {temporaryFolder} from '../support';
import {inChromium, launch, visit} from './chromium';

const csp = "default-src 'none'; style-src 'unsafe-inline'; img-src data:";

inChromium('A beam search as a tree', 120_000, (path) => {
  const folder = temporaryFolder();
  const file = join(folder, 'tree.html');
  const url = pathToFileURL(file).href;
  let browser: Browser;
  let best: string;
  let text: string;
  before(async () => {
    const drawn = join(folder, 'drawn');
    await drawScenes(drawn, {train: 0, validation: 0, test: 4});
    await saveToyCheckpoint(join(folder, 'checkpoint'), drawn);
    const captioner = await Captioner.load(join(folder, 'checkpoint'), {size: 96});
    const tree = await captioner.searchTree(join(drawn, 'test-0001.jpg'), {
      beams: 3,
      maximumLength: 6,
      minimumLength: 3,
    });
    best = captioner.vocabulary.decode(tree.hypotheses[0]!.tokens);
    const [sent] = await inKernel(() => showBeamTree(tree, captioner.vocabulary, {title: 'Search'}));
    captioner.dispose();
    text = textOf(sent);
    const meta = `<meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${csp}"><meta name="viewport" content="width=device-width">`;
    writeFileSync(file, `<!doctype html>${meta}<body>${htmlOf(sent)}`);
    browser = await launch(path);
  });
  after(() => browser.close());

  const read = (page: Page): Promise<string> => page.locator('.r:visible b').innerText();
  const marked = (page: Page): Promise<number> =>
    page.evaluate(
      `[...document.querySelectorAll('label.chip')].filter((one) => getComputedStyle(one).backgroundColor !== 'rgba(0, 0, 0, 0)').length`,
    );

  it('reads the sentence up to the word that is pointed at, and the best one otherwise', async () => {
    const {page, complaints} = await visit(browser, url);
    // A decoder that was never trained may not come to an end.
    const first = await read(page);
    expect([best, best.split(' ')[0]]).to.include(first);
    const third = page.locator('label.chip.kept').nth(3);
    const label = (await third.locator('input').getAttribute('aria-label'))!;
    await third.hover();
    expect(await read(page)).to.equal(label.replace(/(, end)?: [^:]*$/, '') || '(no words)');
    expect(await marked(page)).to.be.greaterThan(0);
    await page.mouse.move(1, 1);
    expect(await read(page)).to.equal(first);
    await third.click();
    await page.mouse.move(1, 1);
    expect(await read(page)).not.to.equal(first);
    expect(complaints).to.deep.equal([]);
    await page.close();
  });

  it('is read with arrow keys and with a finger, on a phone too', async () => {
    const context = await browser.newContext({
      viewport: {width: 375, height: 800},
      hasTouch: true,
      isMobile: true,
    });
    const page = await context.newPage();
    await page.goto(url);
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.be.at.most(375);
    await page.locator('label.chip.dropped').first().tap();
    expect(await page.locator('.r:visible small').innerText()).to.match(
      /^dropped, [\d.]+ % |^dropped, less than/,
    );
    const before = await page.locator('.r:visible').getAttribute('class');
    await page.keyboard.press('ArrowRight');
    const shown = page.locator('.r:visible');
    // A tap leaves the mouse over the word when its last event is handled, which may be after the first of these moves.
    for (let tries = 0; (await shown.getAttribute('class')) === before && tries < 100; tries++) {
      await page.mouse.move(1, 1 + (tries % 2));
      await page.waitForTimeout(50);
    }
    expect(await shown.getAttribute('class')).not.to.equal(before);
    await context.close();
  });

  it('is text where style sheets are removed, and in a terminal', async () => {
    const {page} = await visit(browser, url);
    await page.evaluate(`document.querySelectorAll('style').forEach((one) => one.remove())`);
    expect(await page.locator('.drawn').isVisible()).to.equal(false);
    expect(text).to.equal(`Search\n${await page.locator('pre').innerText()}`);
    expect(text).to.match(/^Search\n\S+ [<\d ]+%\n {2}\S+ [<\d ]+%/);
    await page.close();
  });
});
