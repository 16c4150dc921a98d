/** `captioner download`: downloads datasets and weights from where they are published. */
import {basename} from 'node:path';
import {downloadNames, downloads, isDownloadName} from '../datasets/downloads/catalog';
import {fetchDownload} from '../datasets/downloads/fetch';
import {CaptionerError} from '../errors';
import {unknownName} from '../option-names';
import {userPath} from '../paths';
import {progress, type Progress} from '../show/progress';
import {print, warn} from './io';

export interface DownloadFlags {
  readonly to?: string;
}

/** Downloads by name; without a name, lists what is available. */
export async function download(name: string | undefined, {to}: DownloadFlags): Promise<void> {
  if (name === undefined) return list();
  if (!isDownloadName(name))
    throw new CaptionerError('options', unknownName('download', name, downloadNames));
  const thing = downloads[name];
  const folder = to === undefined ? thing.folder() : userPath(to);
  warn(thing.title);
  warn(`terms: ${thing.licence}`);
  warn(`cite: ${thing.citation}`);
  if (thing.byHand !== undefined) return print(`${thing.byHand}\nThe folder: ${folder}`);
  const bars = new Bars();
  const stop = stopAtInterrupt(bars);
  try {
    await fetchDownload(thing, folder, {onProgress: bars.update});
  } finally {
    await bars.finish();
    process.off('SIGINT', stop);
  }
  for (const {address, unpack} of thing.files)
    print(unpack ? `${basename(address)} is unpacked in ${folder}` : `${folder}/${basename(address)}`);
}

function list(): void {
  const width = Math.max(...downloadNames.map((name) => name.length));
  for (const name of downloadNames) print(`${name.padEnd(width)}  ${downloads[name].title}`);
}

/** Handles Ctrl-C: keeps the partial download and restores the cursor that the bar hides. */
function stopAtInterrupt(bars: Bars): () => void {
  const stop = (): void => {
    void bars.finish().finally(() => {
      warn('stopped; run the command again to resume');
      process.exit(130);
    });
  };
  process.once('SIGINT', stop);
  return stop;
}

/** Shows one bar after the other: each file is downloaded, then unpacked. */
class Bars {
  #label = '';
  #bar: Progress | undefined;
  #next = 0;

  readonly update = (work: 'fetch' | 'unpack', file: string, done: number, total?: number): void => {
    const label = work === 'fetch' ? `Downloading ${file} (MB)` : `Unpacking ${file} (files)`;
    if (label === this.#label && done !== total && performance.now() < this.#next) return;
    this.#next = performance.now() + 100;
    if (label !== this.#label) {
      void this.#bar?.finish();
      this.#bar = progress(label);
    }
    this.#label = label;
    const unit = work === 'fetch' ? 1e6 : 1;
    const whole = total === undefined ? undefined : Math.ceil(total / unit);
    void this.#bar?.update(done === total ? whole! : Math.floor(done / unit), whole);
  };

  async finish(): Promise<void> {
    await this.#bar?.finish();
  }
}
