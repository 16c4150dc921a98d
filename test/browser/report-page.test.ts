/** The page of a report as its readers use it: contents, code, theme, telephone, paper, and without JavaScript. */
import {readFileSync} from 'node:fs';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import type {Browser, BrowserContextOptions, Page} from 'playwright-core';
import {temporaryFolder} from '../support';
import {reportTool} from '../notebooks/quick';
import {writeNotebook} from '../notebooks/write';
import {inChromium, launch} from './chromium';

const title = `# A page

The first paragraph, with a [link](https://example.org).

## First part

| ${Array.from({length: 12}, (_, at) => `a long column name ${at}`).join(' | ')} |
|${' --- |'.repeat(12)}
|${' value |'.repeat(12)}

### A detail

${'Some words of text. '.repeat(200)}

## Second part

${'More words of text. '.repeat(200)}

## Second part

The same heading again.`;

const cells = [
  `let wide = 14;`,
  `import {figureBundle, imageGrid, recordScores, show, showTable} from 'captioner';`,
  `const columns = Array.from({length: wide}, (_, at) => ['column-number-' + at, 'a-cell-of-the-table']);
showTable([Object.fromEntries(columns)]);`,
  `const image = {pixels: new Uint8Array(4800).fill(90), width: 40, height: 40};
await imageGrid([1, 2, 3, 4].map((at) => ({image: image, caption: 'image ' + at})));`,
  `await imageGrid([{image: image, caption: 'alone'}]);`,
  `const svg = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 600 300" width="600" height="300"><path d="M0 0L600 300" stroke="#777"/></svg>';
show({...figureBundle({data: [{x: [1, 2], y: [3, 4]}], text: 'A rising line'}), 'image/svg+xml': svg});`,
  `const {'image/svg+xml': drawn, ...undrawn} = figureBundle({data: [{x: [1, 2], y: [4, 3]}], text: 'A falling line'});
show(undrawn);`,
  `recordScores({'CIDEr-D': 0.875});`,
];

const css = (page: Page, selector: string, property: string, pseudo = ''): Promise<string> =>
  page.evaluate(`getComputedStyle(document.querySelector('${selector}'), '${pseudo}').${property}`);
const colour = (page: Page): Promise<string> => css(page, 'main', 'backgroundColor');
const code = (page: Page): Promise<boolean> => page.locator('.jp-InputArea-editor').first().isVisible();
const light = 'rgb(255, 255, 255)';
const dark = 'rgb(23, 27, 33)';

inChromium('The page of a report', 120_000, (path) => {
  let browser: Browser;
  let html: string;
  before(async () => {
    const folder = temporaryFolder();
    const {report} = await reportTool();
    ({html} = await report(writeNotebook(folder, 'page', cells, title), [], {folder, log: () => {}}));
    browser = await launch(path);
  });
  after(() => browser.close());

  async function open(options: BrowserContextOptions = {}, file = html): Promise<Page> {
    const context = await browser.newContext({viewport: {width: 1280, height: 900}, ...options});
    const page = await context.newPage();
    await page.goto(pathToFileURL(file).href);
    return page;
  }

  it('has a table of contents that leads to the headings and marks where the reader is', async () => {
    const page = await open();
    const links = page.locator('nav.contents a');
    expect(await links.allTextContents()).to.deep.equal([
      ...['First part', 'A detail', 'Second part', 'Second part'],
    ]);
    const targets = await Promise.all([0, 1, 2, 3].map((at) => links.nth(at).getAttribute('href')));
    expect(new Set(targets).size).to.equal(4);
    await links.nth(2).click();
    await page.waitForTimeout(200);
    const top = (await page.locator('.text h2').nth(1).boundingBox())!.y;
    expect(top).to.be.within(40, 140);
    expect(await page.locator('nav.contents a[aria-current]').textContent()).to.equal('Second part');
    await page.context().close();
  });

  it('hides code and shows it again, also in the next report', async () => {
    const page = await open();
    expect(await code(page)).to.equal(true);
    await page.getByLabel('Hide code').check();
    expect(await code(page)).to.equal(false);
    expect(await page.locator('.jp-OutputArea-output').first().isVisible()).to.equal(true);
    await page.reload();
    expect(await code(page)).to.equal(false);
    await page.getByLabel('Hide code').uncheck();
    expect(await code(page)).to.equal(true);
    await page.context().close();
  });

  it("has the system's theme, or the reader's", async () => {
    const page = await open({colorScheme: 'dark'});
    const ink = (): Promise<unknown> => page.evaluate(`document.querySelector('.plot').layout.font.color`);
    expect([await colour(page), await ink()]).to.deep.equal([dark, '#b4bdc9']);
    await page.getByLabel('Theme').selectOption('light');
    expect([await colour(page), await ink()]).to.deep.equal([light, '#4b5563']);
    await page.reload();
    expect(await colour(page)).to.equal(light);
    await page.getByLabel('Theme').selectOption('system');
    expect(await colour(page)).to.equal(dark);
    await page.emulateMedia({colorScheme: 'light'});
    expect(await colour(page)).to.equal(light);
    await page.context().close();
  });

  it('shows static charts without JavaScript, and hides code all the same', async () => {
    const page = await open({javaScriptEnabled: false, colorScheme: 'dark'});
    expect(await page.locator('.static img').isVisible()).to.equal(true);
    expect((await page.locator('.static img').boundingBox())!.height).to.be.above(200);
    expect(await page.locator('.static pre').textContent()).to.equal('A falling line');
    expect(await page.locator('.plot').first().isVisible()).to.equal(false);
    expect(await page.getByLabel('Theme').isVisible()).to.equal(false);
    expect(await colour(page)).to.equal(dark);
    await page.getByLabel('Hide code').check();
    expect(await code(page)).to.equal(false);
    await page.context().close();
  });

  it('fits a telephone: nothing overflows, two images in a row, and wide tables say that they scroll', async () => {
    const page = await open({viewport: {width: 375, height: 800}});
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(375);
    const boxes = await Promise.all(
      [0, 1, 2, 4].map(async (at) => (await page.locator('.jp-RenderedHTML figure').nth(at).boundingBox())!),
    );
    expect(boxes[0]!.y).to.equal(boxes[1]!.y);
    expect(boxes[2]!.y).to.be.above(boxes[0]!.y);
    expect(boxes[3]!.width).to.be.above(1.5 * boxes[0]!.width);
    const wide = page.locator('.wide');
    expect(await wide.count()).to.equal(2);
    expect(await css(page, '.wide', 'content', '::after')).to.match(/scroll/);
    expect(await wide.first().getAttribute('tabindex')).to.equal('0');

    expect(await page.locator('nav.contents').isVisible()).to.equal(false);
    await page.locator('details.contents summary').click();
    await page.locator('details.contents a').nth(2).click();
    expect(await page.locator('details.contents ol').isVisible()).to.equal(false);
    expect(page.url()).to.include('#');
    await page.context().close();
  });

  it('prints light, without controls, with static charts', async () => {
    const page = await open({colorScheme: 'dark'});
    await page.waitForSelector('.plot .main-svg');
    await page.emulateMedia({media: 'print', colorScheme: 'dark'});
    expect(await page.locator('.bar').isVisible()).to.equal(false);
    expect(await page.locator('nav.contents').isVisible()).to.equal(false);
    expect(await page.locator('.static img').isVisible()).to.equal(true);
    expect(await page.locator('.plot').first().isVisible()).to.equal(false);
    expect(await page.locator('.plot').nth(1).isVisible()).to.equal(true);
    expect(await css(page, 'main', 'color')).to.equal('rgb(31, 37, 48)');
    expect((await page.pdf({format: 'A4'})).length).to.be.above(20_000);
    await page.context().close();
  });

  it('describes its images and charts, and shows the scores at the top', async () => {
    const page = await open();
    const missing = await page.locator('img:not([alt]), img[alt=""], .plot:not([aria-label])').count();
    expect(missing).to.equal(0);
    expect(await page.getByRole('img', {name: 'A rising line'}).count()).to.be.above(0);
    expect(await page.locator('.summary .scores').textContent()).to.equal('CIDEr-D0.875');
    const summary = await page.locator('.summary').boundingBox();
    expect(summary!.y).to.be.below(500);
    await page.context().close();
  });

  it('draws charts with a Plotly that several reports share', async () => {
    const folder = temporaryFolder();
    const {report} = await reportTool();
    const file = writeNotebook(folder, 'shared', [cells[0]!, cells[1]!, cells[6]!], title);
    const shared = await report(file, [], {folder, sharedAssets: true, log: () => {}});
    expect(readFileSync(shared.html).length).to.be.below(300_000);
    const page = await open({}, shared.html);
    await page.waitForSelector('.plot .main-svg');
    await page.context().close();
  });
});
