/** Decodes image files to pixels. A file that the guard refuses is rejected with a `CaptionerError`, so that a caller can skip it. */
import {CaptionerError} from '../errors';
import {fromBytes} from '../tensorflow/casts';
import type {tf} from '../tensorflow/tensorflow';
import type {Preprocessing} from './encoder';
import {decodeImage, readImageFile} from './image-guard';
import {checkImage, imageName, type ImageInput} from './image-input';

export {readImageFile, setPixelLimit} from './image-guard';

/**
 * Reads an image and resizes it to the encoder's input. Applies the EXIF orientation, puts transparent images on white and
 * converts grey, CMYK and 16-bit images to 8-bit RGB; 16-bit images that use only a sixteenth of their range are brightened.
 *
 * @param image The path of an image file, or its content.
 * @returns RGB, row by row, `size × size × 3` bytes.
 * @throws CaptionerError `image`, or `not-found`; `options` for what is neither.
 */
export async function readPixels(image: ImageInput, preprocessing: Preprocessing): Promise<Uint8Array> {
  checkImage(image, 'the image');
  return decodePixels(await readImageBytes(image), imageName(image, 0), preprocessing);
}

/**
 * Reads the bytes of an image, without checking their format.
 *
 * @throws CaptionerError `image`, or `not-found`.
 */
export async function readImageBytes(image: ImageInput): Promise<Buffer> {
  if (typeof image === 'string') return readImageFile(image);
  const {buffer, byteOffset, byteLength} = 'bytes' in image ? image.bytes : image;
  return Buffer.from(buffer, byteOffset, byteLength);
}

/**
 * Decodes an image that is already in memory, like `readPixels`.
 *
 * @param where The file's name, for messages.
 * @throws CaptionerError `image`
 */
export async function decodePixels(
  bytes: Buffer,
  where: string,
  {size, fit, interpolation}: Preprocessing,
): Promise<Uint8Array> {
  const pixels = await decodeImage(bytes, where, (image) =>
    image
      .resize(size, size, {
        fit: fit === 'stretch' ? 'fill' : 'cover',
        kernel: interpolation,
        fastShrinkOnLoad: false, // would first shrink a JPEG with a different filter
      })
      .raw({depth: 'uchar'})
      .toBuffer(),
  );
  if (pixels.length !== size * size * 3)
    throw new CaptionerError(
      'image',
      `${where}: expected three channels, got ${pixels.length / (size * size)}`,
    );
  return pixels;
}

/**
 * Packs decoded images into a batch.
 *
 * @param images RGB, row by row, as `readPixels` returns them.
 * @param size Side of each image in pixels.
 * @returns `[batch, size, size, 3]`, 0 to 255. The caller disposes it.
 */
export function toPixels(images: readonly Uint8Array[], size: number): tf.Tensor4D {
  const bytes = images.length === 1 ? images[0]! : Buffer.concat(images);
  return fromBytes<tf.Rank.R4>(bytes, [images.length, size, size, 3]);
}

/**
 * Reads an image for display.
 *
 * @param width Maximum width in pixels.
 * @returns A JPEG.
 * @throws CaptionerError `image`, or `not-found`.
 */
export async function readImage(file: string, width = 320): Promise<Buffer> {
  return decodeImage(await readImageFile(file), file, (image) =>
    image.resize({width, withoutEnlargement: true}).jpeg({quality: 85}).toBuffer(),
  );
}

/**
 * Finds an image to look at: the first that can be read. Prints a warning for each damaged one before it.
 *
 * @throws CaptionerError `image` when none can be read.
 * @example const image = await firstReadable(ofSplit(dataset, 'validation'));
 */
export async function firstReadable<Image extends {readonly file: string}>(
  images: readonly Image[],
): Promise<Image> {
  let reason = 'got none';
  for (const image of images)
    try {
      await readImage(image.file, 16);
      return image;
    } catch (error) {
      if (!(error instanceof CaptionerError)) throw error;
      reason = error.message;
      // eslint-disable-next-line no-restricted-syntax -- the message is shown already, and a notebook has it below the cell
      console.warn(`Skipped a damaged image: ${reason}`);
    }
  throw new CaptionerError('image', `Expected an image that can be read, ${reason}`);
}
