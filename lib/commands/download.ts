/** `captioner download`: data sets and weights from their official addresses, on terms that are printed first. */
import {existsSync, promises as fs} from 'node:fs';
import {basename, join} from 'node:path';
import {catalogue, type Downloadable, type RemoteFile} from '../catalogue';
import {CaptionerError} from '../errors';
import {download as fetchFile} from '../files/download';
import {unzip} from '../files/unzip';
import {userPath} from '../places';
import {progress} from '../show/progress';
import {note, print} from './output';

export interface DownloadFlags {
  readonly to?: string;
}

/** Without a name, lists what there is. */
export async function download(name: string | undefined, {to}: DownloadFlags): Promise<void> {
  if (name === undefined) {
    const width = Math.max(...Object.keys(catalogue).map((one) => one.length));
    for (const [one, {title}] of Object.entries(catalogue)) print(`${one.padEnd(width)}  ${title}`);
    return;
  }
  const wanted = Object.hasOwn(catalogue, name) ? catalogue[name] : undefined;
  if (wanted === undefined)
    throw new CaptionerError(
      'options',
      `Unknown download "${name}"; known: ${Object.keys(catalogue).join(', ')}`,
    );
  const folder = to === undefined ? wanted.folder() : userPath(to);
  note(`${wanted.title}\nTerms: ${wanted.licence}\nPlease cite: ${wanted.citation}`);
  for (const file of wanted.files) await get(file, folder, wanted);
  for (const line of wanted.next(folder)) print(line);
}

async function get(
  {address, ...checksums}: RemoteFile,
  folder: string,
  {place}: Downloadable,
): Promise<void> {
  await fs.mkdir(folder, {recursive: true});
  const name = basename(new URL(address).pathname);
  const file = join(folder, name);
  // An archive goes once it was unpacked; this says that it was.
  const unpacked = join(folder, `.${name}.unpacked`);
  if (place && existsSync(unpacked)) return;
  const bar = progress(name);
  await fetchFile(address, file, {...checksums, onProgress: bar.update});
  await bar.finish();
  if (!place) return print(file);
  const unpacking = progress('Unpacking');
  const count = await unzip(file, folder, {place, onProgress: unpacking.update});
  await unpacking.finish();
  await fs.writeFile(unpacked, '');
  await fs.rm(file);
  print(`${count} files in ${folder}`);
}
