import {mkdirSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import type {Browser, Page} from 'playwright-core';
import sharp from 'sharp';
import {
  imageGrid,
  showBars,
  showEpochs,
  showHeatmap,
  showIntervals,
  showMaps,
  showTable,
  type EpochReport,
} from 'captioner';
import {inKernel} from '../show/kernel';
import {projectRoot, temporaryFolder} from '../support';
import {inChromium, launch} from './chromium';
import {notebookOf, startLab, type Lab} from './lab';

/** One of each thing that the library shows. */
async function everything(): Promise<Readonly<Record<string, unknown>>[]> {
  const file = join(temporaryFolder(), 'image.png');
  await sharp({create: {width: 240, height: 160, channels: 3, background: '#7a8fa3'}})
    .png()
    .toFile(file);
  const epochs = [0.2, 0.4, 0.5, 0.45].map((score, at): EpochReport => ({
    epoch: at + 1,
    step: at,
    loss: 3 - score,
    validationLoss: 3 - score / 2,
    learningRate: 0.001,
    metrics: {'BLEU-4': score / 2, 'METEOR': score / 3, 'CIDEr-D': score},
    seconds: 9.5,
    panel: [],
    best: at < 3,
  }));
  const sent = await inKernel(async () => {
    await imageGrid(
      [
        {
          image: file,
          caption: 'a red ball and a dog',
          previous: 'a ball',
          references: ['one', 'two', 'three'],
        },
        {image: file, caption: 'a cat', correct: false, note: 'no cat', label: 'CIDEr-D 0.12'},
        {image: join(file, 'missing.jpg'), caption: 'a cat', correct: true},
      ],
      {title: 'Captions'},
    );
    showTable(
      [
        {label: 'dog', probability: 0.8},
        {label: 'cat', probability: 0.15},
      ],
      {
        caption: 'Classes',
        best: ['probability'],
        bars: ['probability'],
      },
    );
    showEpochs({steps: [], epochs});
    showBars(
      [
        ['dog', 12],
        ['cat', 3],
      ],
      {title: 'Words'},
    );
    showHeatmap(
      [
        [1, 2],
        [3, 4],
      ],
      {title: 'Map'},
    );
    showIntervals([{name: 'BLEU-4', score: 0.3, low: 0.25, high: 0.35}], {title: 'Intervals'});
    await showMaps(file, [{label: 'feature 1', values: [0, 1, 2, 3]}]);
  });
  return sent.map(({data}) => data);
}

interface Faint {
  readonly text: string;
  readonly contrast: number;
}

/** Texts of the outputs whose contrast to what is behind them is low, whatever colours, opacities and backgrounds are above them. */
function faintTexts(page: Page): Promise<Faint[]> {
  return page.evaluate(`(() => {
    const parse = (text) => (text.match(/[\\d.]+/g) ?? [0, 0, 0, 0]).map(Number);
    const over = ([r, g, b, a = 1], below) => [r, g, b].map((value, at) => a * value + (1 - a) * below[at]);
    const light = (rgb) => {
      const [r, g, b] = rgb.map((value) => (value / 255 <= 0.04 ? value / 255 / 12.92 : ((value / 255 + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const found = [];
    for (const element of document.querySelectorAll('.jp-OutputArea-output *')) {
      const text = [...element.childNodes].filter((node) => node.nodeType === 3).map((node) => node.data.trim()).join(' ').trim();
      if (text === '' || element.closest('svg, script, style, .js-plotly-plot')) continue;
      const ancestors = [];
      for (let one = element; one; one = one.parentElement) ancestors.unshift(one);
      let behind = [255, 255, 255];
      let opacity = 1;
      for (const one of ancestors) {
        const style = getComputedStyle(one);
        behind = over(parse(style.backgroundColor), behind);
        opacity *= Number(style.opacity);
      }
      const [r, g, b, a = 1] = parse(getComputedStyle(element).color);
      const [one, two] = [light(over([r, g, b, a * opacity], behind)), light(behind)];
      const contrast = (Math.max(one, two) + 0.05) / (Math.min(one, two) + 0.05);
      if (contrast < 3.5) found.push({text, contrast: Number(contrast.toFixed(2))});
    }
    return found;
  })()`);
}

inChromium('An untrusted notebook in JupyterLab', 5 * 60_000, (path) => {
  let browser: Browser;
  const labs: Lab[] = [];
  before(async () => {
    browser = await launch(path);
  });
  after(async () => {
    await browser.close();
    for (const lab of labs) await lab.stop();
  });

  for (const theme of ['JupyterLab Dark', 'JupyterLab Light'])
    it(`is legible in the theme ${theme}, and shows its charts by Plotly`, async () => {
      const lab = await startLab(theme);
      labs.push(lab);
      const bundles = await everything();
      const page = await lab.open(browser, notebookOf(bundles));
      const charts = bundles.filter((data) => 'application/vnd.plotly.v1+json' in data).length;
      await page.waitForFunction(
        `document.querySelectorAll('.js-plotly-plot .main-svg').length >= ${charts}`,
      );
      const types = await page.evaluate(
        `[...document.querySelectorAll('.jp-OutputArea-output')].map((one) => one.classList.contains('jp-RenderedPlotly') ? 'Plotly' : one.dataset.mimeType)`,
      );
      expect(types).to.deep.equal(bundles.map((data) => ('text/html' in data ? 'text/html' : 'Plotly')));
      const isDark = await page.evaluate(`document.body.dataset.jpThemeLight === 'false'`);
      expect(isDark).to.equal(theme === 'JupyterLab Dark');
      expect(await faintTexts(page)).to.deep.equal([]);
      const weights = await page.evaluate(
        `[...document.querySelectorAll('.jp-OutputArea-output mark')].map((one) => getComputedStyle(one).fontWeight)`,
      );
      expect(weights).to.deep.equal(['600', '600', '600']);
      const folder = join(projectRoot, '.build', 'screenshots');
      mkdirSync(folder, {recursive: true});
      const name = theme === 'JupyterLab Dark' ? 'lab-dark' : 'lab-light';
      for (const [at, top] of [0, 900].entries()) {
        await page.evaluate(`document.querySelector('.jp-WindowedPanel-outer').scrollTo(0, ${top})`);
        await page.waitForTimeout(300);
        await page.screenshot({path: join(folder, `${name}-${at}.png`)});
      }
      await page.close();
    });
});
