/**
 * Reads captions from JSON Lines files and JSON arrays, whose objects have the same keys as the columns of a CSV file, and from a JSON object
 * with the captions of each image under its name.
 */
import {CaptionerError} from '../../errors';
import {eachLine} from '../../files/lines';
import {quoteValue} from '../../quote-value';
import {FieldReader, findColumns, requiredColumns} from './fields';
import {eachElement, eachProperty} from './json';
import {quoted, type Format, type Take} from './read-captions';

/** Reads JSON Lines: one object per line. The caption is a string or an array of strings. */
export const jsonLines: Format = async (file, take, onBytes) => {
  const objects = new ObjectReader(file, 'line', take);
  await eachLine(
    file,
    (line, at) => {
      if (line === '') return;
      const object = readObject(line);
      if (typeof object === 'string') take(at, object);
      else objects.read(object, at);
    },
    onBytes,
  );
  return objects.unread;
};

/** Reads a JSON array of such objects. Line numbers are the numbers of elements. */
export const jsonArray: Format = async (file, take, onBytes) => {
  const objects = new ObjectReader(file, 'element', take);
  await eachElement(
    file,
    undefined,
    (_, value, at) => {
      if (isObject(value)) objects.read(value, at);
      else take(at, `expected a JSON object, got ${quoteValue(value)}`);
    },
    onBytes,
  );
  return objects.unread;
};

/**
 * Reads a JSON object whose keys are names of images: `{"a.jpg": ["…", "…"], "b.jpg": "…", "c.jpg": {"captions": […], "split": "…"}}`. Line
 * numbers are the numbers of images.
 */
export const jsonObject: Format = async (file, take, onBytes) => {
  const objects = new ObjectReader(file, 'image', take);
  await eachProperty(
    file,
    (image, value, at) => objects.read(isObject(value) ? {image, ...value} : {image, captions: value}, at),
    onBytes,
  );
  return objects.unread;
};

/** Reads objects, most of which have the same keys. */
class ObjectReader {
  /** Readers by the keys, in their order. */
  readonly #readers = new Map<string, FieldReader>();

  constructor(
    private readonly file: string,
    private readonly unit: string,
    private readonly take: Take,
  ) {}

  read(object: object, at: number): void {
    const keys = Object.keys(object);
    const reader = this.#reader(keys);
    if (reader) {
      for (const found of reader.read(Object.values(object))) this.take(at, found);
      return;
    }
    const reason = `expected ${requiredColumns}, found ${keys.map(quoted).join(', ') || 'nothing'}`;
    if (this.#readers.size === 0)
      throw new CaptionerError('captions', `${this.file} ${this.unit} ${at}: ${reason}`);
    this.take(at, reason);
  }

  get unread(): string[] {
    return [...new Set([...this.#readers.values()].flatMap(({unread}) => unread))];
  }

  #reader(keys: readonly string[]): FieldReader | undefined {
    const joined = keys.join('\0');
    const known = this.#readers.get(joined);
    if (known || !findColumns(keys)) return known;
    const reader = new FieldReader(keys);
    this.#readers.set(joined, reader);
    return reader;
  }
}

function readObject(line: string): object | string {
  const other = `expected a JSON object, got ${quoted(line)}`;
  try {
    const value: unknown = JSON.parse(line);
    return isObject(value) ? value : other;
  } catch {
    return other;
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
