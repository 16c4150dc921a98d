/**
 * Reads caption files of any format. Each caption is accepted or rejected with its line number and a reason, so that a bad line costs one
 * caption, and none is dropped silently.
 */
import {basename} from 'node:path';
import {CaptionerError} from '../../errors';
import {cleanText} from '../../text/tokenizer';
import type {OnBytes} from '../../files/lines';
import type {Rejection, Split} from '../dataset';

export interface CaptionLine {
  /** File name of the image, with `/` between folders. */
  readonly image: string;
  readonly caption: string;
  /** Split of the image, if the file says it. */
  readonly split?: Split | undefined;
  /** COCO's id of the image, if the file has it. */
  readonly number?: number | undefined;
}

/** Called by a format with each caption, or with the reason why a line has none. */
export type Take = (line: number, found: CaptionLine | string) => void;

/** Reads all captions of a file. */
export type Format = (file: string, take: Take, onBytes?: OnBytes) => Promise<void>;

/** Maximum fraction of bad lines; with more, the file is probably in another format. */
const tolerance = 0.01;
const longestName = 1000;
const longestCaption = 2000;

/**
 * Reads a caption file.
 *
 * @param accept Called with each valid caption; returns a reason to reject it anyway.
 * @returns The rejected lines.
 * @throws CaptionerError `captions` if the file has another format or more than one caption in a hundred is bad.
 */
export async function readCaptions(
  file: string,
  format: Format,
  accept: (line: CaptionLine) => string | undefined,
  onBytes?: OnBytes,
): Promise<Rejection[]> {
  const rejected: Rejection[] = [];
  let all = 0;
  const take: Take = (line, found) => {
    all++;
    const checked = typeof found === 'string' ? found : check(found);
    const reason = typeof checked === 'string' ? checked : accept(checked);
    if (reason !== undefined) rejected.push({file: basename(file), line, reason});
  };
  await format(file, take, onBytes);
  if (rejected.length > tolerance * all) {
    const some = rejected.slice(0, 3).map(({line, reason}) => `line ${line}: ${reason}`);
    const more = rejected.length > some.length ? '; …' : '';
    throw new CaptionerError(
      'captions',
      `${file}: expected at most 1 % of lines that cannot be read, got ${rejected.length} of ${all} (${some.join('; ')}${more})`,
    );
  }
  return rejected;
}

function check(line: CaptionLine): CaptionLine | string {
  const {caption} = line;
  const image = line.image.trim();
  if (image.length > longestName || !isSafeRelativePath(image))
    return `expected the name of an image, got ${quoted(image)}`;
  if (caption.includes('\uFFFD') || image.includes('\uFFFD'))
    return 'expected text in UTF-8, got other bytes';
  if (caption.length > longestCaption)
    return `expected a caption of at most ${longestCaption} characters, got ${caption.length}`;
  const text = cleanText(caption);
  return text === '' ? 'the caption is empty' : {...line, image, caption: text};
}

/** Accepts names like `a.jpg` and `dogs/a.jpg`, but no path that leaves the image folder. */
function isSafeRelativePath(name: string): boolean {
  return (
    !/[\\\p{Cc}\p{Cs}]|^[a-z]:/iu.test(name) &&
    name.split('/').every((part) => !['', '.', '..'].includes(part))
  );
}

/** Quotes text for a message: on one line and at most 60 characters. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
