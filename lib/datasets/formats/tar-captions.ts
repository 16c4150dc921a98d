/**
 * Captions in a tar archive as WebDataset has them: members that share a key, the name up to the first dot, are a sample. Its image is a
 * `.jpg`, `.png`, `.webp` or `.gif`, its captions are the lines of a `.txt`, or `caption` or `captions` of a `.json`. Nothing is unpacked, and
 * what isn't a plain file under a plain name is refused.
 */
import {openBytes} from '../../files/byte-source';
import {rememberTar} from '../../files/tar-files';
import {tarMembers, type TarMember} from '../../files/tar-members';
import {isImageFile} from '../image-folders';
import {notInFolder, quoted, type Format, type Take} from './read-captions';

/** Bytes of captions that are read; the rest of the archive may be larger than memory. */
const longestText = 1024 * 1024;
/** Members that describe a sample; others, such as `.cls` and `.npy`, are passed over. */
const textFile = /\.(txt|json)$/i;

interface Sample {
  readonly key: string;
  image?: TarMember;
  text?: readonly string[];
  json?: readonly string[];
  /** Number of its first member. */
  readonly number: number;
}

/**
 * Reads the captions of an archive.
 *
 * @param nameOf Returns the name under which the dataset knows a member.
 */
export function tarCaptions(nameOf: (archive: string, member: string) => string): Format {
  return async (file, take, onBytes) => {
    const source = await openBytes(file);
    const members = new Map<string, {readonly offset: number; readonly size: number}>();
    const finished = new Set<string>();
    let sample: Sample | undefined;
    const finish = (): void => {
      if (sample) takeSample(sample, take, (member) => nameOf(file, member));
      if (sample) finished.add(sample.key);
      sample = undefined;
    };
    const isText = ({name, type, size}: TarMember): boolean =>
      type === 'file' && textFile.test(name) && size <= longestText;
    for await (const member of tarMembers(source, isText, onBytes)) {
      const {number, name, type} = member;
      if (type === 'directory') continue;
      const isImage = isImageFile(name);
      if (!isImage && !textFile.test(name)) continue;
      const reason = refusal(member, members);
      if (reason !== undefined) {
        take(number, reason);
        continue;
      }
      const key = keyOf(name);
      if (sample?.key !== key) finish();
      if (finished.has(key)) {
        take(number, `expected the members of ${quoted(key)} one after the other, got another later`);
        continue;
      }
      sample ??= {key, number};
      if (isImage && sample.image) take(number, `expected one image of ${quoted(key)}, got another`);
      else if (isImage) {
        sample.image = member;
        members.set(name, member);
      } else readText(sample, member, take);
    }
    finish();
    rememberTar(file, {source, members});
  };
}

/** Why a member isn't read; undefined for a plain file. */
function refusal({name, type, size}: TarMember, members: ReadonlyMap<string, unknown>): string | undefined {
  if (type !== 'file') return `expected a file, got a ${type} ${quoted(name)}`;
  if (/^[\\/]|^[a-z]:/i.test(name) || name.split(/[\\/]/).includes('..')) return notInFolder(name);
  if (members.has(name)) return `expected each name once, got ${quoted(name)} again`;
  if (textFile.test(name) && size > longestText)
    return `expected at most 1 MB of captions, got ${size} bytes of ${quoted(name)}`;
  return undefined;
}

/** The name up to the first dot after the last slash, by which WebDataset tells samples apart. */
function keyOf(name: string): string {
  const at = name.indexOf('.', name.lastIndexOf('/') + 1);
  return at < 0 ? name : name.slice(0, at);
}

function readText(sample: Sample, {name, number, content}: TarMember, take: Take): void {
  const text = content?.toString('utf8') ?? '';
  if (/\.txt$/i.test(name)) {
    sample.text ??= text.split(/\r?\n/).filter((line) => line.trim() !== '');
    return;
  }
  try {
    const {caption, captions, text: own} = (JSON.parse(text) ?? {}) as Record<string, unknown>;
    const found = [captions ?? caption ?? own ?? []].flat();
    sample.json ??= found.filter((line) => typeof line === 'string');
  } catch {
    take(number, `expected JSON in ${quoted(name)}, got something else`);
  }
}

function takeSample(
  {key, image, text, json, number}: Sample,
  take: Take,
  nameOf: (member: string) => string,
): void {
  const captions = text && text.length > 0 ? text : (json ?? []);
  if (!image && captions.length === 0) return;
  if (!image) take(number, `expected an image of ${quoted(key)}, found none`);
  else if (captions.length === 0) take(image.number, `expected a caption of ${quoted(key)}, found none`);
  else for (const caption of captions) take(image.number, {image: nameOf(image.name), caption});
}
