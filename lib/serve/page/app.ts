/** The page: an image and a run in, captions out. All that it shows comes from the server. */
import {clearReply, showReply} from './captions.js';
import {caption, Failure, fetchStart, load} from './client.js';
import {byId} from './dom.js';
import {onImage, showImage} from './photo.js';
import {chosenOptions, chosenRun, showRuns, showSettings} from './settings.js';

let image: File | undefined;
let byteLimit = Infinity;
let current = new AbortController();

/** Runs a task that a later one replaces, and shows that it runs and what became of it. */
async function work(status: string, task: (signal: AbortSignal) => Promise<string>): Promise<void> {
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
    clearReply();
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
    const reply = await caption(image, run, chosenOptions(), signal);
    if (signal.aborted) return '';
    showReply(reply);
    byId('announcement').textContent = `Caption: ${reply.hypotheses[0]?.caption ?? ''}`;
    return `Written by ${run} in ${reply.seconds.toFixed(1)} s.`;
  });
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
  clearReply();
  say(`Reading ${file.name} …`);
  await showImage(file);
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
