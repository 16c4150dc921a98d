/** The page of `captioner serve` in Chromium, with runs of each kind and drawn scenes. */
import {cpSync, mkdirSync} from 'node:fs';
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
import type {Browser, Page} from 'playwright-core';
import {projectRoot, temporaryFolder} from '../support';
import {launch, visit} from './chromium';

const bundled = join(projectRoot, 'checkpoints', 'flickr8k');

/** A page that was opened. */
export interface Open {
  readonly page: Page;
  /** Errors, dialogs, and requests to anywhere else. */
  readonly complaints: () => string[];
}

/** The served page with what it is to show. */
export interface Served {
  readonly folder: string;
  readonly images: readonly string[];
  /** Captions of the library for the same images. */
  readonly expected: readonly Captioned[];
  open(): Promise<Open>;
  close(): Promise<void>;
}

export async function servePage(chromium: string): Promise<Served> {
  const folder = temporaryFolder();
  await prepareRuns(folder);
  await drawScenes(join(folder, 'drawn'), {train: 0, validation: 0, test: 2});
  const images = readScenes(join(folder, 'drawn')).images.map(({file}) => file);
  const captioner = await Captioner.load(bundled);
  const expected = (await captioner.caption(images)) as Captioned[];
  captioner.dispose();
  const server = await serve({port: 0, folder});
  const browser = await launch(chromium);
  return {
    ...{folder, images, expected},
    open: () => open(browser, server),
    close: async () => {
      await browser.close();
      await server.close();
    },
  };
}

/** Four runs: the bundled one, one of each that looks different on the page, and one that can't be chosen. */
async function prepareRuns(folder: string): Promise<void> {
  cpSync(bundled, join(folder, 'flickr8k'), {recursive: true});
  mkdirSync(join(folder, 'begun', 'checkpoints'), {recursive: true});
  const {decoder, vocabulary, encoder, ...others} = await loadCheckpoint(bundled);
  // One that looks at the square in the centre of the image.
  const preprocessing = {...encoder.preprocessing, fit: 'crop' as const};
  const centre = {decoder, vocabulary, encoder: {...encoder, preprocessing}, ...others};
  await saveCheckpoint(join(folder, 'centre'), centre);
  decoder.dispose();
  // One without attention; nothing was learnt.
  const plain = createDecoder('lstm', vocabulary.size, 1280, {units: 32, embedding: 16});
  await saveCheckpoint(join(folder, 'plain'), {decoder: plain, vocabulary, encoder});
  plain.dispose();
}

async function open(browser: Browser, {url}: CaptionServer): Promise<Open> {
  const {page, complaints} = await visit(browser, url);
  await page.getByText('flickr8k is ready').waitFor();
  return {page, complaints: () => complaints.filter((one) => !one.startsWith(`request: ${url}`))};
}

/** Chooses an image and waits for its captions. */
export async function choose(page: Page, file: string): Promise<void> {
  await page.locator('#file').setInputFiles(file);
  await page.getByText(/^Written by/).waitFor();
}

/** The words that can be pressed. */
export async function captionOf(page: Page): Promise<string> {
  return (await page.locator('#caption button b').allTextContents()).join(' ');
}

/** Pixels of the image and of the map over it, as they were drawn: no screenshot, which a scrolled page changes. */
export function pixels(page: Page): Promise<string> {
  return page.evaluate(
    `[...document.querySelectorAll('#canvases canvas')].map((canvas) => canvas.toDataURL()).join()`,
  );
}

/** The id of the element that has the focus, or its class. */
export function focused(page: Page): Promise<string> {
  return page.evaluate(
    `document.activeElement.id || document.activeElement.classList[0] || document.activeElement.type || ''`,
  );
}
