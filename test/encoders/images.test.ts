import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {
  CaptionerError,
  firstReadable,
  type Preprocessing,
  readImage,
  readPixels,
  setPixelLimit,
} from 'captioner';
import {expect} from 'chai';
import sharp from 'sharp';
import {temporaryFolder} from '../support';
import {noise, plain} from '../features/colours';

const folder = temporaryFolder();
const preprocessing: Preprocessing = {
  size: 16,
  fit: 'stretch',
  interpolation: 'cubic',
  mean: [0, 0, 0],
  std: [1, 1, 1],
};
type Colour = [number, number, number];
const brick: Colour = [192, 64, 32];

async function write(name: string, content: Buffer | string | sharp.Sharp): Promise<string> {
  const file = join(folder, name);
  writeFileSync(
    file,
    Buffer.isBuffer(content) || typeof content === 'string' ? content : await content.toBuffer(),
  );
  return file;
}

const refusal = async (file: string): Promise<CaptionerError> =>
  readPixels(file, preprocessing).then(
    () => expect.fail('was read'),
    (error: unknown) => error as CaptionerError,
  );

function pixelAt(pixels: Uint8Array, row: number, column: number, size = 16): number[] {
  return [...pixels.subarray((row * size + column) * 3, (row * size + column) * 3 + 3)];
}

function expectColour(got: readonly number[], expected: readonly number[], within = 2): void {
  const far = got.some((value, channel) => Math.abs(value - expected[channel]!) > within);
  expect(far, `expected ${expected.join()}, got ${got.join()}`).to.equal(false);
}

describe('readPixels', () => {
  it('decodes JPEG, PNG, WebP and GIF to the same size and colours', async () => {
    for (const format of ['jpeg', 'png', 'webp', 'gif'] as const) {
      const pixels = await readPixels(
        await write(`plain.${format}`, plain(brick).toFormat(format)),
        preprocessing,
      );
      expect(pixels).to.have.length(16 * 16 * 3);
      expectColour(pixelAt(pixels, 8, 8), brick);
    }
  });

  it('detects the format by content, not by file name', async () => {
    const pixels = await readPixels(await write('photo.png', plain(brick).jpeg()), preprocessing);
    expectColour(pixelAt(pixels, 0, 0), brick);
  });

  it('returns the pixels unchanged if the image has the right size', async () => {
    const raw = await noise(16, 16).raw().toBuffer();
    const pixels = await readPixels(await write('same.png', noise(16, 16).png()), preprocessing);
    expect(Buffer.from(pixels).equals(raw)).to.equal(true);
  });

  it('applies the EXIF orientation', async () => {
    // Left half red, right half blue. Orientation 6 rotates clockwise, so red comes out on top.
    const halves = plain([255, 0, 0], 32, 32).composite([
      {input: await plain([0, 0, 255], 16, 32).png().toBuffer(), left: 16, top: 0},
    ]);
    const file = await write('turned.jpg', halves.withMetadata({orientation: 6}).jpeg({quality: 95}));
    const pixels = await readPixels(file, preprocessing);
    expectColour(pixelAt(pixels, 2, 8), [255, 0, 0], 12);
    expectColour(pixelAt(pixels, 13, 8), [0, 0, 255], 12);
  });

  it('stretches or crops the centre, depending on the preprocessing', async () => {
    // Three squares side by side: red, green, blue.
    const wide = plain([255, 0, 0], 48, 16).composite([
      {input: await plain([0, 255, 0], 16, 16).png().toBuffer(), left: 16, top: 0},
      {input: await plain([0, 0, 255], 16, 16).png().toBuffer(), left: 32, top: 0},
    ]);
    const file = await write('wide.png', wide.png());
    expectColour(pixelAt(await readPixels(file, preprocessing), 8, 1), [255, 0, 0], 12);
    const cropped = await readPixels(file, {...preprocessing, fit: 'crop'});
    for (const column of [1, 14]) expectColour(pixelAt(cropped, 8, column), [0, 255, 0], 12);
  });

  it('puts transparent images on white', async () => {
    const clear = sharp({
      create: {width: 9, height: 9, channels: 4, background: {r: 0, g: 0, b: 0, alpha: 0}},
    });
    expectColour(
      pixelAt(await readPixels(await write('clear.png', clear.png()), preprocessing), 8, 8),
      [255, 255, 255],
    );
  });

  it('converts grey, CMYK, 16-bit and palette images to 8-bit RGB', async () => {
    const grey = await readPixels(
      await write('grey.jpg', plain([90, 90, 90]).toColourspace('b-w').jpeg()),
      preprocessing,
    );
    expectColour(pixelAt(grey, 5, 5), [90, 90, 90]);
    const grey16 = await readPixels(
      await write('grey16.png', plain([90, 90, 90]).toColourspace('grey16').png()),
      preprocessing,
    );
    expectColour(pixelAt(grey16, 5, 5), [90, 90, 90]);
    const deep = await readPixels(
      await write('deep.png', plain(brick).toColourspace('rgb16').png()),
      preprocessing,
    );
    expectColour(pixelAt(deep, 5, 5), brick);
    const palette = await readPixels(
      await write('palette.png', plain(brick).png({palette: true})),
      preprocessing,
    );
    expectColour(pixelAt(palette, 5, 5), brick);
    const cmyk = await readPixels(
      await write('cmyk.jpg', plain(brick).toColourspace('cmyk').jpeg()),
      preprocessing,
    );
    expectColour(pixelAt(cmyk, 5, 5), brick, 40); // the CMYK gamut lacks the exact colour
  });

  it('brightens 16-bit images that use no more than a sixteenth of their range', async () => {
    const scan = async (channels: 1 | 2 | 3 | 4, brightest: number): Promise<Uint8Array> => {
      const values = new Uint16Array(16 * 16 * channels).map((_, at) =>
        channels % 2 === 0 && at % channels === channels - 1 ? 65535 : at < 8 * 16 * channels ? brightest : 0,
      );
      const image = sharp(values, {raw: {width: 16, height: 16, channels}}).toColourspace(
        channels > 2 ? 'rgb16' : 'grey16',
      );
      return readPixels(await write(`scan-${channels}-${brightest}.png`, image.png()), preprocessing);
    };
    for (const channels of [1, 2, 3, 4] as const)
      for (const [brightest, shown] of [
        [4095, 255],
        [3000, 187],
        [1023, 255],
        [700, 175],
        [4096, 16],
        [40_000, 156],
        [0, 0],
      ] as const) {
        const pixels = await scan(channels, brightest);
        expectColour(pixelAt(pixels, 2, 8), [shown, shown, shown]);
        expectColour(pixelAt(pixels, 13, 8), [0, 0, 0]);
      }
  });

  it('refuses images above a limit of pixels, which can be raised', async () => {
    const file = await write('large.png', plain(brick, 120, 100).png());
    try {
      setPixelLimit(11_999);
      expect((await refusal(file)).message).to.match(
        /got more; to raise the limit: --max-megapixels, setPixelLimit$/,
      );
      setPixelLimit(12_000);
      expectColour(pixelAt(await readPixels(file, preprocessing), 8, 8), brick);
      for (const wrong of [0, 1.5, NaN, 2 ** 33])
        expect(() => setPixelLimit(wrong))
          .to.throw('an integer from 1 to')
          .with.property('code', 'options');
    } finally {
      setPixelLimit(50_000_000);
    }
  });

  it('decodes the first frame of an animation', async () => {
    const frames = plain([255, 0, 0], 16, 32).composite([
      {input: await plain([0, 0, 255], 16, 16).png().toBuffer(), left: 0, top: 16},
    ]);
    const raw = await frames.removeAlpha().raw().toBuffer();
    for (const format of ['gif', 'webp'] as const) {
      const animation = sharp(raw, {raw: {width: 16, height: 32, channels: 3, pageHeight: 16}}).toFormat(
        format,
      );
      const file = await write(`frames.${format}`, animation);
      expect((await sharp(file, {animated: true}).metadata()).pages).to.equal(2);
      const pixels = await readPixels(file, preprocessing);
      expect(pixels).to.have.length(16 * 16 * 3);
      expectColour(pixelAt(pixels, 15, 8), [255, 0, 0], 4);
    }
  });

  it('rejects truncated images', async () => {
    for (const format of ['jpeg', 'png', 'webp'] as const) {
      const whole = await noise().toFormat(format).toBuffer();
      const error = await refusal(await write(`half.${format}`, whole.subarray(0, whole.length / 2)));
      expect(error).to.be.instanceOf(CaptionerError);
      expect(error.code).to.equal('image');
      expect(error.message).to.include(`half.${format}: cannot be decoded: `);
    }
  });

  it('rejects a PNG with a flipped bit', async () => {
    const bytes = await noise().png().toBuffer();
    bytes[bytes.length >> 1]! ^= 1;
    expect((await refusal(await write('flipped.png', bytes))).code).to.equal('image');
  });

  it('rejects a decompression bomb before decoding it', async () => {
    const bomb = sharp({
      create: {width: 9000, height: 9000, channels: 3, background: 'red'},
      limitInputPixels: false,
    });
    const file = await write('bomb.png', bomb.png());
    const start = performance.now();
    const error = await refusal(file);
    expect(error.code).to.equal('image');
    expect(error.message).to.include('expected at most 50 million pixels');
    expect(performance.now() - start).to.be.below(500);
  });

  it('rejects other formats, whatever their file name', async () => {
    const svg =
      '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="9" height="9"/></svg>';
    const others = [
      ['drawing.svg', svg],
      ['drawing.jpg', svg],
      ['page.jpg', '%PDF-1.4\n'],
      ['scan.jpg', await plain(brick).tiff().toBuffer()],
      ['photo.avif.jpg', await plain(brick).avif().toBuffer()],
      ['text.jpg', 'not an image'],
    ] as const;
    for (const [name, content] of others) {
      const error = await refusal(await write(name, content));
      expect(error.code).to.equal('image');
      expect(error.message).to.include('expected JPEG, PNG, WebP, GIF, got something else');
    }
  });

  it('distinguishes an empty file, a folder, a device and a missing file', async () => {
    expect((await refusal(await write('empty.jpg', ''))).message).to.include('got an empty file');
    expect((await refusal(folder)).message).to.include('got a folder');
    const none = await refusal(join(folder, 'none.jpg'));
    expect(none.code).to.equal('not-found');
    if (process.platform !== 'win32') expect((await refusal('/dev/zero')).message).to.include('got a device');
  });
});

describe('readImage', () => {
  it('returns a JPEG of the given width and never enlarges', async () => {
    const file = await write('large.png', plain(brick, 600, 300).png());
    const {format, width, height} = await sharp(await readImage(file, 200)).metadata();
    expect([format, width, height]).to.deep.equal(['jpeg', 200, 100]);
    expect((await sharp(await readImage(file, 1000)).metadata()).width).to.equal(600);
  });
});

describe('firstReadable', () => {
  it('finds an image to look at, and names the damaged ones before it', async () => {
    const bad = await write('first.jpg', 'no image');
    const good = await write('second.png', plain(brick).png());
    const {warn} = console;
    const warnings: unknown[] = [];
    console.warn = (line: unknown) => void warnings.push(line);
    try {
      const images = [bad, good].map((file, at) => ({id: at, file}));
      expect(await firstReadable(images)).to.equal(images[1]);
      expect(warnings).to.deep.equal([
        `Skipped a damaged image: ${bad}: expected JPEG, PNG, WebP, GIF, got something else`,
      ]);
      for (const [list, reason] of [
        [[], 'got none'],
        [images.slice(0, 1), `${bad}: expected JPEG, PNG, WebP, GIF, got something else`],
      ] as const) {
        const error = await firstReadable(list).catch((found: unknown) => found);
        expect(error).to.be.instanceOf(CaptionerError).with.property('code', 'image');
        expect((error as Error).message).to.equal(`Expected an image that can be read, ${reason}`);
      }
    } finally {
      console.warn = warn;
    }
  });
});
