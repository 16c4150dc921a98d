/** Downloads a catalogue entry into a folder: fetches, verifies and unpacks its files and records them, so that none is fetched twice. */
import {existsSync, promises as fs, statSync} from 'node:fs';
import {basename, join} from 'node:path';
import {CaptionerError} from '../../errors';
import {writeFileAtomic} from '../../files/atomic';
import {download, type DownloadOptions} from '../../files/download';
import {lockFolder} from '../../files/lock';
import {unzip} from '../../files/unzip';
import {interruptible} from '../../interrupt';
import {startProgress, type ProgressOptions, type ShownProgress} from '../../show-progress';
import type {Downloadable, RemoteFile} from './catalog';

export interface FetchOptions
  extends Pick<DownloadOptions, 'timeout' | 'insecure' | 'tries' | 'pause'>, ProgressOptions {
  /** Called with progress; `done` and `total` count bytes when fetching and files when unpacking. */
  readonly onProgress?: (work: 'fetch' | 'unpack', file: string, done: number, total?: number) => void;
}

/** An entry of `downloads.json`, which records the fetched files by name. */
interface Fetched {
  readonly address: string;
  readonly size: number;
  readonly sha256: string;
  /** Top-level files and folders unpacked from an archive; the archive itself is deleted. */
  readonly unpacked?: readonly string[];
}
type Records = Readonly<Record<string, Fetched>>;

const recordName = 'downloads.json';

/**
 * Fetches the files that are not in the folder yet. A file without a published SHA-256 must have the recorded one if it is fetched again.
 *
 * @throws CaptionerError `options` (no folder), `download`, `checksum`, `archive`, `no-space`, `locked` or `header`
 *   (`downloads.json` is damaged); `stopped`: the next call continues.
 */
export async function fetchDownload(
  {files}: Pick<Downloadable, 'files'>,
  folder: string,
  options: FetchOptions = {},
): Promise<void> {
  const bars = new Bars(options);
  let unpacking = '';
  try {
    await interruptible(
      (interrupt) =>
        fetchFiles(files, folder, {
          ...options,
          onProgress: (work, file, done, total) => {
            interrupt.throwIfRequested();
            unpacking = work === 'unpack' ? `while unpacking ${file}` : '';
            options.onProgress?.(work, file, done, total);
            bars.update(work, file, done, total);
          },
        }),
      {stopped: (inner) => inner ?? unpacking},
    );
  } finally {
    await bars.finish();
  }
}

async function fetchFiles(
  files: readonly RemoteFile[],
  folder: string,
  options: FetchOptions,
): Promise<void> {
  if (statSync(folder, {throwIfNoEntry: false})?.isDirectory() === false)
    throw new CaptionerError('options', `${folder}: expected a folder, found a file`);
  const made = await fs.mkdir(folder, {recursive: true});
  const lock = lockFolder(folder);
  try {
    for (const file of files) {
      const name = basename(new URL(file.address).pathname);
      const records = await readRecords(folder);
      const record = Object.hasOwn(records, name) ? records[name] : undefined;
      if (record?.unpacked?.every((one) => existsSync(join(folder, one)))) continue;
      const fetched = await fetchFile(file, name, record, folder, options);
      const text = JSON.stringify({...records, [name]: fetched}, undefined, 2);
      await writeFileAtomic(join(folder, recordName), `${text}\n`);
      if (file.unpack) await fs.rm(join(folder, name));
    }
  } finally {
    lock.release();
    if (made !== undefined) await fs.rmdir(folder).catch(() => undefined); // fails unless it is empty
  }
}

async function fetchFile(
  {address, size, md5, sha256, unpack}: RemoteFile,
  name: string,
  record: Fetched | undefined,
  folder: string,
  {onProgress, progress: _, ...options}: FetchOptions,
): Promise<Fetched> {
  const path = join(folder, name);
  const known = record?.address === address ? record.sha256 : undefined;
  const sums = await download(address, path, {
    ...options,
    size,
    md5,
    sha256: sha256 ?? known,
    onProgress: (done, total) => onProgress?.('fetch', name, done, total),
  }).catch((error: Error) => {
    if (!(error instanceof CaptionerError) || error.code !== 'checksum' || sha256 !== undefined) throw error;
    const advice = `remove ${join(folder, recordName)} if the publisher has changed the file`;
    throw new CaptionerError('checksum', known === undefined ? error.message : `${error.message}; ${advice}`);
  });
  const fetched = {address, size: sums.size, sha256: sums.sha256};
  if (!unpack) return fetched;
  const paths = await unzip(path, folder, {
    rename: unpack,
    totalLimit: Math.max(2 ** 33, 2 * sums.size),
    onProgress: (done, total) => onProgress?.('unpack', name, done, total),
  });
  if (paths.length === 0)
    throw new CaptionerError('archive', `${path}: expected files of the dataset, found none`);
  return {...fetched, unpacked: [...new Set(paths.map((one) => one.split('/')[0]!))]};
}

/** One bar after the other: each file is fetched, then unpacked. */
class Bars {
  #label = '';
  #bar: ShownProgress | undefined;
  #next = 0;

  constructor(private readonly options: ProgressOptions) {}

  update(work: 'fetch' | 'unpack', file: string, done: number, total?: number): void {
    const label = work === 'fetch' ? `${file} (MB)` : `${file} (files)`;
    if (label === this.#label && done !== total && performance.now() < this.#next) return;
    this.#next = performance.now() + 100;
    if (label !== this.#label) {
      void this.#bar?.finish();
      this.#bar = startProgress(this.options, label);
    }
    this.#label = label;
    const unit = work === 'fetch' ? 1e6 : 1;
    const whole = total === undefined ? undefined : Math.ceil(total / unit);
    void this.#bar?.update(done === total ? whole! : Math.floor(done / unit), whole);
  }

  async finish(): Promise<void> {
    await this.#bar?.finish();
  }
}

async function readRecords(folder: string): Promise<Records> {
  const file = join(folder, recordName);
  if (!existsSync(file)) return {};
  try {
    const records = JSON.parse(await fs.readFile(file, 'utf8')) as Records | null;
    const sound = Object.values(records ?? {}).every(({sha256}) => /^[0-9a-f]{64}$/.test(sha256));
    if (records !== null && !Array.isArray(records) && typeof records === 'object' && sound) return records;
  } catch {
    // treated like an invalid record
  }
  throw new CaptionerError(
    'header',
    `${file}: expected the SHA-256 of each fetched file; remove this file to fetch them again`,
  );
}
