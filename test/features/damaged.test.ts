import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {type Encoder, FeatureStore, type ImageFile, loadEncoder} from 'captioner';
import {expect} from 'chai';
import sharp, {type Sharp} from 'sharp';
import {temporaryFolder} from '../support';

/** Stripes and a disc: no two images alike, and none the same when it is turned or mirrored. */
function drawn(seed: number, width = 120, height = 90): Sharp {
  const hue = (seed * 47) % 360;
  return sharp(
    Buffer.from(`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}">
      <rect width="100%" height="100%" fill="hsl(${hue} 60% 70%)"/><rect width="30%" height="20%" fill="hsl(${hue + 90} 80% 30%)"/>
      <circle cx="${40 + ((seed * 13) % 60)}" cy="55" r="22" fill="hsl(${hue + 200} 90% 50%)"/></svg>`),
  ).flatten();
}

describe('A folder in which much is damaged', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const good: ImageFile[] = [];
  const bad: ImageFile[] = [];
  let encoder: Encoder;
  const put = (list: ImageFile[], id: string, bytes: Uint8Array | string): void => {
    const file = join(folder, id);
    writeFileSync(file, bytes);
    list.push({id, file});
  };

  before(async () => {
    encoder = await loadEncoder('efficientnet-lite0');
    const jpeg = await drawn(0).jpeg().toBuffer();
    for (let k = 1; k <= 5; k++) put(good, `plain-${k}.jpg`, await drawn(k).jpeg().toBuffer());
    put(good, 'cmyk.jpg', await drawn(6).toColourspace('cmyk').jpeg().toBuffer());
    put(good, 'grey.jpg', await drawn(7).greyscale().jpeg().toBuffer());
    put(good, 'deep.png', await drawn(8).toColourspace('rgb16').png().toBuffer());
    put(good, 'deep-grey.png', await drawn(9).greyscale().toColourspace('grey16').png().toBuffer());
    put(good, 'alpha.png', await drawn(10).ensureAlpha(0.4).png().toBuffer());
    put(good, 'palette.png', await drawn(11).png({palette: true}).toBuffer());
    put(good, 'a-webp-in-fact.jpg', await drawn(12).webp().toBuffer());
    put(good, 'a-png-in-fact.jpg', await drawn(13).png().toBuffer());
    const frames = await Promise.all(
      [14, 15].map((seed) => drawn(seed, 60, 60).ensureAlpha().raw().toBuffer()),
    );
    const animated = sharp(Buffer.concat(frames), {
      raw: {width: 60, height: 120, channels: 4, pageHeight: 60},
    });
    put(good, 'animated.gif', await animated.gif({delay: [100, 100], loop: 0}).toBuffer());
    for (let turn = 1; turn <= 8; turn++)
      put(
        good,
        `orientation-${turn}.jpg`,
        await drawn(16).jpeg().withMetadata({orientation: turn}).toBuffer(),
      );

    for (let percent = 0; percent < 100; percent += 5)
      put(bad, `cut-${percent}.jpg`, jpeg.subarray(0, Math.floor((jpeg.length * percent) / 100)));
    put(bad, 'zeros.jpg', Buffer.alloc(5000));
    put(bad, 'beginning-only.jpg', Buffer.concat([jpeg.subarray(0, 3), Buffer.alloc(5000)]));
    const white = {width: 9000, height: 9000, channels: 3, background: '#ffffff'} as const;
    put(bad, 'bomb.png', await sharp({create: white, limitInputPixels: false}).png().toBuffer());
    put(bad, 'svg.jpg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"/>');
    put(bad, 'pdf.jpg', '%PDF-1.4\n1 0 obj <</Type /Catalog>> endobj\ntrailer <</Root 1 0 R>>\n%%EOF\n');
    put(bad, 'text.png', 'not an image at all');
    bad.push({id: 'gone.jpg', file: join(folder, 'gone.jpg')});
  });
  after(() => encoder.dispose());

  it('gives the good images the same features, to the bit, and each bad one a reason', async () => {
    const options = {batch: 4, shard: 8, kind: 'grid'} as const;
    const clean = await FeatureStore.build(encoder, good, temporaryFolder(), options);
    expect([clean.size, clean.quarantined.size]).to.deep.equal([good.length, 0]);

    // One bad file after each good one, and the rest at the end.
    const mixed = [
      ...good.flatMap((image, at) => [image, ...bad.slice(at, at + 1)]),
      ...bad.slice(good.length),
    ];
    const store = await FeatureStore.build(encoder, mixed, temporaryFolder(), options);
    const ids = good.map(({id}) => id);
    const [ours, theirs] = [store.read(ids), clean.read(ids)];
    expect(ours.dataSync()).to.deep.equal(theirs.dataSync());
    ours.dispose();
    theirs.dispose();

    expect([...store.quarantined.keys()].sort()).to.deep.equal(bad.map(({id}) => id).sort());
    const written = JSON.parse(readFileSync(join(store.folder, 'quarantine.json'), 'utf8')) as Record<
      string,
      string
    >;
    expect(written).to.deep.equal(Object.fromEntries(store.quarantined));
    for (const reason of Object.values(written))
      expect(reason).to.match(/^(expected|cannot be decoded: ).{8,}/);
    expect(written).to.include({
      'cut-0.jpg': 'expected an image, got an empty file',
      'zeros.jpg': 'expected JPEG, PNG, WebP, GIF, got something else',
      'svg.jpg': 'expected JPEG, PNG, WebP, GIF, got something else',
      'pdf.jpg': 'expected JPEG, PNG, WebP, GIF, got something else',
      'bomb.png':
        'expected at most 50 million pixels, got more; to raise the limit: --max-megapixels, setPixelLimit',
      'gone.jpg': 'expected an image, found nothing',
    });
    for (const percent of [25, 50, 75, 95])
      expect(written[`cut-${percent}.jpg`]).to.match(/^cannot be decoded: /);
  });

  it('turns images as their orientation says', async () => {
    const store = await FeatureStore.build(encoder, good, temporaryFolder());
    const turned = Array.from({length: 8}, (_, k) => `orientation-${k + 1}.jpg`);
    const features = store.read(turned);
    const rows = (features.arraySync() as number[][]).map((row) =>
      row.map((value) => value.toFixed(3)).join(),
    );
    features.dispose();
    expect(new Set(rows).size).to.equal(8);
  });
});
