import {mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {type Dataset, openDataset, type Split, summarize, describeSummary} from 'captioner';
import {expect} from 'chai';
import {imageFiles, lay, refusal} from './lay';

const names = Array.from({length: 12}, (_, k) => `${k}.jpg`);
const splitsOf = ({images}: Dataset): [string, Split][] => images.map(({id, split}) => [id, split]);
const captionsOf = ({images}: Dataset): [string, ...string[]][] =>
  images.map(({id, captions}) => [id, ...captions]);
const table = (first: number, end: number): string =>
  ['image,caption', ...names.slice(first, end).map((name) => `${name},A dog ${name} .`), ''].join('\n');
const jsonTable = (first: number, end: number): string =>
  JSON.stringify(names.slice(first, end).map((file_path) => ({file_path, captions: ['A cat .', 'Cats .']})));
const coco = (images: readonly string[], from = 0): string =>
  JSON.stringify({
    images: images.map((file_name, k) => ({id: from + k, file_name})),
    annotations: images.map((name, k) => ({image_id: `${from + k}`, caption: `About ${name} .`})),
  });
const expected = names.map((name, k): [string, Split] => [
  name,
  k < 8 ? 'train' : k < 10 ? 'validation' : 'test',
]);

describe('Datasets of one file for each split', () => {
  const [train, dev, test] = [table(0, 8), table(8, 10), table(10, 12)];
  const layouts: readonly (readonly [string, Record<string, string>])[] = [
    ['train.csv, dev.csv, test.csv', {'train.csv': train, 'dev.csv': dev, 'test.csv': test}],
    [
      'captions_train.tsv',
      {'captions_train.csv': train, 'captions_valid.csv': dev, 'captions_test.csv': test},
    ],
    [
      'annotations/train.json, as an array',
      {
        'annotations/train.json': jsonTable(0, 8),
        'annotations/val.json': jsonTable(8, 10),
        'annotations/test.json': jsonTable(10, 12),
      },
    ],
    [
      "annotations/train.json, in COCO's form with ids as text",
      {
        'annotations/train.json': coco(names.slice(0, 8)),
        'annotations/validation.json': coco(names.slice(8, 10), 8),
        'annotations/test.json': coco(names.slice(10), 10),
        'annotations/instances_train.json': '{"images": [], "annotations": []}',
      },
    ],
  ];
  for (const [what, files] of layouts.slice(0, 3))
    it(`are read from ${what}`, async () => {
      const dataset = await openDataset(lay({...files, ...imageFiles(names, 'images')}));
      expect(splitsOf(dataset).sort()).to.deep.equal([...expected].sort());
      expect([dataset.missing, dataset.rejected]).to.deep.equal([[], []]);
    });

  it(`are read from ${layouts[3]![0]}`, async () => {
    const files = {...layouts[3]![1]};
    delete files['annotations/instances_train.json'];
    const dataset = await openDataset(lay({...files, ...imageFiles(names, 'images')}));
    expect(splitsOf(dataset).sort()).to.deep.equal([...expected].sort());
    expect(dataset.images.find(({id}) => id === '9.jpg')).to.include({number: 9});
  });

  it('are read from folders with tables, whose images may have the same names', async () => {
    const line = (k: number): string => JSON.stringify({file_name: `${k}.jpg`, text: `Dog ${k} .`});
    for (const file of ['metadata.jsonl', 'captions.jsonl', 'anything.ndjson']) {
      const folder = lay({
        [`train/${file}`]: `${line(0)}\n${line(1)}\n`,
        [`valid/${file}`]: `${line(0)}\n`,
        [`test/${file}`]: `${line(1)}\n`,
        ...imageFiles(['0.jpg', '1.jpg'], 'train'),
        ...imageFiles(['0.jpg'], 'valid/images'),
        ...imageFiles(['1.jpg'], 'test'),
      });
      const dataset = await openDataset(folder);
      expect(
        dataset.images.map(({split, file: path, captions}) => [split, path, captions[0]]).sort(),
      ).to.deep.equal([
        ['test', join(folder, 'test/1.jpg'), 'Dog 1 .'],
        ['train', join(folder, 'train/0.jpg'), 'Dog 0 .'],
        ['train', join(folder, 'train/1.jpg'), 'Dog 1 .'],
        ['validation', join(folder, 'valid/images/0.jpg'), 'Dog 0 .'],
      ]);
      expect(new Set(dataset.images.map(({id}) => id)).size).to.equal(4);
    }
  });

  it("are read from one list of Hugging Face's image folder, whose folders are the splits", async () => {
    const lines = ['train/a.png', 'validation/a.png', 'test/b.png'].map((file_name) =>
      JSON.stringify({file_name, caption: 'A dog .'}),
    );
    const files = {
      'metadata.jsonl': lines.join('\n'),
      ...imageFiles(['train/a.png', 'validation/a.png', 'test/b.png'], ''),
    };
    expect(splitsOf(await openDataset(lay(files)))).to.deep.equal([
      ['train/a.png', 'train'],
      ['validation/a.png', 'validation'],
      ['test/b.png', 'test'],
    ]);
  });
});

describe("COCO's form for one's own data", () => {
  it('tells images of the same name in two folders apart', async () => {
    const folder = lay({
      'annotations/captions_train2017.json': coco(['a.jpg', 'b.jpg']),
      'annotations/captions_val2017.json': coco(['a.jpg'], 2),
      ...imageFiles(['a.jpg', 'b.jpg'], 'train2017'),
      ...imageFiles(['a.jpg'], 'val2017'),
    });
    const {images} = await openDataset(folder);
    expect(images.map(({id, file, split}) => [id, file, split])).to.deep.equal([
      ['train2017/a.jpg', join(folder, 'train2017/a.jpg'), 'train'],
      ['b.jpg', join(folder, 'train2017/b.jpg'), 'train'],
      ['val2017/a.jpg', join(folder, 'val2017/a.jpg'), 'validation'],
    ]);
  });

  it('finds names with their folder, from the folder of the dataset', async () => {
    const folder = lay({
      'train.json': coco(['pictures/x/a.jpg', 'pictures/y/a.jpg']),
      'val.json': coco(['pictures/z.jpg'], 2),
      ...imageFiles(['x/a.jpg', 'y/a.jpg', 'z.jpg'], 'pictures'),
    });
    expect(splitsOf(await openDataset(folder))).to.deep.equal([
      ['pictures/x/a.jpg', 'train'],
      ['pictures/y/a.jpg', 'train'],
      ['pictures/z.jpg', 'validation'],
    ]);
  });

  it("keeps Karpathy's images apart by their filepath, in any folder", async () => {
    const image = (filepath: string, split: string): object => ({
      filepath,
      filename: '1.jpg',
      split,
      sentences: [{raw: `In ${filepath} .`}],
    });
    const folder = lay({
      'dataset_flickr8k.json': JSON.stringify({
        images: [image('Images/one', 'train'), image('Images/two', 'test')],
      }),
      ...imageFiles(['one/1.jpg', 'two/1.jpg', '0.jpg'], 'Images'),
    });
    expect(splitsOf(await openDataset(folder))).to.deep.equal([
      ['Images/one/1.jpg', 'train'],
      ['Images/two/1.jpg', 'test'],
    ]);
  });
});

describe('Flickr30k with commas', () => {
  const text = 'image_name,comment_number,comment\n0.jpg,0,"A dog , wet ."\n0.jpg,1, Two dogs , again .\n';
  const places = [
    'captions.txt',
    'results.csv',
    'flickr30k_images/captions.txt',
    'flickr30k-images/results.csv',
  ];
  for (const place of places)
    it(`is read from ${place}`, async () => {
      const images = place.includes('/') ? dirname(place) : 'flickr30k_images';
      const dataset = await openDataset(lay({[place]: `\ufeff${text}`, ...imageFiles(['0.jpg'], images)}));
      expect(dataset.layout).to.equal('flickr30k-kaggle');
      expect(captionsOf(dataset)).to.deep.equal([['0.jpg', 'A dog , wet .', 'Two dogs , again .']]);
    });

  it('is also read with the header of Flickr8k, beside its own images', async () => {
    const files = {
      'captions.txt': 'image,caption\n0.jpg,A dog , wet .\n',
      ...imageFiles(['0.jpg'], 'flickr30k_images'),
    };
    expect((await openDataset(lay(files))).layout).to.equal('flickr30k-kaggle');
    const eight = {'captions.txt': 'image,caption\n0.jpg,A dog , wet .\n', ...imageFiles(['0.jpg'])};
    expect((await openDataset(lay(eight))).layout).to.equal('flickr8k-kaggle');
    const plain = await openDataset(lay({'captions.txt': text, ...imageFiles(['0.jpg'])}));
    expect(plain.layout).to.equal('flickr30k-kaggle');
    expect(captionsOf(plain)).to.deep.equal([['0.jpg', 'A dog , wet .', 'Two dogs , again .']]);
  });
});

describe('Columns', () => {
  const open = (text: string | Buffer, file = 'captions.csv', images = names): Promise<Dataset> =>
    openDataset(lay({[file]: text, ...imageFiles(images, 'images')}));

  for (const column of ['set', 'Subset', 'partition'])
    it(`called ${column} hold splits`, async () => {
      const dataset = await open(
        `image,caption,${column}\n0.jpg,A .,training\n1.jpg,B .,dev\n2.jpg,C .,test\n`,
      );
      expect(splitsOf(dataset).map(([, split]) => split)).to.deep.equal(['train', 'validation', 'test']);
      expect(dataset.unread).to.deep.equal([]);
    });

  it('called set that hold something else, and all others that are not read, are named', async () => {
    const dataset = await open(
      'image,caption,set,photographer\n0.jpg,A .,spring,Ann\n1.jpg,B .,autumn,Bob\n',
    );
    expect(dataset.images).to.have.length(2);
    expect(describeSummary(summarize(dataset))).to.match(/^not read: set, photographer$/m);
    const json = JSON.stringify([
      {image: '0.jpg', caption: 'A .', width: 3},
      {image: '1.jpg', text: 'B .', licence: 1},
    ]);
    expect((await open(json, 'data.json')).unread).to.deep.equal(['width', 'licence']);
  });

  it('may hold further captions, some of them empty', async () => {
    const dataset = await open(
      'File Name;Caption_1;caption_2;caption 3\n0.jpg;A .;;B .\n1.jpg;C .;D .;E .\n',
    );
    expect(captionsOf(dataset)).to.deep.equal([
      ['0.jpg', 'A .', 'B .'],
      ['1.jpg', 'C .', 'D .', 'E .'],
    ]);
  });

  it('may hold lists, as JSON, Python, NumPy and PostgreSQL write them', async () => {
    const rows = [
      `0.jpg,"['A dog\\'s ball .', ""It's red .""]"`,
      `1.jpg,"[""A caf\\u00e9 ."", ""Two""]"`,
      `2.jpg,"['One .' 'Two .']"`,
      `3.jpg,[laughs] a man [sits]`,
      `4.jpg,"('A dog, wet .', ""It's red ."")"`,
      `5.jpg,"{""A dog"",'Two'}"`,
      `6.jpg,"('One .',)"`,
      `7.jpg,"('a quote') by a man"`,
      `8.jpg,"(""a quote"")"`,
    ];
    expect(captionsOf(await open(['image,caption', ...rows].join('\n')))).to.deep.equal([
      ['0.jpg', "A dog's ball .", "It's red ."],
      ['1.jpg', 'A café .', 'Two'],
      ['2.jpg', 'One .', 'Two .'],
      ['3.jpg', '[laughs] a man [sits]'],
      ['4.jpg', 'A dog, wet .', "It's red ."],
      ['5.jpg', 'A dog', 'Two'],
      ['6.jpg', 'One .'],
      ['7.jpg', "('a quote') by a man"],
      ['8.jpg', '("a quote")'],
    ]);
  });

  it("are found in Excel's files: UTF-16, a line sep=, rows without content", async () => {
    const text = 'sep=;\nimage;caption\n0.jpg;Ein Hund, naß\n;\n;;\n\n1.jpg;Zwei Hunde\n;\n';
    const big = Buffer.from(`\ufeff${text}`, 'utf16le').swap16();
    const unmarked = Buffer.from(text, 'utf16le');
    const rows = [
      ['0.jpg', 'Ein Hund, naß'],
      ['1.jpg', 'Zwei Hunde'],
    ];
    const all = [
      text,
      Buffer.from(`\ufeff${text}`, 'utf16le'),
      big,
      unmarked,
      Buffer.from(unmarked).swap16(),
    ];
    for (const bytes of all) {
      const dataset = await open(bytes);
      expect(captionsOf(dataset)).to.deep.equal(rows);
      expect(dataset.rejected).to.deep.equal([]);
    }
    const tabs = Buffer.from(
      `\ufeff${'image\tcaption\n0.jpg\tEin Hund, naß\n1.jpg\tZwei Hunde\n'}`,
      'utf16le',
    );
    expect(captionsOf(await open(tabs, 'captions.tsv'))).to.deep.equal(rows);
    const json = Buffer.from(`\ufeff${JSON.stringify([{image: '0.jpg', caption: 'Naß'}])}`);
    expect(captionsOf(await open(json, 'captions.json'))).to.deep.equal([['0.jpg', 'Naß']]);
    expect((await refusal(lay({'a.csv': Buffer.from('image,caption\n0.jpg,na\xdf\n', 'latin1'), ...imageFiles(names, '')}))).message).to.match(/expected text in UTF-8, got other bytes\); save it in UTF-8 \(in Excel: CSV UTF-8\)$/); // prettier-ignore
  });

  it('hold captions whose entities are decoded and whose markers are told of', async () => {
    const dataset = await open(
      'image,caption\n0.jpg,Tom &amp; Jerry&#39;s &quot;ball&quot; &amp;lt;3 &eacute; R&D;\n',
    );
    expect(dataset.images[0]!.captions).to.deep.equal([`Tom & Jerry's "ball" <3 é R&D;`]);
    for (const [begin, end] of [
      ['<start>', '<end>'],
      ['startseq', 'endseq'],
      ['[CLS]', '[SEP]'],
      ['<s>', '</s>'],
      ['<|startoftext|>', '<|endoftext|>'],
    ] as const) {
      // prettier-ignore
      const marked = ['image,caption', ...names.map((name) => `${name},${begin} a dog runs . ${end}`)].join('\n');
      expect(describeSummary(summarize(await open(marked)))).to.include(
        `most captions hold ${begin} and ${end}, which`,
      );
    }
    expect(describeSummary(summarize(await open(table(0, 12))))).not.to.include('most captions');
  });
});

describe('Names of images', () => {
  it('may begin with ./, have backslashes or be absolute paths in the folder', async () => {
    const folder = lay(imageFiles(['a.jpg', 'x/b.jpg', 'c.jpg'], 'images'));
    writeFileSync(
      join(folder, 'captions.csv'),
      `image,caption\n./images/a.jpg,A .\n.\\images\\x\\b.jpg,B .\n${join(folder, 'images', 'c.jpg')},C .\n`,
    );
    expect((await openDataset(folder)).images.map(({id, file}) => [id, file])).to.deep.equal([
      ['images/a.jpg', join(folder, 'images/a.jpg')],
      ['images/x/b.jpg', join(folder, 'images/x/b.jpg')],
      ['images/c.jpg', join(folder, 'images/c.jpg')],
    ]);
  });

  it('are refused with the nearest file where none fits, or with what they are', async () => {
    const refuse = async (names: readonly string[]): Promise<string> => {
      const lines = names.map((name) => `${name},A dog .`);
      const files = imageFiles(['one photo.jpg', 'two photo.jpg'], 'images');
      return (await refusal(lay({'captions.csv': ['image,caption', ...lines].join('\n'), ...files}))).message;
    };
    expect(await refuse(['one photo', 'two photo'])).to.match(
      /found none of 2: one photo, two photo \(nearest to one photo: images\/one photo\.jpg\)$/,
    );
    expect(await refuse(['one%20photo.jpg'])).to.match(/\(nearest to .*: images\/one photo\.jpg\)$/);
    for (const name of ['C:\\Users\\me\\one photo.jpg', 'file:///data/one photo.jpg', '../one photo.jpg'])
      expect(await refuse([name])).to.include("expected the name of an image in the dataset's folder");
  });

  it('keep a backslash that is part of the name of a file', async () => {
    const text = 'image,caption\na\\b.jpg,A .\n';
    const {images} = await openDataset(
      lay({'captions.csv': text, ...imageFiles(['a\\b.jpg', 'a/b.jpg'], '')}),
    );
    expect(images[0]!.id).to.equal('a\\b.jpg');
  });

  it('are found in another Unicode form and with another case of the ending, if only one file fits', async () => {
    const files = ['caf\u00e9.JPG', 'u\u0308ber/n\u0303.png', 'two.jpg', 'three.JPG', 'three.Jpg'];
    const wanted = ['cafe\u0301.jpg', '\u00fcber/\u00f1.PNG', 'Two.jpg', 'three.jpg'];
    const text = ['image,caption', ...wanted.map((name) => `${name},A dog .`)].join('\n');
    const dataset = await openDataset(lay({'captions.csv': text, ...imageFiles(files, 'images')}));
    expect(dataset.images.map(({id}) => id)).to.deep.equal(wanted.slice(0, 2));
    expect(dataset.missing).to.deep.equal(['Two.jpg', 'three.jpg']);
    expect(describeSummary(summarize(dataset))).to.match(
      /2 missing images: Two\.jpg, three\.jpg \(nearest to Two\.jpg: images\/two\.jpg\)/,
    );
  });

  it('of the same file are one image, which is in one split', async () => {
    const good = Array.from({length: 400}, () => 'd.jpg,train,Dog .');
    const rows = ['a.jpg,train,One .', 'images/a.jpg,,Two .', 'images/a.jpg,test,Three .', 'b.jpg,test,Four .', 'link.jpg,,Five .', 'pictures/c.jpg,,Six .', 'c.jpg,train,Seven .']; // prettier-ignore
    const folder = lay({
      'captions.csv': ['image,split,caption', ...rows, ...good].join('\n'),
      ...imageFiles(['a.jpg', 'b.jpg', 'c.jpg', 'd.jpg'], 'images'),
    });
    symlinkSync('b.jpg', join(folder, 'images', 'link.jpg'));
    symlinkSync('images', join(folder, 'pictures'));
    const dataset = await openDataset(folder);
    expect(captionsOf(dataset).slice(0, 3)).to.deep.equal([
      ['a.jpg', 'One .', 'Two .'],
      ['b.jpg', 'Four .', 'Five .'],
      ['pictures/c.jpg', 'Six .', 'Seven .'],
    ]);
    expect(dataset.rejected.map(({reason}) => reason)).to.deep.equal([
      'expected images/a.jpg in one split, got test after train of a.jpg, which is the same file',
    ]);
    expect(dataset.unreferenced).to.deep.equal([]);
  });

  it('through links to a folder elsewhere are those of one image too', async () => {
    const pool = lay({...imageFiles(['1', '2', '3'], '')});
    const folder = lay({'captions.csv': 'image,caption\na.jpg,A .\nb.jpg,B .\nc.jpg,C .\n'});
    mkdirSync(join(folder, 'images'));
    for (const [name, target] of [
      ['a.jpg', '1'],
      ['b.jpg', '1'],
      ['c.jpg', '2'],
    ] as const)
      symlinkSync(join(pool, target), join(folder, 'images', name));
    const dataset = await openDataset(folder);
    expect(captionsOf(dataset)).to.deep.equal([
      ['a.jpg', 'A .', 'B .'],
      ['c.jpg', 'C .'],
    ]);
    expect(dataset.unreferenced).to.deep.equal([]);
  });
});
