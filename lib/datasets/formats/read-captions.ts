/**
 * Captions as they come from a file of any format: each is accepted or rejected with its line and a reason, so that one
 * broken line costs one caption, and none is lost unheard of.
 */
import {basename} from 'node:path';
import {CaptionerError} from '../../errors';
import {cleanText} from '../../text/tokenizer';
import type {OnBytes} from '../../files/chunks';
import type {Rejection, Split} from '../dataset';

export interface CaptionLine {
  /** The image's file name, with `/` between folders. */
  readonly image: string;
  readonly caption: string;
  /** Where the file says it. */
  readonly split?: Split | undefined;
  /** The image's number in COCO, where the file says it. */
  readonly number?: number | undefined;
}

/** Where a format hands over a caption, or why there is none: the reason. */
export type Take = (line: number, found: CaptionLine | string) => void;

/** Reads a file from its beginning to its end. */
export type Format = (file: string, take: Take, onBytes?: OnBytes) => Promise<void>;

/** More than this share of broken lines means that the file is not what it was taken for. */
const tolerated = 0.01;
const longestName = 1000;
const longestCaption = 2000;

/**
 * @param accept Gets each sound caption; a reason that it returns rejects the line after all.
 * @returns The lines that were not accepted.
 * @throws CaptionerError `captions` when the file is not of the format, or more than one caption in a hundred is broken.
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
    const sound = typeof found === 'string' ? found : check(found);
    const reason = typeof sound === 'string' ? sound : accept(sound);
    if (reason !== undefined) rejected.push({file: basename(file), line, reason});
  };
  await format(file, take, onBytes);
  if (rejected.length > tolerated * all) {
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
  if (image.length > longestName || !isImageName(image))
    return `expected the name of an image, got ${quoted(image)}`;
  if (caption.includes('\uFFFD') || image.includes('\uFFFD'))
    return 'expected text in UTF-8, got other bytes';
  if (caption.length > longestCaption)
    return `expected a caption of at most ${longestCaption} characters, got ${caption.length}`;
  const text = cleanText(caption);
  return text === '' ? 'the caption is empty' : {...line, image, caption: text};
}

/** `a.jpg` or `dogs/a.jpg`: nothing that leads out of the folder of the images. */
function isImageName(name: string): boolean {
  return !/[\\\p{Cc}\p{Cs}]|^[a-z]:/iu.test(name) && name.split('/').every((part) => !/^\.{0,2}$/.test(part));
}

/** As a message shows it: on one line and not too long. */
export function quoted(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
