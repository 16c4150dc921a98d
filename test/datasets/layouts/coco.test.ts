import {join} from 'node:path';
import {openDataset} from 'captioner';
import {expect} from 'chai';
import {lay, imageFiles, refusal} from '../lay';

interface Image {
  id: number | string;
  file_name: string;
}
interface Annotation {
  id: number;
  image_id: number | string;
  caption: string;
}

const train: Image[] = [
  {id: 9, file_name: 'COCO_train2014_000000000009.jpg'},
  {id: 25, file_name: 'COCO_train2014_000000000025.jpg'},
];
const val: Image[] = [{id: 42, file_name: 'COCO_val2014_000000000042.jpg'}];
const say = (image_id: number | string, caption: string): Annotation => ({
  id: image_id as number,
  image_id,
  caption,
});
const trainCaptions = [say(25, 'Two giraffes .\n'), say(9, 'A meal "here" .'), say(25, 'A caf\u00e9 .')];
const valCaptions = [say(42, 'A shoe .')];

/** Annotations as published, with other properties in and around the two lists. */
const file = (images: unknown, annotations: unknown): string =>
  JSON.stringify({info: {year: 2014, nested: [[1], {}]}, images, licenses: [{id: 1}], annotations});
const published = {
  'annotations/captions_train2014.json': file(
    train.map((image) => ({license: 1, height: 480, ...image})),
    trainCaptions,
  ),
  'annotations/captions_val2014.json': file(val, valCaptions),
};
const names = (images: readonly Image[]): string[] => images.map(({file_name: name}) => name);
/** Enough captions that a few bad ones are tolerated. */
const many = (id: number): Annotation[] => Array.from({length: 1000}, (_, k) => say(id, `Dog ${k} .`));

const one = (text: string | Buffer, present = [...names(train), 'constructor', '__proto__']): string =>
  lay({'annotations/captions_train2014.json': text, ...imageFiles(present, 'train2014')});

describe("COCO's captions", () => {
  for (const inside of ['', 'images/'])
    it(`are read with images in ${inside}train2014 and ${inside}val2014`, async () => {
      const folder = lay({
        ...published,
        ...imageFiles(names(train), `${inside}train2014`),
        ...imageFiles([...names(val), 'x.jpg'], `${inside}val2014`),
      });
      const dataset = await openDataset(folder);
      expect(dataset.layout).to.equal('coco');
      const at = (part: string, {file_name: id}: Image) => ({id, file: join(folder, inside, part, id)});
      expect(dataset.images).to.deep.equal([
        {
          ...at('train2014', train[1]!),
          split: 'train',
          captions: ['Two giraffes .', 'A caf\u00e9 .'],
          number: 25,
        },
        {...at('train2014', train[0]!), split: 'train', captions: ['A meal "here" .'], number: 9},
        {...at('val2014', val[0]!), split: 'validation', captions: ['A shoe .'], number: 42},
      ]);
      expect([dataset.rejected, dataset.missing]).to.deep.equal([[], []]);
      expect(dataset.unreferenced).to.deep.equal([`${inside}val2014/x.jpg`]);
    });

  it('are read from a single file of 2017', async () => {
    const images = [{id: 139, file_name: '000000000139.jpg'}];
    const text = file(images, [say(139, 'A room .')]);
    const dataset = await openDataset(
      lay({'annotations/captions_val2017.json': text, ...imageFiles(names(images), 'val2017')}),
    );
    expect(dataset.images.map(({id, split, number}) => [id, split, number])).to.deep.equal([
      ['000000000139.jpg', 'validation', 139],
    ]);
  });

  it('are those of the one year whose images are present', async () => {
    const later = {'annotations/captions_val2017.json': file([{id: 42, file_name: '42.jpg'}], valCaptions)};
    const both = {...published, ...later};
    const {images} = await openDataset(lay({...both, ...imageFiles(['42.jpg'], 'val2017')}));
    expect(images.map(({id}) => id)).to.deep.equal(['42.jpg']);
    const bothImages = {...imageFiles(names(val), 'val2014'), ...imageFiles(['42.jpg'], 'val2017')};
    expect((await refusal(lay({...both, ...bothImages}))).message).to.match(
      /2014 or those of 2017, found both$/,
    );
    expect((await refusal(lay(both))).message).to.match(/captions of both and images of neither$/);
  });

  it('may list annotations before images and use property names of objects', async () => {
    const images = [{id: 1, file_name: 'constructor'}, {id: '__proto__', file_name: '__proto__'}]; // prettier-ignore
    const annotations = [say(1, '__proto__'), say('__proto__', 'constructor toString')];
    const dataset = await openDataset(one(JSON.stringify({annotations, images})));
    expect(dataset.images.map(({id, captions, number}) => [id, captions, number])).to.deep.equal([
      ['constructor', ['__proto__'], 1],
      ['__proto__', ['constructor toString'], undefined],
    ]);
  });

  it('reject bad annotations and images with their numbers', async () => {
    const images = [
      ...train,
      {id: 9, file_name: 'other.jpg'},
      {id: 7, file_name: train[0]!.file_name},
      {id: 1},
    ];
    const annotations = [...many(9), say(77, 'Nobody .'), {image_id: 9}, say(9, ' '), say(7, 'Again .')];
    const {rejected} = await openDataset(one(file(images, annotations)));
    expect(rejected.map(({line, reason}) => [line, reason])).to.deep.equal([
      [3, 'images: expected each id once, got 9 again'],
      [5, 'images: expected an id and a file_name, got another form'],
      [1002, 'expected an image_id and a caption, got another form'],
      [1003, 'the caption is empty'],
      [1004, `expected ${train[0]!.file_name} to have one number, got 7 after 9`],
      [1001, 'expected the image_id of one of 3 images, got 77'],
    ]);
    expect(rejected.every((one) => one.file === 'captions_train2014.json')).to.equal(true);
  });

  it('cannot name files outside the folder', async () => {
    const images = [...train, {id: 1, file_name: '../secret.jpg'}];
    const {rejected} = await openDataset(one(file(images, [...many(9), say(1, 'A secret .')])));
    expect(rejected[0]!.reason).to.equal(
      `expected the name of an image in the dataset's folder, got "../secret.jpg"`,
    );
  });

  const whole = file(train, trainCaptions);
  const broken = [
    ['text', 'image,caption\n', /expected JSON in UTF-8: /],
    ['an empty file', '', /expected {"images": \[…\], "annotations": \[…\]}, found an empty file$/],
    ['an array', '[1, 2]', /found nothing in "images"$/],
    ['an object without images', JSON.stringify({annotations: trainCaptions}), /found nothing in "images"$/],
    ['an object without annotations', JSON.stringify({images: train}), /found nothing in "annotations"$/],
    ['images that are no list', file({a: train[0]}, trainCaptions), /got another form of "images"$/],
    ['half of the file', whole.slice(0, whole.length - 40), /got a truncated file$/],
    ['two files in one', whole + whole, /expected JSON in UTF-8: /],
    ['bytes that are not UTF-8', Buffer.from(whole, 'latin1'), /expected JSON in UTF-8: /],
    [
      'annotations of other images',
      file(train, [...trainCaptions, say(7, 'Who ?')]),
      /at most 1 %.*got 1 of 4/,
    ],
  ] as const;
  for (const [what, text, message] of broken)
    it(`are refused from ${what}`, async () => {
      const error = await refusal(one(text));
      expect(error.message).to.match(message).and.include('captions_train2014.json: ');
      expect(error.code).to.equal('captions');
    });

  it('are refused without an image folder', async () => {
    const error = await refusal(lay(published));
    expect(error.message).to.match(/expected a folder train2014 or val2014 with the images/);
    expect(error.code).to.equal('dataset');
  });
});
