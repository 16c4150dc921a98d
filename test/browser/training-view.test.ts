import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import type {Browser, Page} from 'playwright-core';
import sharp from 'sharp';
import {watchTraining, type EpochReport} from 'captioner';
import {epochReport, runWith, stepsPerEpoch} from '../show/events';
import {inKernel} from '../show/kernel';
import {projectRoot, temporaryFolder} from '../support';
import {inChromium, launch, visit} from './chromium';

const folder = temporaryFolder();
const plotly = 'application/vnd.plotly.v1+json';

/** The newest bundle of each part of the display of a run that is over: state, curves, epochs; and the first of the curves. */
async function bundles(): Promise<{parts: Record<string, unknown>[]; live: string}> {
  const images = await Promise.all(
    Array.from({length: 8}, async (_, at) => {
      const file = join(folder, `image-${at}.png`);
      await sharp({create: {width: 200, height: 150, channels: 3, background: {r: 30 * at, g: 90, b: 120}}})
        .png()
        .toFile(file);
      return file;
    }),
  );
  const run = runWith(4, 4, '');
  const panel = (epoch: number): EpochReport['panel'] =>
    images.map((file, at) => ({
      id: `image-${at}.png`,
      file,
      caption: `a dog runs through the grass ${epoch} with a ball`,
      references: ['a hound', 'a dog'],
    }));
  const epochs = [1, 2, 3, 4].map((epoch) => ({...epochReport(epoch, ''), panel: panel(epoch)}));
  const sent = await inKernel(() =>
    watchTraining({...run, history: {steps: run.history.steps, epochs}}).onEvent({
      type: 'end',
      time: new Date().toISOString(),
      step: 4 * stepsPerEpoch,
    }),
  );
  const newest = new Map(sent.map(({transient, data}) => [transient.display_id, data]));
  const live = sent
    .map(({data}) => String(data['text/html']))
    .find((html) => html.includes('image/svg+xml'))!;
  return {parts: [...newest.values()], live};
}

/** A page as strict as the reports: scripts run only with the page's word. */
function page(parts: readonly Record<string, unknown>[], live: string): string {
  const csp = "default-src 'none'; script-src 'nonce-word'; style-src 'unsafe-inline'; img-src data: blob:";
  const library = readFileSync(join(projectRoot, 'node_modules', 'plotly.js-dist', 'plotly.js'), 'utf8');
  const figure = JSON.stringify(parts[1]![plotly]).replace(/</g, '\\u003c');
  const file = join(folder, 'page.html');
  writeFileSync(
    file,
    `<!doctype html><meta charset="utf-8"><meta http-equiv="Content-Security-Policy" content="${csp}">
    <body style="margin:0 20px;font:14px system-ui"><script nonce="word">${library.replace(/<\/script/g, '<\\/script')}</script>
    <div id="state">${String(parts[0]!['text/html'])}</div><div id="live">${live}</div><div id="figure"></div>
    <div id="epochs">${String(parts[2]!['text/html'])}</div>
    <script nonce="word">{const {data, layout, config} = ${figure}; Plotly.newPlot('figure', data, layout, config);}</script>`,
  );
  return pathToFileURL(file).href;
}

/** Heights and widths of elements. */
function boxes(found: Page, ...selectors: string[]): Promise<{width: number; height: number}[]> {
  return Promise.all(
    selectors.map(async (selector) => (await found.locator(selector).first().boundingBox())!),
  );
}

inChromium('The display of a training in a browser', 120_000, (path) => {
  let browser: Browser;
  let opened: Page;
  let complaints: string[];
  before(async () => {
    const {parts, live} = await bundles();
    browser = await launch(path);
    ({page: opened, complaints} = await visit(browser, page(parts, live)));
    await opened.waitForSelector('.main-svg .gridlayer', {state: 'attached'});
  });
  after(() => browser.close());

  const shownCaptions = (): Promise<string[]> =>
    opened.locator('.frame:visible > div:first-child').allInnerTexts();

  it('has a slider that needs no script, by mouse and by keyboard', async () => {
    expect((await shownCaptions()).every((caption) => caption.includes('grass 4 with'))).to.equal(true);
    expect(await shownCaptions()).to.have.length(8);
    await opened.locator('.ticks label', {hasText: '2'}).click();
    expect((await shownCaptions()).every((caption) => caption.includes('grass 2 with'))).to.equal(true);
    expect(await opened.locator('.frame:visible b').allInnerTexts()).to.deep.equal(Array(8).fill('2'));
    await opened.keyboard.press('ArrowRight');
    expect((await shownCaptions())[0]).to.include('grass 3 with');
    await opened.keyboard.press('ArrowLeft');
    await opened.keyboard.press('ArrowLeft');
    expect((await shownCaptions())[0]).to.include('grass 1 with');
    expect(complaints).to.deep.equal([]);
  });

  it('does not jump when the figure takes the place of the live curves', async () => {
    const [live, figure] = await boxes(opened, '#live img', '#figure .main-svg');
    expect(figure).to.include({width: live!.width, height: live!.height});
  });

  it('shows curves and captions on one screen of 1,000 pixels', async () => {
    await opened.setViewportSize({width: 1280, height: 1000});
    const [state, curves, tiles] = await boxes(opened, '#state', '#live', '.tiles');
    // JupyterLab's menu, tabs, toolbar and status bar take about 150.
    expect(state!.height + curves!.height + tiles!.height + 30).to.be.below(850);
  });

  it('fits on a phone', async () => {
    await opened.setViewportSize({width: 375, height: 800});
    const [tiles, tile] = await boxes(opened, '.tiles', 'figure');
    expect(tiles!.width).to.be.at.most(335);
    expect(tile!.width).to.be.within(130, 335);
    // Plotly follows the window's size a moment later.
    const width = (): Promise<number> => opened.evaluate('document.documentElement.scrollWidth');
    for (let wait = 0; wait < 50 && (await width()) > 375; wait++) await opened.waitForTimeout(100);
    expect(await width()).to.be.at.most(375);
    await opened.setViewportSize({width: 1280, height: 1000});
  });
});
