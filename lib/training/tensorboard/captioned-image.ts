/** Draws a caption below its image, so that a slider over the steps shows how both belong together. */
import sharp from 'sharp';
import {decodeImage, readImageFile} from '../../encoders/image-guard';
import type {EncodedImage} from './summary';

/** An image without its caption, scaled down. */
export interface Canvas {
  readonly pixels: Buffer;
  readonly width: number;
  readonly height: number;
}

/** Text below an image. */
export interface Legend {
  readonly caption: string;
  /** Words of the caption that this one lacks are marked. */
  readonly previous?: string | undefined;
  /** Small line above the caption, such as `epoch 3`. */
  readonly label: string;
}

const side = 320; // px
const text = {size: 16, line: 22, margin: 10, lines: 3, label: 12} as const;
/** Every image has room for the longest caption, so that nothing jumps from step to step. */
const legendHeight = 2 * text.margin + text.label + text.lines * text.line;
const colour = {paper: '#ffffff', ink: '#1f2328', changed: '#b4530a', quiet: '#667079'} as const;

/**
 * Reads an image for `drawCaption`.
 *
 * @throws Error where the image can't be read.
 */
export async function openCanvas(file: string): Promise<Canvas> {
  const {data, info} = await decodeImage(await readImageFile(file), file, (image) =>
    image
      .resize({width: side, height: side, fit: 'contain', background: colour.paper})
      .raw({depth: 'uchar'})
      .toBuffer({resolveWithObject: true}),
  );
  return {pixels: data, width: info.width, height: info.height};
}

/** Returns an image with its caption below. The rows of both are joined as they are: blending them would take as long as the rest. */
export async function drawCaption({pixels, width, height}: Canvas, legend: Legend): Promise<EncodedImage> {
  const below = await sharp(Buffer.from(legendSvg(legend, width)))
    .flatten({background: colour.paper})
    .raw()
    .toBuffer();
  const raw = {width, height: height + legendHeight, channels: 3} as const;
  const {data, info} = await sharp(Buffer.concat([pixels, below]), {raw})
    .jpeg({quality: 88})
    .toBuffer({resolveWithObject: true});
  return {bytes: data, width: info.width, height: info.height};
}

/** Returns the text below an image. Words break lines; what doesn't fit ends in an ellipsis. */
export function legendSvg({caption, previous, label}: Legend, width: number): string {
  const before = previous === undefined ? undefined : new Set(previous.split(/\s+/));
  const words = caption.trim() === '' ? ['(no words)'] : caption.trim().split(/\s+/);
  const lines = wrap(words, (width - 2 * text.margin) / text.size);
  const spans = lines.map((line, at) => {
    const y = text.margin + text.label + (at + 1) * text.line - 4;
    const parts = line.map((word) => {
      const changed = before !== undefined && !before.has(word);
      return `<tspan${changed ? ` fill="${colour.changed}" font-weight="bold"` : ''}>${escapeXml(word)}</tspan>`;
    });
    return `<text x="${text.margin}" y="${y}" font-size="${text.size}" fill="${colour.ink}">${parts.join(' ')}</text>`;
  });
  const font = 'DejaVu Sans, Noto Sans, Arial, Helvetica, sans-serif';
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${legendHeight}" font-family="${font}" xml:space="preserve">` +
    `<text x="${text.margin}" y="${text.margin + 8}" font-size="${text.label}" fill="${colour.quiet}">${escapeXml(label)}</text>` +
    `${spans.join('')}</svg>`
  );
}

/** @param limit Width of a line, in ems. */
function wrap(words: readonly string[], limit: number): string[][] {
  const lines: string[][] = [[]];
  let used = 0;
  for (const word of words.flatMap((one) => pieces(one, limit))) {
    const size = widthOf(word);
    if (used > 0 && used + space + size > limit) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)!.push(word);
    used += (used > 0 ? space : 0) + size;
  }
  if (lines.length <= text.lines) return lines;
  const kept = lines.slice(0, text.lines);
  return [...kept.slice(0, -1), [...kept.at(-1)!.slice(0, -1), '…']];
}

const space = 0.32; // em

/** A word longer than a line is cut. */
function pieces(word: string, limit: number): string[] {
  const found = [''];
  for (const character of word) {
    if (found.at(-1) !== '' && widthOf(found.at(-1)! + character) > limit) found.push('');
    found[found.length - 1] += character;
  }
  return found;
}

/** An upper estimate in ems: bold letters are wider, and characters beyond Latin, Greek and Cyrillic are as wide as they are high. */
function widthOf(word: string): number {
  let width = 0;
  for (const character of word)
    width +=
      character > '\u04ff'
        ? 1
        : /[ijltfr.,'!:;|]/.test(character)
          ? 0.45
          : /[mwMW@]/.test(character)
            ? 1.05
            : 0.7;
  return width;
}

/** Text of XML, without the control characters that XML has no way to write. */
function escapeXml(value: string): string {
  return value
    .replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`)

    .replace(/[\u0000-\u001f\u007f\ufffe\uffff]/g, ' ');
}
