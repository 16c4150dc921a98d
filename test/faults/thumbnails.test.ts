/** Whatever decodes an image for a notebook, a page or a log goes through the same guard as features do. */
import {execFileSync} from 'node:child_process';
import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {imageUri, readImage} from 'captioner';
import {withHidden} from 'captioner/dist/serve/hide';
import {thumbnail} from 'captioner/dist/show/image';
import {openCanvas} from 'captioner/dist/training/tensorboard/captioned-image';
import {expect} from 'chai';
import sharp from 'sharp';
import {refusal, temporaryFolder} from '../support';

const folder = temporaryFolder();
const nested = [...Array(9).keys()]
  .map((level) => `<g id="g${level + 1}">${`<use href="#g${level}"/>`.repeat(8)}</g>`)
  .join('');
const svg = (content: string): string =>
  `<svg xmlns="http://www.w3.org/2000/svg" xmlns:xi="http://www.w3.org/2001/XInclude" width="99" height="99">${content}</svg>`;

/** Files that are named `.jpg` and no image that is supported. */
const hostile: Readonly<Record<string, () => Promise<Buffer> | Buffer | string>> = {
  'an SVG that nests': () =>
    svg(`<defs><rect id="g0" width="9" height="9"/>${nested}</defs><use href="#g9"/>`),
  'an SVG that reads files': () =>
    svg('<image href="other.png"/><xi:include href="secret.txt" parse="text"/>'),
  'a TIFF': () => solid().tiff().toBuffer(),
  'an AVIF': () => solid().avif({effort: 0}).toBuffer(),
  'a PDF': () => '%PDF-1.4\n',
  'nothing': () => '',
  'text': () => 'no image',
  'half a JPEG': async () => {
    const bytes = await solid().jpeg().toBuffer();
    return bytes.subarray(0, bytes.length / 2);
  },
};

function solid(): sharp.Sharp {
  return sharp({create: {width: 64, height: 64, channels: 3, background: '#c04020'}});
}

/** Everything that decodes an untrusted image to show it. */
const decoders: Readonly<Record<string, (file: string) => Promise<unknown>>> = {
  'a thumbnail': (file) => thumbnail(file),
  'a thumbnail of bytes': async (file) => thumbnail((await import('node:fs')).readFileSync(file)),
  'a data URI': (file) => imageUri(file),
  'the image of an explanation': (file) => readImage(file),
  'the panel of TensorBoard': (file) => openCanvas(file),
  'the page on this machine': async (file) =>
    withHidden({name: file, bytes: (await import('node:fs')).readFileSync(file)}, '0'.repeat(576)),
};

describe('An image that is shown', function () {
  this.timeout(60_000);

  for (const [what, decode] of Object.entries(decoders))
    it(`is refused unless the guard knows it: ${what}`, async () => {
      for (const [kind, content] of Object.entries(hostile)) {
        const file = join(folder, `${kind.replaceAll(' ', '-')}.jpg`);
        writeFileSync(file, await content());
        expect((await refusal(decode(file))).code, kind).to.equal('image');
      }
      for (const format of ['jpeg', 'png', 'webp', 'gif'] as const) {
        const file = join(folder, `good.${format}`);
        writeFileSync(file, await solid().toFormat(format).toBuffer());
        await decode(file);
      }
    });

  it('is a regular file', async () => {
    const pipe = join(folder, 'pipe.jpg');
    execFileSync('mkfifo', [pipe]);
    mkdirSync(join(folder, 'folder.jpg'));
    symlinkSync('/dev/zero', join(folder, 'zero.jpg'));
    for (const [what, decode] of Object.entries(decoders)) {
      if (/bytes|page/.test(what)) continue; // these are given bytes
      for (const name of ['pipe.jpg', 'folder.jpg', 'zero.jpg', 'missing.jpg'])
        expect(['image', 'not-found'], what).to.include((await refusal(decode(join(folder, name)))).code);
    }
  });
});
