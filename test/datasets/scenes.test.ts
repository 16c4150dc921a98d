import {readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {
  type Box,
  type CaptionedImage,
  CaptionerError,
  countWords,
  type Dataset,
  drawScenes,
  ofSplit,
  openDataset,
  type Scene,
} from 'captioner';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';
import {compose} from 'captioner/dist/datasets/synthetic/composition';
import {SeededRandom} from 'captioner/dist/random/random';
import {draw} from 'captioner/dist/datasets/synthetic/drawing';
import {
  backgrounds,
  kinds,
  places,
  relations,
  side,
  sizes,
  times,
} from 'captioner/dist/datasets/synthetic/scene';
import {expect} from 'chai';
import sharp from 'sharp';
import {temporaryFolder} from '../support';

const few = {train: 5, validation: 2, test: 2};

function content(folder: string): Record<string, string> {
  const names = readdirSync(folder).sort();
  return Object.fromEntries(names.map((name) => [name, readFileSync(join(folder, name)).toString('base64')]));
}

async function drawn(options: Parameters<typeof drawScenes>[1] = few): Promise<string> {
  const folder = temporaryFolder();
  await drawScenes(folder, options);
  return folder;
}

const refusal = async (action: () => unknown): Promise<CaptionerError> => {
  try {
    await action();
  } catch (error) {
    return error as CaptionerError;
  }
  return expect.fail('was accepted');
};

describe('The built-in scenes', function () {
  let dataset: Dataset;
  let images: readonly CaptionedImage[];
  const scenes = (): Scene[] =>
    (JSON.parse(readFileSync(join(dataset.folder, 'scenes.json'), 'utf8')) as {scenes: Scene[]}).scenes;
  before(async () => {
    dataset = await openDataset('scenes');
    images = dataset.images;
    expect([dataset.layout, dataset.rejected, dataset.missing]).to.deep.equal(['scenes', [], []]);
  });

  it('have 600 training, 100 validation and 100 test images with five captions each', () => {
    const of = (split: 'train' | 'validation' | 'test') => ofSplit(dataset, split).length;
    expect([of('train'), of('validation'), of('test')]).to.deep.equal([600, 100, 100]);
    for (const {captions} of images) expect(new Set(captions).size).to.equal(5);
  });

  it('are images of 224 × 224 pixels', async () => {
    for (const {file} of images.filter((_, at) => at % 20 === 0)) {
      const {width, height, format, channels} = await sharp(file).metadata();
      expect([width, height, format, channels]).to.deep.equal([side, side, 'jpeg', 3]);
    }
  });

  it('vary in everything that captions mention', () => {
    const all = scenes();
    const seen = (values: readonly unknown[]) => new Set(values);
    const objects = all.flatMap(({objects: of}) => of);
    expect(seen(objects.map(({kind}) => kind))).to.deep.equal(new Set(kinds));
    expect(seen(objects.map(({place}) => place))).to.deep.equal(new Set(places));
    expect(seen(objects.flatMap(({size}) => size ?? []))).to.deep.equal(new Set(sizes));
    expect(seen(all.map(({background}) => background))).to.deep.equal(new Set(backgrounds));
    expect(seen(all.map(({time}) => time))).to.deep.equal(new Set(times));
    expect(seen(all.flatMap(({relation}) => relation?.name ?? []))).to.deep.equal(new Set(relations));
    for (const number of [1, 2, 3])
      expect(all.filter((scene) => scene.number === number).length).to.be.above(60);
    expect(seen(images.flatMap(({captions}) => captions)).size).to.be.above(2500);
  });

  it('do not repeat between splits', () => {
    const shown = (scene: Scene) => JSON.stringify(scene.objects) + scene.background + scene.time;
    expect(new Set(scenes().map(shown)).size).to.equal(images.length);
  });

  it('record each object with words that captions use and a box inside the image', () => {
    for (const {objects, captions, main, number} of scenes()) {
      expect(objects.filter(({kind}) => kind === main).length).to.equal(number);
      for (const {
        box: [x, y, width, height],
        words,
      } of objects) {
        for (const value of [x, y, width, height]) expect(Number.isInteger(value)).to.equal(true);
        expect(Math.min(x, y, width - 8, height - 8)).to.be.at.least(0);
        expect(Math.max(x + width, y + height)).to.be.at.most(side);
        expect(words.length).to.be.at.least(2);
      }
      const subject = objects.find(({kind}) => kind === main)!;
      const says = (caption: string) => subject.words.some((word) => caption.toLowerCase().includes(word));
      expect(captions.filter(says).length).to.equal(5);
    }
  });
});

describe('A drawn image', () => {
  const pixels = async (svg: string): Promise<Buffer> => sharp(Buffer.from(svg)).flatten().raw().toBuffer();

  /** Flags the pixels in which two images differ. */
  async function difference(one: string, other: string): Promise<boolean[]> {
    const [a, b] = await Promise.all([pixels(one), pixels(other)]);
    return Array.from({length: side * side}, (_, at) =>
      [0, 1, 2].some((channel) => Math.abs(a[3 * at + channel]! - b[3 * at + channel]!) > 12),
    );
  }

  it('shows objects where their boxes are', async () => {
    for (let turn = 0; turn < 60; turn++) {
      const scene = compose(new SeededRandom(turn, 1), turn);
      const empty = {...scene, objects: []};
      const changed = await difference(
        draw(scene, new SeededRandom(turn, 2)),
        draw(empty, new SeededRandom(turn, 2)),
      );
      const inside = (x: number, y: number, [left, top, width, height]: Box, margin: number) =>
        x >= left - margin && x < left + width + margin && y >= top - margin && y < top + height + margin;
      const boxes = scene.objects.map(({box}) => box);
      const counts = boxes.map(() => 0);
      for (const [at, differs] of changed.entries()) {
        const [x, y] = [at % side, Math.floor(at / side)];
        if (!differs) continue;
        // Shadows and ripples extend a little beyond their objects.
        const near = boxes.some((box) => inside(x, y, box, 2 + 0.1 * Math.max(box[2], box[3])));
        expect(near, `scene ${turn}: something is drawn at ${x}, ${y}`).to.equal(true);
        for (const [k, box] of boxes.entries()) if (inside(x, y, box, 0)) counts[k]! += 1;
      }
      for (const [k, [, , width, height]] of boxes.entries())
        expect(counts[k]! / (width * height), `scene ${turn}, thing ${k}`).to.be.above(0.25);
    }
  });
});

describe('drawScenes', () => {
  it('draws the same bytes for the same seed and others for another', async () => {
    const [one, other, different] = await Promise.all([drawn(), drawn(), drawn({...few, seed: 2})]);
    expect(content(one)).to.deep.equal(content(other));
    const images = (folder: string) =>
      Object.entries(content(folder)).filter(([name]) => name.endsWith('.jpg'));
    for (const [name, bytes] of images(different)) expect(bytes).to.not.equal(content(one)[name]);
  });

  it('draws the first scenes independently of the number of scenes', async () => {
    const [small, large] = await Promise.all([drawn(), drawn({...few, train: 9})]);
    for (const name of readdirSync(small).filter((file) => file.endsWith('.jpg')))
      expect(content(large)[name]).to.equal(content(small)[name]);
  });

  it('does not redraw a complete folder', async () => {
    const folder = await drawn();
    const times = () => readdirSync(folder).map((name) => statSync(join(folder, name)).mtimeMs);
    const before = times();
    await drawScenes(folder, few);
    expect(times()).to.deep.equal(before);
  });

  const damages: readonly (readonly [string, (folder: string) => void])[] = [
    ['an image is gone', (folder) => rmSync(join(folder, 'test-0001.jpg'))],
    ['an image is cut short', (folder) => truncateSync(join(folder, 'train-0003.jpg'), 100)],
    ['drawing was interrupted', (folder) => rmSync(join(folder, 'scenes.json'))],
    ['its record is damaged', (folder) => truncateSync(join(folder, 'scenes.json'), 500)],
    [
      'an older version drew it',
      (folder) => {
        const file = join(folder, 'scenes.json');
        writeFileSync(file, readFileSync(file, 'utf8').replace(/"version":\d+/, '"version":0'));
      },
    ],
  ];
  for (const [what, damage] of damages)
    it(`draws again when ${what}`, async () => {
      const folder = await drawn();
      const whole = content(folder);
      damage(folder);
      await drawScenes(folder, few);
      expect(content(folder)).to.deep.equal(whole);
    });

  it('refuses invalid options', async () => {
    const folder = temporaryFolder();
    for (const [options, message] of [
      [{train: -1}, '`train`'],
      [{seed: 1.5}, '`seed`'],
      [{images: 3}, 'unknown option `images`'],
      [{fewestCaptions: 6}, '`fewestCaptions`'],
      [{bias: 1.1}, '`bias`'],
    ] as const) {
      const error = await refusal(() => drawScenes(folder, options as object));
      expect([error.code, error.message.includes(message)]).to.deep.equal(['options', true]);
    }
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});

describe('readScenes', () => {
  it('lists missing images and returns the others', async () => {
    const folder = await drawn();
    rmSync(join(folder, 'validation-0002.jpg'));
    const {images, missing} = readScenes(folder);
    expect(missing).to.deep.equal(['validation-0002.jpg']);
    expect(images.length).to.equal(8);
  });

  it('refuses an unreadable record', async () => {
    const folder = await drawn();
    const file = join(folder, 'scenes.json');
    const text = readFileSync(file, 'utf8');
    for (const [record, code] of [
      [text.slice(0, 900), 'dataset'],
      [text.replace(/"version":\d+/, '"version":99'), 'version'],
      [text.replace('train-0001.jpg', '../train-0001.jpg'), 'dataset'],
      [text.replaceAll('"captions":[', '"captions":[1,'), 'dataset'],
    ] as const) {
      writeFileSync(file, record);
      const error = await refusal(() => readScenes(folder));
      expect([error.code, error.message.includes(file)], error.message).to.deep.equal([code, true]);
    }
    rmSync(file);
    expect((await refusal(() => readScenes(folder))).code).to.equal('not-found');
  });
});

describe('Scenes with options', () => {
  const plan = {train: 300, validation: 40, test: 60};
  const scenesIn = (folder: string): (Scene & {split: string})[] =>
    (JSON.parse(readFileSync(join(folder, 'scenes.json'), 'utf8')) as {scenes: (Scene & {split: string})[]})
      .scenes;
  const opened = async (options: Parameters<typeof drawScenes>[1]): Promise<Dataset> =>
    openDataset(await drawn({...plan, ...options}));
  let usual: Dataset;
  before(async () => {
    usual = await opened({});
  });

  it('have rare words, most of them a few times only, in captions that stay true', async () => {
    const rare = await opened({rareWords: true});
    const counts = (dataset: Dataset) => [
      ...countWords(ofSplit(dataset, 'train').flatMap(({captions}) => captions)).values(),
    ];
    const few = (of: number[]) => of.filter((count) => count <= 4).length;
    expect(few(counts(usual))).to.be.below(10);
    expect(few(counts(rare))).to.be.above(20);
    for (const {captions, verify} of rare.images)
      for (const caption of captions) expect(verify!(caption), caption).to.deep.equal([]);
    // A list of nouns that tells nothing of a kind's rare names would miss some captions.
    for (const {objects, captions, main} of scenesIn(rare.folder)) {
      const words = objects.find(({kind}) => kind === main)!.words;
      for (const caption of captions)
        expect(
          words.some((word) => caption.toLowerCase().includes(word)),
          caption,
        ).to.equal(true);
    }
    // The images are the same.
    for (const {id, file} of usual.images.slice(0, 20))
      expect(readFileSync(file).equals(readFileSync(join(rare.folder, id))), id).to.equal(true);
  });

  it('have from a few to five captions each', async () => {
    const uneven = await opened({fewestCaptions: 2});
    const counts = uneven.images.map(({captions}) => captions.length);
    for (const number of [2, 3, 4, 5])
      expect(counts.filter((count) => count === number).length, String(number)).to.be.within(60, 140);
    expect(new Set(counts).size).to.equal(4);
    for (const [at, {captions}] of uneven.images.entries())
      expect(captions).to.deep.equal(usual.images[at]!.captions.slice(0, captions.length));
  });

  it('have a bias in the splits that choices are made by, and none in the test split', async () => {
    const biased = await opened({bias: 0.9});
    const blue = (folder: string, ofTest: boolean): number => {
      const children = scenesIn(folder).filter(
        ({main, split}) => main === 'child' && (split === 'test') === ofTest,
      );
      const isBlue = ({objects}: Scene) => objects.find(({kind}) => kind === 'child')!.colour === 'blue';
      return children.filter(isBlue).length / children.length;
    };
    expect(blue(usual.folder, false)).to.be.within(0.25, 0.75);
    expect(blue(biased.folder, false)).to.be.above(0.85);
    expect(scenesIn(biased.folder).filter(({split}) => split === 'test')).to.deep.equal(
      scenesIn(usual.folder).filter(({split}) => split === 'test'),
    );
    for (const {captions, verify} of biased.images)
      for (const caption of captions) expect(verify!(caption), caption).to.deep.equal([]);
  });
});
