/**
 * Downloads a file, which appears only when it is complete and its checksum is right. After a broken connection, or when a process was
 * stopped or killed, the same or a later process resumes the download if the server's file is still the same.
 */
import {promises as fs} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {CaptionerError} from '../errors';
import {explainFileError} from '../file-error';
import {interruptible, type Interrupt} from '../interrupt';
import {syncFolder, writeFileAtomic} from './atomic';
import {mismatch, sumsOf, verifiedFile, type ExpectedSums, type Sums} from './checksums';
import {lockFolder} from './lock';
import {get, Unreachable, type Answer, type RequestOptions} from './request';

export type {Sums};

export interface DownloadOptions extends Pick<RequestOptions, 'timeout' | 'insecure' | 'ca'>, ExpectedSums {
  /** Maximum size in bytes. @default 64 GiB */
  readonly limit?: number;
  /** Number of tries before giving up. @default 5 */
  readonly tries?: number;
  /** Delay before the second try in milliseconds, doubled for each further try. @default 1000 */
  readonly pause?: number;
  readonly onProgress?: ((done: number, total?: number) => void) | undefined;
}

/** The server's description of the file, stored beside the partial download. */
interface State {
  readonly address: string;
  readonly etag?: string | undefined;
  readonly modified?: string | undefined;
  readonly length?: number | undefined;
}

/**
 * Downloads a file, unless the file at `path` already has the given checksum.
 *
 * @throws CaptionerError `download`, `checksum` (the download is then removed), `no-space` or `locked`; `stopped`: what was fetched is
 *   kept, and the next call continues from there.
 */
export async function download(address: string, path: string, options: DownloadOptions = {}): Promise<Sums> {
  let [done, all] = [0, undefined as number | undefined];
  const onProgress = (bytes: number, total?: number): void => {
    [done, all] = [bytes, total];
    options.onProgress?.(bytes, total);
  };
  return interruptible((interrupt) => downloadFile(address, path, {...options, onProgress}, interrupt), {
    stopped: () => `at ${megabytes(done, all)} of ${basename(path)}, kept`,
  });
}

function megabytes(done: number, all: number | undefined): string {
  const of = all === undefined ? '' : ` of ${(all / 1e6).toFixed(1)}`;
  return `${(done / 1e6).toFixed(1)}${of} MB`;
}

async function downloadFile(
  address: string,
  path: string,
  options: DownloadOptions,
  interrupt: Interrupt,
): Promise<Sums> {
  const work = join(dirname(path), `.${basename(path)}.download`);
  await fs.mkdir(work, {recursive: true});
  const lock = lockFolder(work);
  try {
    const existing = await verifiedFile(path, options, interrupt);
    if (existing) return existing;
    const part = join(work, 'part');
    await fetchWhole(address, work, options, interrupt);
    const sums = await sumsOf(part, interrupt);
    const wrong = mismatch(sums, options);
    if (wrong !== undefined) {
      await discard(work);
      throw new CaptionerError('checksum', `${address}: ${wrong}; the download was removed`);
    }
    await fs.rename(part, path);
    await syncFolder(dirname(path));
    await discard(work);
    return sums;
  } catch (error) {
    throw explainFileError(error, path);
  } finally {
    lock.release();
    await fs.rmdir(work).catch(() => undefined); // fails while it holds a partial download
  }
}

async function fetchWhole(
  address: string,
  work: string,
  options: DownloadOptions,
  interrupt: Interrupt,
): Promise<void> {
  const {tries = 5, pause = 1000} = options;
  let reached = false;
  for (let tried = 1; ; tried++) {
    try {
      return await fetchRest(address, work, options, interrupt);
    } catch (error) {
      interrupt.throwIfRequested();
      const {code = '', message} = error as NodeJS.ErrnoException;
      if (error instanceof CaptionerError || explainFileError(error) !== error) throw error;
      const fail = (what: string): never => {
        throw new CaptionerError('download', `${address}: ${what}`, {cause: error});
      };
      if (error instanceof Unreachable && !reached) fail(`${message}; is there a network?`);
      // Another try will not make a certificate trusted.
      if (/CERT|SIGNATURE|TLS/.test(code)) fail(`expected a trusted certificate: ${message}`);
      reached = true;
      if (tried >= tries) {
        const size = await partSize(work);
        const kept = `${size} bytes are kept in ${join(work, 'part')}; run the command again to resume`;
        fail(`expected the file within ${tries} tries, the last failed with: ${message}; ${kept}`);
      }
      await wait(pause * 2 ** (tried - 1), undefined, {signal: interrupt.signal}).catch(() => undefined);
      interrupt.throwIfRequested();
    }
  }
}

/** @throws CaptionerError if another try cannot help, and other errors if it may. */
async function fetchRest(
  address: string,
  work: string,
  options: DownloadOptions,
  {signal}: Interrupt,
): Promise<void> {
  const {size, timeout, insecure, ca, limit = 64 * 2 ** 30} = options;
  let state = await readState(address, work);
  const validator = state && (strong(state.etag) ?? state.modified);
  let done = validator === undefined ? 0 : await partSize(work);
  if (state?.length !== undefined && done === state.length) return;
  const answer = await get(address, {
    headers: {
      'accept-encoding': 'identity',
      ...(done > 0 && {'range': `bytes=${done}-`, 'if-range': validator!}),
    },
    ...(timeout !== undefined && {timeout}),
    ...(insecure !== undefined && {insecure}),
    ...(ca !== undefined && {ca}),
    signal,
  });
  try {
    if (done > 0 && answer.status === 206) {
      const reason = rangeMismatch(answer, done, state!);
      if (reason !== undefined) await startOver(work, reason);
    } else if (done > 0 && answer.status === 416) {
      await startOver(work, `the server has no byte ${done}`);
    } else if (answer.status === 200) {
      done = 0;
      state = stateOf(address, answer);
    } else refuse(address, answer.status);
    const {length} = state!;
    if (length !== undefined && length !== (size ?? length))
      throw new CaptionerError('download', `${address}: expected ${size} bytes, the server has ${length}`);
    const most = length ?? size ?? limit;
    if (most > limit)
      throw new CaptionerError(
        'download',
        `${address}: expected at most ${limit} bytes, the server has ${most}`,
      );

    const part = await fs.open(join(work, 'part'), done === 0 ? 'w' : 'a');
    try {
      // Written after the part is emptied, so that the state never describes the bytes of another file.
      if (done === 0) await writeFileAtomic(join(work, 'state.json'), JSON.stringify(state));
      for await (const chunk of answer.body) {
        if (done + chunk.length > most) {
          await discard(work);
          throw new CaptionerError('download', `${address}: expected ${most} bytes, got more`);
        }
        await part.writeFile(chunk);
        done += chunk.length;
        options.onProgress?.(done, length ?? size);
      }
      await part.sync();
    } finally {
      await part.close();
    }
    const whole = length ?? size;
    if (whole !== undefined && done < whole) throw new Error(`got only ${done} of ${whole} bytes`);
  } finally {
    answer.close();
  }
}

/** @returns Why a response to a range request does not continue the partial download, if it does not. */
function rangeMismatch({headers}: Answer, from: number, {etag, length}: State): string | undefined {
  const range = headers['content-range'];
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range ?? '') ?? [];
  if (Number(start) !== from) return `expected bytes from ${from} on, got ${range}`;
  if (length !== undefined && total !== '*' && Number(total) !== length)
    return `expected a file of ${length} bytes, got one of ${total}`;
  if (headers.etag !== undefined && headers.etag !== etag) return 'the file changed on the server';
  return undefined;
}

async function startOver(work: string, reason: string): Promise<never> {
  await discard(work);
  throw new Error(reason);
}

function refuse(address: string, status: number): never {
  if (status >= 500 || status === 408 || status === 429) throw new Error(`the server answered ${status}`);
  throw new CaptionerError('download', `${address}: expected the file, the server answered ${status}`);
}

function stateOf(address: string, {headers}: Answer): State {
  if ((headers['content-encoding'] ?? 'identity') !== 'identity')
    throw new CaptionerError(
      'download',
      `${address}: expected the file without content encoding, got ${headers['content-encoding']}`,
    );
  const length = headers['content-length'];
  return {
    address,
    etag: headers.etag,
    modified: headers['last-modified'],
    length: length === undefined ? undefined : Number(length),
  };
}

/** Returns a strong ETag; a weak one does not guarantee identical bytes. */
function strong(etag: string | undefined): string | undefined {
  return etag?.startsWith('"') ? etag : undefined;
}

async function readState(address: string, work: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await fs.readFile(join(work, 'state.json'), 'utf8')) as State | null;
    return state?.address === address ? state : undefined;
  } catch {
    return undefined; // missing or unreadable: the download starts from the beginning
  }
}

async function partSize(work: string): Promise<number> {
  return (await fs.stat(join(work, 'part')).catch(() => undefined))?.size ?? 0;
}

async function discard(work: string): Promise<void> {
  for (const name of ['state.json', 'part']) await fs.rm(join(work, name), {force: true});
}
