/** `captioner download`: downloads datasets and weights from where they are published. */
import {basename} from 'node:path';
import {downloadNames, downloads, isDownloadName} from '../datasets/downloads/catalog';
import {fetchDownload} from '../datasets/downloads/fetch';
import {CaptionerError} from '../errors';
import {unknownName} from '../option-names';
import {userPath} from '../paths';
import {progress} from '../show/progress';
import {continued, print, warn} from './io';

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
  await fetchDownload(thing, folder, {progress}).catch((error: unknown) => {
    throw continued(error, 'run the command again to continue');
  });
  for (const {address, unpack} of thing.files)
    print(unpack ? `${basename(address)} is unpacked in ${folder}` : `${folder}/${basename(address)}`);
}

function list(): void {
  const width = Math.max(...downloadNames.map((name) => name.length));
  for (const name of downloadNames) print(`${name.padEnd(width)}  ${downloads[name].title}`);
}
