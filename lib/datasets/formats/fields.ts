/** Finds images, captions and splits in records by the names of their fields, which are columns of a table or keys of JSON objects. */
import {quoteValue} from '../../quote-value';
import {splitNamed, type Split} from '../dataset';
import type {CaptionLine} from './read-captions';

/** Recognised names. If a record has several, the first one here is used. */
const fieldNames = {
  image: [
    'image',
    'image_name',
    'file_name',
    'filename',
    'file',
    'path',
    'image_path',
    'file_path',
    'filepath',
    'image_file',
    'img',
    'img_path',
  ],
  caption: ['caption', 'text', 'sentence', 'comment', 'captions', 'texts', 'sentences', 'comments'],
  split: ['split', 'partition', 'subset', 'set'],
} as const;
/** A numbered caption: `caption_1`, `caption2`, `Text 3`. */
const numbered = /^(caption|text|sentence|comment)s?[ _-]?\d+$/;
/** Fields that say nothing about a caption, so that it isn't worth telling that they are not read. */
const unimportant = new Set(['', 'comment_number']);

/** Positions of the fields in a record. */
interface Fields {
  readonly image: number;
  /** One or more. */
  readonly captions: readonly number[];
  readonly split: number | undefined;
}

/** The required fields, for messages. */
export const requiredColumns: string = `a column ${fieldNames.image.slice(0, 6).join(' or ')} and a column ${fieldNames.caption.slice(0, 4).join(' or ')}`;

/** Finds the fields by their names. @returns undefined if the image or the caption is missing. */
export function findColumns(found: readonly string[]): Fields | undefined {
  const lower = found.map((name) =>
    name
      .trim()
      .toLowerCase()
      .replace(/[\s-]+/g, '_'),
  );
  const find = (known: readonly string[]): number | undefined =>
    known.map((name) => lower.indexOf(name)).find((at) => at >= 0);
  const [image, main] = [find(fieldNames.image), find(fieldNames.caption)];
  const further = [...lower.keys()].filter((at) => numbered.test(lower[at]!));
  const captions = [...(main === undefined ? [] : [main]), ...further];
  return image === undefined || captions.length === 0
    ? undefined
    : {image, captions, split: find(fieldNames.split)};
}

/** Reads records that have the same fields. */
export class FieldReader {
  readonly #fields: Fields;
  /** Whether the split's field holds splits, which its first content shows; `set` may also mean another thing. */
  #hasSplits: boolean | undefined;

  /** @param names Names of the fields, among them an image and a caption. */
  constructor(private readonly names: readonly string[]) {
    this.#fields = findColumns(names)!;
  }

  /** Returns the captions of a record, or the reasons why it has none. */
  read(values: readonly unknown[]): (CaptionLine | string)[] {
    const image = values[this.#fields.image];
    if (typeof image !== 'string') return [`expected the image to be a string, got ${typeof image}`];
    const split = this.#split(values);
    if (typeof split === 'object') return [split.reason];
    const captions = this.#captions(values);
    return typeof captions === 'string' ? [captions] : captions.map((caption) => ({image, caption, split}));
  }

  /** Names of the fields that are not read. */
  get unread(): string[] {
    const {image, captions, split} = this.#fields;
    const read = [image, ...captions, ...(split === undefined || this.#hasSplits === false ? [] : [split])];
    return this.names.filter((name, at) => !read.includes(at) && !unimportant.has(name.trim()));
  }

  #captions(values: readonly unknown[]): readonly string[] | string {
    const found: string[] = [];
    for (const at of this.#fields.captions) {
      const value = values[at];
      const several = typeof value === 'string' ? listIn(value) : value;
      if (typeof several === 'string') found.push(several);
      else if (Array.isArray(several) && several.every((one) => typeof one === 'string'))
        found.push(...several);
      else if (value !== undefined && value !== null)
        return 'expected the caption to be a string or an array of strings';
    }
    // An image may have fewer captions than there are columns.
    const filled = this.#fields.captions.length > 1 ? found.filter((text) => text.trim() !== '') : found;
    return filled.length > 0 ? filled : 'expected the caption to be a string or an array of strings';
  }

  #split(values: readonly unknown[]): Split | undefined | {readonly reason: string} {
    const {split: at} = this.#fields;
    const text = at === undefined ? '' : (values[at] ?? '');
    if (text === '' || this.#hasSplits === false) return undefined;
    if (typeof text !== 'string') return {reason: `expected the split to be a string, got ${typeof text}`};
    if (text.trim() === '') return undefined;
    const split = splitNamed(text);
    const isSure = this.names[at!]!.trim().toLowerCase() === 'split';
    this.#hasSplits ??= isSure || split !== undefined;
    if (!this.#hasSplits) return undefined;
    return split ?? {reason: `expected the split train, validation or test, got ${quoteValue(text)}`};
  }
}

const quotedText = String.raw`(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*')`;
// A comma takes the blanks after it, so that blanks between two texts can be read in one way only.
const items = String.raw`\s*${quotedText}(?:\s*(?:,\s*)?${quotedText})*\s*(?:,\s*)?`;
/** In parentheses only with a comma: `('a dog', 'two dogs')`. */
const list = new RegExp(
  String.raw`^\s*(?:\[${items}\]|\{${items}\}|\((?=\s*${quotedText}\s*,)${items}\))\s*$`,
  's',
);

/** Reads a list of texts as JSON, Python (also tuples and sets), NumPy and PostgreSQL write it; returns any other text as it is. */
function listIn(text: string): string | string[] {
  if (!/^\s*[[({]/.test(text) || !list.test(text)) return text;
  return text
    .match(new RegExp(quotedText, 'gs'))!
    .map((item) => item.slice(1, -1).replace(/\\(?:u([\da-f]{4})|x([\da-f]{2})|(.))/gis, unescaped));
}

function unescaped(_: string, unicode?: string, byte?: string, other = ''): string {
  const code = unicode ?? byte;
  if (code !== undefined) return String.fromCharCode(parseInt(code, 16));
  return {n: '\n', t: '\t', r: '\r'}[other] ?? other;
}
