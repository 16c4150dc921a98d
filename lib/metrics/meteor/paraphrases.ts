/**
 * METEOR's paraphrase table: five million pairs of phrases of up to seven words. Only pairs with a phrase from a reference matter; all
 * others are skipped while the file is decompressed, by comparing hashes of their bytes.
 */
import {createReadStream} from 'node:fs';
import {join} from 'node:path';
import {createGunzip} from 'node:zlib';
import {CaptionerError} from '../../errors';
import {HashSet, hashStart, hashStep} from './hashes';
import type {Span} from './span';

const longest = 7;
const [blank, newline] = [0x20, 0x0a];
/** Maximum size of a pair, to detect damaged files; a typical pair has a hundred bytes. */
const pairLimit = 2 ** 20;

export class Paraphrases {
  readonly #phrases = new Map<string, number>();
  readonly #others: number[][] = [];

  /** Adds a pair. As in METEOR, a pair that is added twice matches twice. */
  add(phrase: string, other: string): void {
    this.#others[this.#number(phrase)]!.push(this.#number(other));
  }

  /** Finds the phrases of a sentence that are in the table, from left to right, shorter ones first. */
  *phrasesOf(words: readonly string[]): Generator<[phrase: number, span: Span]> {
    for (let start = 0; start < words.length; start++) {
      let text = '';
      for (let length = 1; length <= longest && start + length <= words.length; length++) {
        text += (length > 1 ? ' ' : '') + words[start + length - 1]!;
        const phrase = this.#phrases.get(text);
        if (phrase !== undefined) yield [phrase, {start, length}];
      }
    }
  }

  /** Returns the paraphrases of a phrase in the order of the table. */
  of(phrase: number): readonly number[] {
    return this.#others[phrase]!;
  }

  #number(text: string): number {
    const known = this.#phrases.get(text);
    if (known !== undefined) return known;
    this.#phrases.set(text, this.#others.length);
    return this.#others.push([]) - 1;
  }
}

/**
 * Reads the pairs that have a phrase from the given sentences.
 *
 * @param folder Folder `meteor` of pycocoevalcap.
 * @param sentences Words of all references.
 * @param pause Called between sentences and between the parts of the file; may throw to end the reading.
 * @throws CaptionerError `not-found` or `archive`
 */
export async function readParaphrases(
  folder: string,
  sentences: Iterable<readonly string[]>,
  pause: () => Promise<void> = () => Promise.resolve(),
): Promise<Paraphrases> {
  const path = join(folder, 'data', 'paraphrase-en.gz');
  const paraphrases = new Paraphrases();
  const wanted = await phraseHashes(sentences, pause);
  const file = createReadStream(path);
  const text = file.pipe(createGunzip({chunkSize: 2 ** 20}));
  file.on('error', (error) => text.destroy(error));
  try {
    let rest: Buffer = Buffer.alloc(0);
    for await (const chunk of text as AsyncIterable<Buffer>) {
      await pause();
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      rest = bytes.subarray(readPairs(bytes, wanted, paraphrases));
      if (rest.length > pairLimit) throw new Error(`a pair of phrases has more than ${pairLimit} bytes`);
    }
    if (rest.length > 0) throw new Error(`the last pair of phrases is cut off after ${rest.length} bytes`);
  } catch (cause) {
    if (cause instanceof CaptionerError) throw cause;
    const {code, message} = cause as NodeJS.ErrnoException;
    if (code === 'ENOENT')
      throw new CaptionerError('not-found', `${path}: expected METEOR's paraphrases, found nothing`, {cause});
    throw new CaptionerError('archive', `${path}: expected METEOR's paraphrases: ${message}`, {cause});
  } finally {
    file.destroy();
  }
  return paraphrases;
}

async function phraseHashes(
  sentences: Iterable<readonly string[]>,
  pause: () => Promise<void>,
): Promise<HashSet> {
  const hashes = new HashSet();
  for (const words of sentences) {
    for (let start = 0; start < words.length; start++) {
      const bytes = Buffer.from(`${words.slice(start, start + longest).join(' ')} `);
      let hash = hashStart;
      for (const byte of bytes) {
        if (byte === blank) hashes.add(hash);
        hash = hashStep(hash, byte);
      }
    }
    await pause();
  }
  return hashes;
}

/**
 * Adds the pairs with a wanted phrase. Each pair has three lines: a probability and the two phrases.
 *
 * @returns Offset of the first incomplete pair.
 */
function readPairs(bytes: Buffer, wanted: HashSet, paraphrases: Paraphrases): number {
  for (let pair = 0, at = 0; ; pair = at) {
    while (at < bytes.length && bytes[at] !== newline) at++;
    const first = ++at;
    let hash = hashStart;
    for (; at < bytes.length && bytes[at] !== newline; at++) hash = hashStep(hash, bytes[at]!);
    const firstHash = hash;
    const second = ++at;
    hash = hashStart;
    for (; at < bytes.length && bytes[at] !== newline; at++) hash = hashStep(hash, bytes[at]!);
    if (at >= bytes.length) return pair;
    if (wanted.has(firstHash) || wanted.has(hash))
      paraphrases.add(bytes.toString('utf8', first, second - 1), bytes.toString('utf8', second, at));
    at++;
  }
}
