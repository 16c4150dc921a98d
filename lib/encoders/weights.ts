/**
 * Reads encoder weight files: converted ones (safetensors with batch norm folded) and published ones, recognised by content. Tensors
 * are read by the names, shapes and types that the architecture expects; nothing in a file is ever executed.
 */
import {basename} from 'node:path';
import {CaptionerError} from '../errors';
import {sha256, writeFileAtomic} from '../files/atomic';
import {readFileCheckedAsync} from '../files/regular-file';
import {formatSafetensors, parseSafetensors, type TensorData} from '../files/safetensors';
import type {Architecture} from './architecture';
import {kerasWeights} from './keras-weights';
import {foldWeights} from './fold-batch-norm';
import {isPth, isZip, parsePth, parseZippedPth} from './pth';
import {torchWeights} from './torch-weights';

export interface WeightFile {
  readonly tensors: ReadonlyMap<string, TensorData>;
  /** SHA-256 of the file in hexadecimal. */
  readonly digest: string;
}

const hdf5 = Buffer.from('\x89HDF\r\n\x1a\n', 'latin1');

/**
 * Reads a weight file.
 *
 * @throws CaptionerError `not-found`, `weights`, `truncated`, `header`, `shape`, `dtype`.
 */
export async function readWeights(architecture: Architecture, file: string): Promise<WeightFile> {
  const bytes = await readBytes(file);
  return {tensors: await tensorsOf(architecture, bytes, file), digest: sha256(bytes)};
}

async function tensorsOf(
  architecture: Architecture,
  bytes: Buffer,
  file: string,
): Promise<ReadonlyMap<string, TensorData>> {
  const where = basename(file);
  if (bytes.subarray(0, hdf5.length).equals(hdf5))
    return foldWeights(architecture, await kerasWeights(architecture, file), where);
  if (isPth(bytes) || isZip(bytes)) {
    const tensors = isZip(bytes) ? await parseZippedPth(bytes, where) : parsePth(bytes, where);
    return foldWeights(architecture, torchWeights(architecture, tensors, where), where);
  }
  return parseSafetensors(bytes, file).tensors;
}

function readBytes(file: string): Promise<Buffer> {
  return readFileCheckedAsync(file, {code: 'weights'}).catch((cause: unknown) => {
    if (cause instanceof CaptionerError) throw cause;
    throw new CaptionerError('not-found', `${file}: expected a weight file, found none`, {cause});
  });
}

/**
 * Converts a published weight file to safetensors with batch norm folded.
 *
 * @throws CaptionerError `checksum` when the file isn't one of the architecture's known files; others as `readWeights`.
 */
export async function convertWeights(architecture: Architecture, from: string, to: string): Promise<void> {
  const bytes = await readBytes(from);
  const digest = sha256(bytes);
  const known = architecture.published.flatMap((published) => published.sha256 ?? []);
  if (!known.includes(digest))
    throw new CaptionerError('checksum', `${from}: expected SHA-256 ${known.join(' or ')}, got ${digest}`);
  const tensors = await tensorsOf(architecture, bytes, from);
  const metadata = [['architecture', architecture.name] as const, ['source', digest] as const];
  await writeFileAtomic(to, formatSafetensors(tensors, metadata));
}
