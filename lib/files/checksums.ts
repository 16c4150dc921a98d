/** Size and checksums of files. */
import {createHash} from 'node:crypto';
import {createReadStream, promises as fs} from 'node:fs';
import type {Interrupt} from '../interrupt';

export interface Sums {
  readonly size: number;
  readonly sha256: string;
  readonly md5: string;
}

/** Expected size and checksum of a file. */
export interface ExpectedSums {
  readonly sha256?: string | undefined;
  readonly md5?: string | undefined;
  /** Size in bytes; a file of another size is refused. */
  readonly size?: number | undefined;
}

/** Returns the checksums of a file that is what is expected; undefined if none is expected, or it is another. */
export async function verifiedFile(
  path: string,
  options: ExpectedSums,
  interrupt: Interrupt,
): Promise<Sums | undefined> {
  const {sha256, md5, size} = options;
  if (sha256 === undefined && md5 === undefined) return undefined;
  const stat = await fs.stat(path).catch(() => undefined);
  if (!stat?.isFile() || (size !== undefined && stat.size !== size)) return undefined;
  const sums = await sumsOf(path, interrupt);
  return mismatch(sums, options) === undefined ? sums : undefined;
}

/** @throws CaptionerError `stopped` */
export async function sumsOf(path: string, interrupt: Interrupt): Promise<Sums> {
  const [sha256, md5] = [createHash('sha256'), createHash('md5')];
  let size = 0;
  for await (const chunk of createReadStream(path, {highWaterMark: 1 << 20}) as AsyncIterable<Buffer>) {
    interrupt.throwIfRequested();
    sha256.update(chunk);
    md5.update(chunk);
    size += chunk.length;
  }
  return {size, sha256: sha256.digest('hex'), md5: md5.digest('hex')};
}

/** Returns how the checksums differ from the expected ones, if they do. */
export function mismatch(got: Sums, {sha256, md5}: ExpectedSums): string | undefined {
  if (sha256 !== undefined && got.sha256 !== sha256) return `expected SHA-256 ${sha256}, got ${got.sha256}`;
  if (md5 !== undefined && got.md5 !== md5) return `expected MD5 ${md5}, got ${got.md5}`;
  return undefined;
}
