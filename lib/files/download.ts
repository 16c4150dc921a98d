/**
 * Fetches a file whatever the network does meanwhile: what was cut off is continued, also by another process, and under
 * its name the file appears only when it is whole and its checksum is right.
 */
import {createHash} from 'node:crypto';
import {createReadStream, existsSync, promises as fs, readFileSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {CaptionerError} from '../errors';
import {writeFileAtomic} from './atomic';
import {request, type Answer} from './http';
import {lockFolder} from './lock';

export interface DownloadOptions {
  /** Checksums that were published, hexadecimal. Without one, that of the first download is kept beside the file. */
  readonly sha256?: string | undefined;
  readonly md5?: string | undefined;
  /** Bytes without news after which a connection is given up. @default 30 seconds */
  readonly patience?: number;
  /** @default 5 */
  readonly tries?: number;
  /** Milliseconds before the second try; twice as many before each further one. @default 1000 */
  readonly pause?: number;
  /** For servers on one's own machine. @default false */
  readonly insecure?: boolean;
  readonly onProgress?: (done: number, total: number | undefined) => void | Promise<void>;
}

/** What is known of the file that a partial one is the beginning of. */
interface State {
  readonly address: string;
  /** ETag or date: whether the server still has the same file. */
  readonly validator?: string | undefined;
  readonly total?: number | undefined;
}

/** Another try may help. */
class Interrupted extends Error {}

/**
 * @param file Where it shall lie. There already with the right checksum, it is not fetched again.
 * @returns Its SHA-256.
 * @throws CaptionerError `download` when it cannot be had; `checksum` when it is another file than was expected; `no-space`; `locked`.
 */
export async function download(
  address: string,
  file: string,
  options: DownloadOptions = {},
): Promise<string> {
  const expected = options.sha256 ?? recorded(file);
  if (existsSync(file)) {
    const found = await digest(file, 'sha256');
    if (found === expected) return found;
    if (expected !== undefined)
      throw new CaptionerError(
        'checksum',
        `${file}: expected SHA-256 ${expected}, got ${found}; remove it to fetch it again`,
      );
  }
  const folder = join(dirname(file), `.${basename(file)}.part`);
  await fs.mkdir(folder, {recursive: true});
  const lock = lockFolder(folder);
  try {
    await new Fetch(address, folder, options).complete();
    const sha256 = await check(join(folder, 'data'), address, {...options, sha256: expected});
    if (expected === undefined) await writeFileAtomic(recordOf(file), `${sha256}  ${basename(file)}\n`);
    await fs.rename(join(folder, 'data'), file);
    lock.release();
    await fs.rm(folder, {recursive: true, force: true});
    return sha256;
  } catch (error) {
    const {code} = error as NodeJS.ErrnoException;
    if (code === 'ENOSPC')
      throw new CaptionerError(
        'no-space',
        `${file}: the disk is full; free some space and run the command again`,
        {
          cause: error,
        },
      );
    throw error;
  } finally {
    lock.release();
  }
}

/** As `sha256sum` writes it. */
const recordOf = (file: string): string => `${file}.sha256`;

function recorded(file: string): string | undefined {
  const record = recordOf(file);
  return existsSync(record) ? /^[0-9a-f]{64}/.exec(readFileSync(record, 'utf8'))?.[0] : undefined;
}

async function check(
  data: string,
  address: string,
  {sha256: expected, md5}: Pick<DownloadOptions, 'sha256' | 'md5'>,
): Promise<string> {
  const sha256 = await digest(data, 'sha256');
  const wrong: [string, string, string][] = [];
  if (expected !== undefined && sha256 !== expected) wrong.push(['SHA-256', expected, sha256]);
  const found = md5 === undefined ? undefined : await digest(data, 'md5');
  if (md5 !== undefined && found !== md5) wrong.push(['MD5', md5, found!]);
  const [first] = wrong;
  if (first === undefined) return sha256;
  await fs.rm(data, {force: true});
  throw new CaptionerError('checksum', `${address}: expected ${first[0]} ${first[1]}, got ${first[2]}`);
}

async function digest(file: string, algorithm: 'sha256' | 'md5'): Promise<string> {
  const hash = createHash(algorithm);
  for await (const part of createReadStream(file, {highWaterMark: 1 << 20})) hash.update(part as Buffer);
  return hash.digest('hex');
}

class Fetch {
  readonly #data: string;
  readonly #state: string;

  constructor(
    private readonly address: string,
    private readonly folder: string,
    private readonly options: DownloadOptions,
  ) {
    this.#data = join(folder, 'data');
    this.#state = join(folder, 'state.json');
  }

  /** Tries until the partial file is whole. */
  async complete(): Promise<void> {
    const {tries = 5, pause: first = 1000} = this.options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await this.#attempt();
      } catch (error) {
        if (!(error instanceof Interrupted)) throw error;
        if (attempt >= tries)
          throw new CaptionerError(
            'download',
            `${this.address}: gave up after ${tries} tries (${error.message}); what was fetched is kept in ${this.folder}, so run the command again`,
            {cause: error},
          );
        await pause(first * 2 ** (attempt - 1));
      }
    }
  }

  async #attempt(): Promise<void> {
    const {state, size} = await this.#begun();
    if (state?.total !== undefined && size === state.total) return;
    const continues = size > 0 && state?.validator !== undefined;
    const headers: Record<string, string> = continues
      ? {'range': `bytes=${size}-`, 'if-range': state.validator}
      : {};
    const {patience = 30_000, insecure = false} = this.options;
    const answer = await request(this.address, headers, {patience, insecure}).catch((error: unknown) => {
      if (error instanceof CaptionerError) throw error;
      throw new Interrupted((error as Error).message || (error as NodeJS.ErrnoException).code);
    });
    try {
      await this.#receive(answer, size, state);
    } finally {
      answer.close();
    }
  }

  /** What an earlier try left, if it is of this address. */
  async #begun(): Promise<{state?: State; size: number}> {
    try {
      const state = JSON.parse(await fs.readFile(this.#state, 'utf8')) as State;
      if (state.address === this.address) return {state, size: (await fs.stat(this.#data)).size};
    } catch {
      // Nothing of use lies there.
    }
    return {size: 0};
  }

  async #receive(answer: Answer, size: number, state: State | undefined): Promise<void> {
    const {status, headers} = answer;
    if (status === 416) return this.#startAgain('it has no more than was fetched');
    if (status !== 200 && status !== 206) {
      const said = `it answered ${status} ${answer.message}`.trim();
      if (status >= 500 || status === 408 || status === 429) throw new Interrupted(said);
      throw new CaptionerError('download', `${this.address}: expected the file, but ${said}`);
    }
    const from = status === 206 ? size : 0;
    const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
    let total = length;
    if (status === 206) {
      const [, start, , all] = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(headers['content-range'] ?? '') ?? [];
      total = Number(all);
      if (Number(start) !== from || !Number.isSafeInteger(total) || (state?.total ?? total) !== total)
        return this.#startAgain(`it answered with another part (${headers['content-range']})`);
    }
    const etag = headers.etag?.startsWith('W/') ? undefined : headers.etag;
    const next: State = {
      address: this.address,
      validator: etag ?? headers['last-modified'] ?? (status === 206 ? state?.validator : undefined),
      total,
    };
    await writeFileAtomic(this.#state, JSON.stringify(next));
    await this.#write(answer, from, total);
  }

  async #write(answer: Answer, from: number, total: number | undefined): Promise<void> {
    const out = await fs.open(this.#data, from > 0 ? 'r+' : 'w');
    let done = from;
    try {
      await out.truncate(from);
      for await (const part of answer.body) {
        await out.write(part, 0, part.length, done);
        done += part.length;
        await this.options.onProgress?.(done, total);
      }
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOSPC') throw error;
      throw new Interrupted((error as Error).message);
    } finally {
      await out.sync();
      await out.close();
    }
    if (total !== undefined && done < total)
      throw new Interrupted(`it ended after ${done} of ${total} bytes`);
    if (total !== undefined && done > total)
      return this.#startAgain(`it sent more than the ${total} bytes it said`);
    if (total === undefined)
      await writeFileAtomic(this.#state, JSON.stringify({address: this.address, total: done}));
  }

  async #startAgain(why: string): Promise<never> {
    await fs.rm(this.#state, {force: true});
    await fs.rm(this.#data, {force: true});
    throw new Interrupted(why);
  }
}
