/**
 * Fetches a file that appears only when it is whole and its checksum is right. What a broken connection, a stopped or a
 * killed process leaves is gone on with, in the same process or a later one, as long as the server's file is the same.
 */
import {createHash} from 'node:crypto';
import {createReadStream, promises as fs} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {CaptionerError} from '../errors';
import {spaceError, syncFolder, writeFileAtomic} from './atomic';
import {lockFolder} from './lock';
import {get, Unreachable, type Answer, type RequestOptions} from './request';

export interface DownloadOptions extends Pick<RequestOptions, 'timeout' | 'insecure'> {
  readonly sha256?: string | undefined;
  readonly md5?: string | undefined;
  /** Bytes, where they are known; a file of another length is refused. */
  readonly size?: number | undefined;
  /** No file is longer. @default 64 GiB */
  readonly limit?: number;
  /** How often to ask before giving up. @default 5 */
  readonly tries?: number;
  /** Milliseconds before the second try; twice as many before each further one. @default 1000 */
  readonly pause?: number;
  readonly onProgress?: ((done: number, total?: number) => void) | undefined;
}

export interface Sums {
  readonly size: number;
  readonly sha256: string;
  readonly md5: string;
}

/** What is known of the server's file while it is being fetched; it lies beside the part that is here. */
interface State {
  readonly address: string;
  readonly etag?: string | undefined;
  readonly modified?: string | undefined;
  readonly length?: number | undefined;
}

/**
 * A file that lies at `path` and has the checksum given is not fetched again.
 *
 * @throws CaptionerError `download`, `checksum` (nothing is kept then), `no-space` or `locked`.
 */
export async function download(address: string, path: string, options: DownloadOptions = {}): Promise<Sums> {
  const work = join(dirname(path), `.${basename(path)}.download`);
  await fs.mkdir(work, {recursive: true});
  const lock = lockFolder(work);
  try {
    const there = await soundFile(path, options);
    if (there) return there;
    const part = join(work, 'part');
    await fetchWhole(address, work, options);
    const sums = await sumsOf(part);
    const wrong = mismatch(sums, options);
    if (wrong !== undefined) {
      await discard(work);
      throw new CaptionerError('checksum', `${address}: ${wrong}; what was fetched is removed`);
    }
    await fs.rename(part, path);
    await syncFolder(dirname(path));
    await discard(work);
    return sums;
  } catch (error) {
    throw spaceError(error, path);
  } finally {
    lock.release();
    await fs.rmdir(work).catch(() => undefined); // it stays while a part is in it
  }
}

async function soundFile(path: string, options: DownloadOptions): Promise<Sums | undefined> {
  const {sha256, md5, size} = options;
  if (sha256 === undefined && md5 === undefined) return undefined;
  const stat = await fs.stat(path).catch(() => undefined);
  if (!stat?.isFile() || (size !== undefined && stat.size !== size)) return undefined;
  const sums = await sumsOf(path);
  return mismatch(sums, options) === undefined ? sums : undefined;
}

async function sumsOf(path: string): Promise<Sums> {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  let size = 0;
  for await (const chunk of createReadStream(path, {highWaterMark: 1 << 20}) as AsyncIterable<Buffer>) {
    sha256.update(chunk);
    md5.update(chunk);
    size += chunk.length;
  }
  return {size, sha256: sha256.digest('hex'), md5: md5.digest('hex')};
}

function mismatch(got: Sums, {sha256, md5}: DownloadOptions): string | undefined {
  if (sha256 !== undefined && got.sha256 !== sha256) return `expected SHA-256 ${sha256}, got ${got.sha256}`;
  if (md5 !== undefined && got.md5 !== md5) return `expected MD5 ${md5}, got ${got.md5}`;
  return undefined;
}

async function fetchWhole(address: string, work: string, options: DownloadOptions): Promise<void> {
  const {tries = 5, pause = 1000} = options;
  let reached = false;
  for (let tried = 1; ; tried++) {
    try {
      return await fetchRest(address, work, options);
    } catch (error) {
      const {code = '', message} = error as NodeJS.ErrnoException;
      if (error instanceof CaptionerError || code === 'ENOSPC') throw error;
      const fail = (what: string): never => {
        throw new CaptionerError('download', `${address}: ${what}`, {cause: error});
      };
      if (error instanceof Unreachable && !reached) fail(`${message}; is there a network?`);
      // A certificate that is not to be trusted will not be so in a second.
      if (/CERT|SIGNATURE|TLS/.test(code)) fail(`expected a certificate to be trusted: ${message}`);
      reached = true;
      if (tried >= tries) {
        const size = await partSize(work);
        const kept = `${size} bytes of it lie in ${join(work, 'part')}; run the command again to go on`;
        fail(`expected the file in ${tries} tries, the last ended with: ${message}; ${kept}`);
      }
      await wait(pause * 2 ** (tried - 1));
    }
  }
}

/** @throws CaptionerError for what another try can't mend, and other errors for what it may. */
async function fetchRest(address: string, work: string, options: DownloadOptions): Promise<void> {
  const {size, timeout, insecure, limit = 64 * 2 ** 30} = options;
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
  });
  try {
    if (done > 0 && answer.status === 206) {
      const reason = notTheRest(answer, done, state!);
      if (reason !== undefined) await startAgain(work, reason);
    } else if (done > 0 && answer.status === 416) {
      await startAgain(work, `the server has no byte ${done}`);
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
      // After the part was emptied: a state never stands beside another file's bytes.
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
    if (whole !== undefined && done < whole) throw new Error(`only ${done} of ${whole} bytes came`);
  } finally {
    answer.close();
  }
}

/** @returns Why an answer to a range is not the rest of the file that the part is of. */
function notTheRest({headers}: Answer, from: number, {etag, length}: State): string | undefined {
  const range = headers['content-range'];
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(range ?? '') ?? [];
  if (Number(start) !== from) return `expected bytes from ${from} on, got ${range}`;
  if (length !== undefined && total !== '*' && Number(total) !== length)
    return `expected a file of ${length} bytes, got one of ${total}`;
  if (headers.etag !== undefined && headers.etag !== etag) return 'the file changed on the server';
  return undefined;
}

async function startAgain(work: string, reason: string): Promise<never> {
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
      `${address}: expected the file as it is, got it encoded as ${headers['content-encoding']}`,
    );
  const length = headers['content-length'];
  return {
    address,
    etag: headers.etag,
    modified: headers['last-modified'],
    length: length === undefined ? undefined : Number(length),
  };
}

/** Only a strong ETag vouches for every byte. */
function strong(etag: string | undefined): string | undefined {
  return etag?.startsWith('"') ? etag : undefined;
}

async function readState(address: string, work: string): Promise<State | undefined> {
  try {
    const state = JSON.parse(await fs.readFile(join(work, 'state.json'), 'utf8')) as State | null;
    return state?.address === address ? state : undefined;
  } catch {
    return undefined; // there is none, or none that can be read: the file is fetched from its start
  }
}

async function partSize(work: string): Promise<number> {
  return (await fs.stat(join(work, 'part')).catch(() => undefined))?.size ?? 0;
}

async function discard(work: string): Promise<void> {
  for (const name of ['state.json', 'part']) await fs.rm(join(work, name), {force: true});
}
