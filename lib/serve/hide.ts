/** Hides parts of an image, as its owner painted over them on the page. */
import sharp from 'sharp';
import {decodeImage} from '../encoders/image-guard';
import type {Hiding} from './page/api';
import {Refusal} from './refusal';

/** The grid of the page. */
export const hiding: Hiding = {side: 24, grey: 128};

/** An image in memory with the name that messages give it. */
export interface NamedBytes {
  readonly name: string;
  readonly bytes: Buffer;
}

/**
 * Paints hidden cells grey.
 *
 * @param hidden What the page sent; null if nothing is hidden.
 * @throws Refusal `400` for anything but a character 0 or 1 for each cell; CaptionerError as `decodeImage` for a damaged image.
 */
export async function withHidden(image: NamedBytes, hidden: string | null): Promise<NamedBytes> {
  if (hidden === null) return image;
  const {side, grey} = hiding;
  if (!new RegExp(`^[01]{${side * side}}$`).test(hidden))
    throw new Refusal(400, `Expected \`hidden\` to be ${side * side} characters 0 or 1, got something else`);
  const {data, info} = await decodeImage(image.bytes, image.name, (input) =>
    input.raw({depth: 'uchar'}).toBuffer({resolveWithObject: true}),
  );
  const {width, height, channels} = info;
  const edge = (cell: number, length: number): number => Math.round((cell * length) / side);
  for (const [at, cell] of [...hidden].entries()) {
    if (cell === '0') continue;
    const [row, column] = [Math.floor(at / side), at % side];
    const [left, right] = [edge(column, width), edge(column + 1, width)];
    for (let y = edge(row, height); y < edge(row + 1, height); y++)
      data.fill(grey, (y * width + left) * channels, (y * width + right) * channels);
  }
  const bytes = await sharp(data, {raw: {width, height, channels}}).png({compressionLevel: 1}).toBuffer();
  return {name: image.name, bytes};
}
