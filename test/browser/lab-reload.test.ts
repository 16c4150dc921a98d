/** A page of JupyterLab that is reloaded while its kernel trains: the training goes on, and can be watched again. */
import {join} from 'node:path';
import {expect} from 'chai';
import type {Browser, Page} from 'playwright-core';
import {drawScenes, readEvents} from 'captioner';
import {projectRoot, temporaryFolder, writeElsewhere} from '../support';
import {inChromium, launch} from './chromium';
import {idle, runCell, startLab, type Lab} from './lab';

inChromium('A training whose page in JupyterLab is reloaded', 10 * 60_000, (path) => {
  writeElsewhere();
  const folder = temporaryFolder();
  const [drawn, run] = [join(folder, 'drawn'), join(folder, 'run')];
  let browser: Browser;
  let lab: Lab;
  before(async () => {
    await drawScenes(drawn, {train: 120, validation: 20, test: 8});
    browser = await launch(path);
    lab = await startLab('JupyterLab Light');
  });
  after(async () => {
    await browser.close();
    await lab.stop();
  });

  const shows = (page: Page, text: string | RegExp): Promise<void> =>
    page.locator('.jp-OutputArea-output', {hasText: text}).first().waitFor({timeout: 120_000});

  it('goes on, can be watched in another notebook, and its kernel runs the next cell', async () => {
    const library = join(projectRoot, 'lib', 'dist', 'index.js');
    const train = `import {openDataset, prepareTraining, watchTraining} from '${library}';
const dataset = await openDataset('${drawn}');
const {trainer} = await prepareTraining(dataset, {
  encoder: 'efficientnet-lite0', size: 96, run: '${run}', minimumCount: 1,
  decoderOptions: {units: 96, embedding: 32}, trainerOptions: {epochs: 10, batch: 8, meteor: false},
});
await trainer.train(watchTraining(trainer));`;
    const page = await lab.work(browser, [train, `console.log('at epoch', trainer.position.epoch);`]);
    await runCell(page, 0);
    await shows(page, /Epoch [2-9] of 10/); // a busy machine draws some epochs only
    await page.reload();
    await page.locator('.jp-CodeCell').first().waitFor({timeout: 60_000});
    expect(readEvents(join(run, 'metrics.jsonl')).at(-1)!.type).to.not.be.oneOf(['stop', 'end']);

    const watch = `import {watchRun} from '${library}';\nawait watchRun('${run}');`;
    const watching = await lab.work(browser, [watch]);
    await runCell(watching, 0);
    await shows(watching, 'All 10 epochs are done');
    expect(readEvents(join(run, 'metrics.jsonl')).at(-1)!.type).to.equal('end');

    await idle(page);
    await runCell(page, 1);
    await shows(page, 'at epoch 10');
  });
});
