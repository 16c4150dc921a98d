/**
 * Files inside tar archives, named like files in a folder: `set/00000.tar/dog.jpg`, or `https://host/set/00000.tar/dog.jpg`. Nothing is unpacked:
 * the archive is read at the member's place.
 */
import {CaptionerError} from '../errors';
import {isAddress, openBytes, type ByteSource} from './byte-source';
import {tarMembers} from './tar-members';

/** Members of an archive by name. */
interface TarIndex {
  readonly source: ByteSource;
  readonly members: ReadonlyMap<string, {readonly offset: number; readonly size: number}>;
}

/** Archives whose members are known; one that was used long ago is listed again. */
const mostKnown = 32;
const known = new Map<string, Promise<TarIndex>>();

/** Divides the name of a file in an archive; undefined for any other name. */
export function inTar(file: string): {readonly archive: string; readonly member: string} | undefined {
  const [, archive, member] = /^(.+?\.tar)\/(.+)$/i.exec(file) ?? [];
  return archive === undefined ? undefined : {archive, member: member!};
}

/** Whether a name can only be that of a file in an archive on a server. */
export function isRemoteFile(file: string): boolean {
  return isAddress(file) && inTar(file) !== undefined;
}

/**
 * Reads a file in an archive.
 *
 * @param largest Bytes that it may have.
 * @throws CaptionerError `not-found`, `archive`, `download`; `image` for one that is too large
 */
export async function readTarFile(file: string, largest: number): Promise<Buffer> {
  const place = inTar(file);
  const found = place && (await indexOf(place.archive)).members.get(place.member);
  if (!found) throw new CaptionerError('not-found', `${file}: expected an image, found nothing`);
  const {offset, size} = found;
  if (size > largest)
    throw new CaptionerError(
      'image',
      `${file}: expected at most ${Math.floor(largest / 2 ** 20)} MB, got ${size} bytes`,
    );
  const bytes = await (await indexOf(place.archive)).source.read(offset, size);
  if (bytes.length === size) return bytes;
  throw new CaptionerError('archive', `${file}: expected ${size} bytes, found the end of the archive`);
}

/** Remembers an archive whose members were just listed. */
export function rememberTar(archive: string, index: TarIndex): void {
  keep(archive, Promise.resolve(index));
}

function indexOf(archive: string): Promise<TarIndex> {
  const found = known.get(archive) ?? list(archive);
  keep(archive, found);
  found.catch(() => known.delete(archive));
  return found;
}

function keep(archive: string, index: Promise<TarIndex>): void {
  known.delete(archive);
  known.set(archive, index);
  if (known.size > mostKnown) known.delete(known.keys().next().value!);
}

async function list(archive: string): Promise<TarIndex> {
  const source = await openBytes(archive);
  const members = new Map<string, {offset: number; size: number}>();
  for await (const {name, type, offset, size} of tarMembers(source, () => false))
    // Where a name comes twice, the first counts, as for the captions.
    if (type === 'file' && !members.has(name)) members.set(name, {offset, size});
  return {source, members};
}
