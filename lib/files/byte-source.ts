/** Bytes of a large file that are read in parts: of a file on disk, or of one on an HTTP server by range requests. */
import {CaptionerError} from '../errors';
import {openFile} from './regular-file';
import {get} from './request';

/** A file whose parts are read when they are needed. */
export interface ByteSource {
  /** Path or address. */
  readonly where: string;
  /** In bytes. */
  readonly size: number;
  /** Reads bytes; fewer at the end. @throws CaptionerError `archive`, `download` */
  read(from: number, length: number): Promise<Buffer>;
}

/** Bytes of a range request: reading images one after the other takes one request for many of them. */
const blockSize = 4 * 1024 * 1024;
/** Blocks that are kept, of all addresses. */
const mostBlocks = 16;
const tries = 3;

/** Whether a location is an address on a server. */
export function isAddress(location: string): boolean {
  return /^https?:\/\//i.test(location);
}

/**
 * Opens a file for reading in parts.
 *
 * @param location Path, or an https address (http for this machine).
 * @throws CaptionerError `not-found`; `archive` for anything but a file; `download` for a server that doesn't send ranges
 */
export async function openBytes(location: string): Promise<ByteSource> {
  if (isAddress(location)) return RemoteBytes.open(location);
  const {handle, stats} = await open(location);
  await handle.close();
  const {size} = stats;
  return {where: location, size, read: (from, length) => readPart(location, from, length)};
}

function open(location: string): ReturnType<typeof openFile> {
  return openFile(location, {code: 'archive', largest: Infinity}).catch((cause: unknown) => {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new CaptionerError('not-found', `${location}: expected a file, found nothing`, {cause});
  });
}

async function readPart(location: string, from: number, length: number): Promise<Buffer> {
  const {handle} = await open(location);
  try {
    const bytes = Buffer.allocUnsafe(length);
    let done = 0;
    for (let count = -1; count !== 0 && done < length; done += count)
      count = (await handle.read(bytes, done, length - done, from + done)).bytesRead;
    return bytes.subarray(0, done);
  } finally {
    await handle.close();
  }
}

/** Blocks by address and number, the one that was read last at the end. */
const blocks = new Map<string, Promise<Buffer>>();

class RemoteBytes implements ByteSource {
  private constructor(
    readonly where: string,
    readonly size: number,
    /** The server's mark of the file's version. */
    private readonly version: string | undefined,
  ) {}

  static async open(address: string): Promise<RemoteBytes> {
    const {size, version} = await requestRange(address, 0, 1);
    return new RemoteBytes(address, size, version);
  }

  async read(from: number, length: number): Promise<Buffer> {
    const end = Math.min(this.size, from + length);
    const parts: Buffer[] = [];
    for (let at = from; at < end;) {
      const block = Math.floor(at / blockSize);
      const bytes = await this.#block(block);
      const start = at - block * blockSize;
      const part = bytes.subarray(start, Math.min(bytes.length, start + end - at));
      if (part.length === 0) break;
      parts.push(part);
      at += part.length;
    }
    return parts.length === 1 ? parts[0]! : Buffer.concat(parts);
  }

  #block(number: number): Promise<Buffer> {
    const key = `${number} ${this.where}`;
    const found = blocks.get(key) ?? this.#fetch(number);
    blocks.delete(key);
    blocks.set(key, found);
    // A failed request is tried again when the block is needed again.
    found.catch(() => blocks.delete(key));
    if (blocks.size > mostBlocks) blocks.delete(blocks.keys().next().value!);
    return found;
  }

  async #fetch(number: number): Promise<Buffer> {
    const from = number * blockSize;
    const length = Math.min(blockSize, this.size - from);
    const {bytes, version, size} = await requestRange(this.where, from, length);
    if (version !== this.version || size !== this.size)
      throw new CaptionerError(
        'download',
        `${this.where}: expected the file that was opened, got another; open the dataset again`,
      );
    return bytes;
  }
}

interface Range {
  readonly bytes: Buffer;
  /** Size of the whole file. */
  readonly size: number;
  readonly version: string | undefined;
}

async function requestRange(address: string, from: number, length: number): Promise<Range> {
  for (let left = tries - 1; ; left--) {
    try {
      return await tryRange(address, from, length);
    } catch (error) {
      if (error instanceof CaptionerError) throw error;
      if (left > 0) continue;
      throw new CaptionerError('download', `${address}: ${(error as Error).message}`, {cause: error});
    }
  }
}

async function tryRange(address: string, from: number, length: number): Promise<Range> {
  const headers = {range: `bytes=${from}-${from + length - 1}`};
  const answer = await get(address, {headers, insecure: true});
  try {
    const {status} = answer;
    if (status >= 500) throw new Error(`the server answered ${status}`);
    if (status === 404) throw new CaptionerError('not-found', `${address}: expected a file, found nothing`);
    const [, first, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(answer.headers['content-range'] ?? '') ?? [];
    if (status !== 206 || Number(first) !== from)
      throw new CaptionerError(
        'download',
        `${address}: expected a server that sends ranges of a file (status 206), got status ${status}; download the file and name its folder`,
      );
    const parts: Buffer[] = [];
    let received = 0;
    for await (const chunk of answer.body) {
      received += chunk.length;
      if (received > length) break;
      parts.push(chunk);
    }
    if (received !== length) throw new Error(`expected ${length} bytes, got ${received}`);
    const {etag, 'last-modified': modified} = answer.headers;
    return {bytes: Buffer.concat(parts), size: Number(size), version: etag ?? modified};
  } finally {
    answer.close();
  }
}
