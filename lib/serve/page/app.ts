/** The page: an image and a run in, captions out. All that it shows comes from the server. */
import type {ExplainReply} from './api.js';
import {clearReply, showReply} from './captions.js';
import {caption, explain, Failure, fetchStart, load} from './client.js';
import {byId} from './dom.js';
import {clearPainting, hiddenCells, preparePainting} from './paint.js';
import {onImage, showImage} from './photo.js';
import {chosenOptions, chosenRun, showRuns, showSettings} from './settings.js';

let image: File | undefined;
let byteLimit = Infinity;
let current = new AbortController();
/** Caption of the whole image, with which those of a partly hidden one are compared. */
let whole: string | undefined;

/** Runs a task that a later one replaces, and shows that it runs and what became of it. */
async function work(
  status: string,
  task: (signal: AbortSignal) => Promise<string>,
  failed: () => void = clearReply,
): Promise<void> {
  current.abort();
  const own = (current = new AbortController());
  say(status);
  complain('');
  byId('progress').hidden = false;
  byId('result').setAttribute('aria-busy', 'true');
  try {
    const done = await task(own.signal);
    if (own === current) say(done);
  } catch (error) {
    if (own !== current || own.signal.aborted) return;
    say('');
    failed();
    complain(error instanceof Failure ? error.message : `Something went wrong: ${String(error)}`);
    if (!(error instanceof Failure)) throw error;
  } finally {
    if (own === current) {
      byId('progress').hidden = true;
      byId('result').removeAttribute('aria-busy');
    }
  }
}

/** Loads the chosen run and, where there is an image, captions it. */
function update(): Promise<void> {
  const run = chosenRun();
  if (run === '') return Promise.resolve();
  return work(`Loading ${run} …`, async (signal) => {
    await load(run, signal);
    if (image === undefined) return `${run} is ready. Choose an image.`;
    say('Writing captions …');
    const hidden = hiddenCells();
    if (hidden === undefined) whole = undefined;
    const query = {...chosenOptions(), ...(hidden && {hidden}), ...(whole !== undefined && {before: whole})};
    const reply = await caption(image, run, query, signal);
    if (signal.aborted) return '';
    const best = reply.hypotheses[0]?.caption ?? '';
    if (hidden === undefined) whole = best;
    showReply(reply, (method, text) => explainWords(method, text, reply.run));
    byId('announcement').textContent =
      `Caption: ${best}${reply.before === undefined ? '' : `; before: ${reply.before}`}`;
    return `Written by ${run} in ${reply.seconds.toFixed(1)} s.`;
  });
}

/** Explains the words of a caption. @returns Undefined if that failed, or something else was asked for meanwhile. */
async function explainWords(method: string, text: string, run: string): Promise<ExplainReply | undefined> {
  const asked = image;
  if (asked === undefined) return undefined;
  const hidden = hiddenCells();
  let reply: ExplainReply | undefined;
  const task = async (signal: AbortSignal): Promise<string> => {
    reply = await explain(asked, {run, method, caption: text, ...(hidden && {hidden})}, signal);
    return `Explained in ${reply.seconds.toFixed(1)} s. Point at a word.`;
  };
  await work('Explaining each word …', task, () => undefined);
  return reply;
}

async function take(file: File): Promise<void> {
  if (file.size > byteLimit) {
    complain(
      `${file.name} has ${megabytes(file.size)} MB; choose an image of at most ${megabytes(byteLimit)} MB.`,
    );
    return;
  }
  current.abort();
  image = file;
  whole = undefined;
  clearReply();
  say(`Reading ${file.name} …`);
  await showImage(file);
  clearPainting();
  if (image === file) await update();
}

function say(text: string): void {
  byId('status').textContent = text;
}

function complain(text: string): void {
  byId('error').textContent = text;
  byId('error').hidden = text === '';
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
}

async function start(): Promise<void> {
  const offered = await fetchStart();
  ({byteLimit} = offered);
  byId('formats').textContent = `JPEG, PNG, WebP or GIF, at most ${megabytes(byteLimit)} MB`;
  preparePainting(offered.hiding, () => void update());
  showSettings(offered, () => void update());
  showRuns(offered);
  onImage((file) => void take(file));
  // Runs may have come or got on while the page was in the background.
  window.addEventListener('focus', () => void fetchStart().then(showRuns, () => undefined));
  if (offered.selected !== undefined) return update();
  complain(
    'There is no checkpoint yet. Train one: npx captioner train --data scenes --run checkpoints/scenes',
  );
}

start().catch((error: unknown) => complain(error instanceof Failure ? error.message : String(error)));
