/**
 * Reads METEOR's word lists from the Java archive that pycocoevalcap includes. `paraphrases.ts` reads the paraphrase table.
 */
import {join} from 'node:path';
import {buffer} from 'node:stream/consumers';
import {crc32} from 'node:zlib';
import {openPromise, type Entry, type ZipFile} from 'yauzl';
import {CaptionerError} from '../../errors';
import type {Abbreviations} from './normalizer';
import {Synonyms} from './synonyms';

export interface Tables {
  readonly abbreviations: Abbreviations;
  /** Function words, such as `the` and `of`, and punctuation. */
  readonly functionWords: ReadonlySet<string>;
  readonly synonyms: Synonyms;
}

const names = {
  functionWords: 'function/english.words',
  abbreviations: 'nonbreaking/english.prefixes',
  irregular: 'synonym/english.exceptions',
  sets: 'synonym/english.synsets',
} as const;

/** Maximum size of an entry: ten times the largest one that is read. */
const entryLimit = 40e6;

/**
 * Reads the tables.
 *
 * @param folder Folder `meteor` of pycocoevalcap.
 * @param pause Called while synonyms are read; may throw to end the reading.
 * @throws CaptionerError `not-found` or `archive`
 */
export async function readTables(folder: string, pause: () => Promise<void>): Promise<Tables> {
  const texts = await readEntries(join(folder, 'meteor-1.5.jar'), Object.values(names));
  const lines = (name: keyof typeof names): string[] => texts.get(names[name])!.trimEnd().split(/\r?\n/);
  return {
    abbreviations: parseAbbreviations(lines('abbreviations')),
    functionWords: new Set(lines('functionWords')),
    synonyms: await Synonyms.read(lines('sets'), lines('irregular'), pause),
  };
}

function parseAbbreviations(lines: readonly string[]): Abbreviations {
  const entries = lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([word]) => word && !word.startsWith('#'))
    .map(([word, kind]) => [word!, kind === '#NUMERIC_ONLY#' ? 'before a number' : 'always'] as const);
  return new Map(entries);
}

async function readEntries(path: string, wanted: readonly string[]): Promise<Map<string, string>> {
  const zip = await open(path);
  try {
    const texts = new Map<string, string>();
    for await (const entry of zip.eachEntry())
      if (wanted.includes(entry.fileName)) texts.set(entry.fileName, await read(zip, entry));
    const missing = wanted.find((name) => !texts.has(name));
    if (missing) throw new Error(`expected an entry ${missing}, found none`);
    return texts;
  } catch (cause) {
    throw new CaptionerError('archive', `${path}: ${(cause as Error).message}`, {cause});
  } finally {
    zip.close();
  }
}

async function open(path: string): Promise<ZipFile> {
  try {
    return await openPromise(path, {autoClose: false});
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
      throw new CaptionerError('not-found', `${path}: expected METEOR's Java archive, found nothing`, {
        cause,
      });
    const {message} = cause as Error;
    throw new CaptionerError('archive', `${path}: expected METEOR's Java archive: ${message}`, {cause});
  }
}

async function read(zip: ZipFile, entry: Entry): Promise<string> {
  const {fileName: name, uncompressedSize: size} = entry;
  if (size > entryLimit) throw new Error(`expected ${name} of at most ${entryLimit} bytes, got ${size}`);
  const bytes = await buffer(await zip.openReadStreamPromise(entry)).catch((cause: Error) => {
    throw new Error(`${name}: ${cause.message}`, {cause});
  });
  const sum = crc32(bytes);
  if (sum !== entry.crc32) throw new Error(`expected ${name} with CRC-32 ${entry.crc32}, got ${sum}`);
  return bytes.toString('utf8');
}
