import {readFileSync} from 'node:fs';
import {basename, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import type {Browser, Page} from 'playwright-core';
import {projectRoot, temporaryFolder} from '../support';
import {notebooks, quickReport, reportTool} from '../notebooks/quick';
import {writeNotebook} from '../notebooks/write';
import {chromiumPath, launch, visit} from './chromium';

const hostile = `<img src=x onerror="alert(1)"><script>alert(2)</script>`;

/** A notebook that shows each thing once, with captions that try to run. tslab takes no `{caption}` from another cell. */
const cells = [
  `let caption = ${JSON.stringify(hostile)};`,
  `import {captionPanel, lossCurves, imageGrid, progress, showBars, showTable} from 'captioner/dist/show';
   import {display} from 'tslab';`,
  `showTable([{caption: caption}]); showBars([[caption, 1], ['a', 2]], {title: caption});`,
  `const pixels = {pixels: new Uint8Array(48).fill(90), width: 4, height: 4};
   await imageGrid([{image: pixels, caption: caption, references: [caption], note: caption, label: caption}]);
   await captionPanel({title: caption}).show([{image: pixels, caption: caption}], caption);`,
  `const curves = lossCurves({title: caption});
   for (let step = 1; step <= 50; step++) await curves.add({step, loss: 1 / step, learningRate: 1e-3, ...(step % 10 ? {} : {validationLoss: 1.5 / step})});
   await curves.finish(); await progress(caption, 2).update(2);`,
  `display.html(caption); // what a careless cell might do`,
];

function showcase(): string {
  return writeNotebook(temporaryFolder(), 'showcase', cells, `# Showcase ${hostile}\n\nText.`);
}

/** Figures in the page's JSON, and figures that Plotly drew. */
function figures(page: Page): Promise<{given: number; drawn: number; imageFiles: number; broken: number}> {
  return page.evaluate(() => {
    interface Image {
      readonly src: string;
      readonly offsetParent: unknown;
      readonly naturalWidth: number;
    }
    const find = (selector: string): unknown[] => [
      ...(
        globalThis as unknown as {document: {querySelectorAll(s: string): Iterable<unknown>}}
      ).document.querySelectorAll(selector),
    ];
    // Those of static charts are not loaded while the live ones are shown.
    const images = (find('img[src^="data:"]') as Image[]).filter(({offsetParent}) => offsetParent !== null);
    return {
      given: find('.figure').length,
      drawn: find('.plot.js-plotly-plot:has(.main-svg .gridlayer)').length,
      imageFiles: images.length,
      broken: images.filter(({naturalWidth}) => naturalWidth === 0).length,
    };
  });
}

/** The range of the first figure's horizontal axis. */
function range(page: Page): Promise<number[]> {
  return page.evaluate(`[...document.querySelector('.plot').layout.xaxis.range]`);
}

describe('Reports in a browser', function () {
  this.timeout(15 * 60_000);
  const path = chromiumPath();
  if (path === undefined) {
    it('need Chromium: install it, or set CHROMIUM to its path');
    return;
  }
  let browser: Browser;
  before(async () => {
    browser = await launch(path);
  });
  after(() => browser.close());

  it('draw every element, zoom, and run nothing that a caption brought along', async () => {
    const {report} = await reportTool();
    const {html} = await report(showcase(), [], {folder: temporaryFolder(), log: () => {}});
    const {page, complaints} = await visit(browser, pathToFileURL(html).href);
    await page.waitForFunction(`document.querySelectorAll('.js-plotly-plot .main-svg').length >= 2`);
    const {given, drawn, imageFiles, broken} = await figures(page);
    expect({given, drawn, imageFiles, broken}).to.deep.equal({given: 2, drawn: 2, imageFiles: 2, broken: 0});

    // One version of Plotly, in pages as in JupyterLab, whose Python package brings it.
    const dist = join(projectRoot, 'node_modules', 'plotly.js-dist', 'package.json');
    const {version} = JSON.parse(readFileSync(dist, 'utf8')) as {version: string};
    expect(await page.evaluate('Plotly.version')).to.equal(version);

    const [from, to] = await range(page);
    const box = (await page.locator('.figure .nsewdrag').first().boundingBox())!;
    await page.mouse.move(box.x + box.width * 0.3, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.6, box.y + box.height / 2, {steps: 5});
    await page.mouse.up();
    await page.waitForTimeout(500);
    const [zoomedFrom, zoomedTo] = await range(page);
    expect(zoomedFrom).to.be.greaterThan(from!);
    expect(zoomedTo).to.be.lessThan(to!);

    // The careless cell's script and handler are refused by the page's policy, and that is all there is to complain of.
    const refused = complaints.filter((complaint) => /Content Security Policy/.test(complaint));
    expect(refused.length).to.be.at.least(1);
    expect(
      complaints.filter(
        (complaint) => !refused.includes(complaint) && !/request: file:.*\/x$/.test(complaint),
      ),
    ).to.deep.equal([]);
    await page.close();
  });

  it('are led to by a page with a card each', async () => {
    const {report} = await reportTool();
    const folder = temporaryFolder();
    const file = showcase();
    const {index} = await report(file, [], {folder, log: () => {}});
    await report(file, [['caption', 'another']], {folder, log: () => {}});
    const {page, complaints} = await visit(browser, pathToFileURL(index).href);
    expect(await page.locator('.card h2').allTextContents()).to.deep.equal(
      Array(2).fill(`Showcase ${hostile}`),
    );
    expect(await page.locator('.parameters').allTextContents()).to.deep.equal(['caption = another']);
    expect((await figures(page)).broken).to.equal(0);
    await page.setViewportSize({width: 375, height: 800});
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.equal(375);
    await page.locator('.card a').last().click();
    await page.waitForURL(/showcase\/showcase\.html$/);
    expect(complaints.filter((complaint) => /dialog|script error/.test(complaint))).to.deep.equal([]);
    await page.close();
  });

  for (const name of notebooks) {
    it(`show ${name} without an error or a request`, async () => {
      const {html} = await quickReport(name);
      const {page, complaints} = await visit(browser, pathToFileURL(html).href);
      await page.waitForLoadState('networkidle');
      const {given, drawn, broken} = await figures(page);
      expect(drawn).to.equal(given);
      expect(broken).to.equal(0);
      expect(complaints).to.deep.equal([]);
      await page.screenshot({
        path: join(projectRoot, '.build', 'reports', `${basename(name, '.ipynb')}.png`),
        fullPage: true,
      });
      await page.close();
    });
  }
});
