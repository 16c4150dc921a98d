import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {type Dataset, openDataset} from 'captioner';
import {expect} from 'chai';
import {lay, imageFiles, refusal} from '../lay';

const names = ['a.jpg', 'b.jpg', 'c.jpg'];
const open = (file: string, text: string | Buffer, images = imageFiles(names, 'images')): Promise<Dataset> =>
  openDataset(lay({[file]: text, ...images}));
const captionsOf = ({images}: Dataset): [string, ...string[]][] =>
  images.map(({id, captions}) => [id, ...captions]);
const reasons = ({rejected}: Dataset): [number, string][] => rejected.map(({line, reason}) => [line, reason]);
/** Enough lines that a few bad ones are tolerated. */
const more = Array.from({length: 1000}, (_, k) => `c.jpg,Dog ${k} .`);
const csv = (...lines: readonly string[]): string => ['image,caption', ...lines, ...more, ''].join('\n');

describe('A CSV or TSV file', () => {
  const tables = [
    ['captions.csv', 'image,caption\na.jpg,"A dog , wet ."\nb.jpg,A cat .\n'],
    ['my data.csv', 'Caption;n;File_Name\n"A dog , wet .";1;a.jpg\nA cat .;2;b.jpg\n'],
    ['TABLE.TSV', 'path\ttext\na.jpg\tA dog , wet .\nb.jpg\tA cat .\n'],
    ['results.csv', 'image_name| n| comment\na.jpg| 0| A dog , wet .\nb.jpg| 1| A cat .\n'],
    ['captions.csv', '\uFEFF"IMAGE","SENTENCE"\r\n"a.jpg","A dog , wet ."\r\n"b.jpg","A cat ."\r\n'],
    ['captions.csv', ',filename,caption\n0,a.jpg,"A dog , wet ."\n1,b.jpg,A cat .\n'],
  ] as const;
  for (const [file, text] of tables)
    it(`is read from ${file} with the header ${JSON.stringify(text.split(/\r?\n/)[0])}`, async () => {
      const dataset = await open(file, text);
      expect(dataset.layout).to.equal('own');
      expect(captionsOf(dataset)).to.deep.equal([
        ['a.jpg', 'A dog , wet .'],
        ['b.jpg', 'A cat .'],
      ]);
      expect([dataset.rejected, dataset.missing]).to.deep.equal([[], []]);
      expect(dataset.unreferenced).to.deep.equal(['images/c.jpg']);
    });

  it('finds images beside it, in subfolders, and in images or Images', async () => {
    const text =
      'image,caption\na.jpg,A .\nx/b.jpg,B .\nimages/c.jpg,C .\nd.jpg,D .\ny/e.jpg,E .\nf.jpg,F .\n';
    const files = [
      'a.jpg',
      'x/b.jpg',
      'images/c.jpg',
      'images/d.jpg',
      'Images/y/e.jpg',
      'x/z.jpg',
      'w/z.jpg',
    ];
    const folder = lay({'captions.csv': text, ...imageFiles(files, '')});
    const dataset = await openDataset(folder);
    expect(dataset.images.map(({id, file}) => [id, file])).to.deep.equal([
      ['a.jpg', join(folder, 'a.jpg')],
      ['x/b.jpg', join(folder, 'x/b.jpg')],
      ['images/c.jpg', join(folder, 'images/c.jpg')],
      ['d.jpg', join(folder, 'images/d.jpg')],
      ['y/e.jpg', join(folder, 'Images/y/e.jpg')],
    ]);
    expect(dataset.missing).to.deep.equal(['f.jpg']);
    // Only the folders that captions name are listed.
    expect(dataset.unreferenced).to.deep.equal(['x/z.jpg']);
  });

  it('takes splits from its column, under several names, or else from the hash', async () => {
    const splits = ['train', 'Training', 'val', 'valid', 'validation', 'DEV', 'test', ' testing '];
    const lines = splits.map((split, k) => `${k}.jpg,${split},A dog .`);
    const images = imageFiles(splits.map((_, k) => `${k}.jpg`));
    const {images: found} = await open('captions.csv', ['image,split,caption', ...lines].join('\n'), images);
    const [t, v, e] = ['train', 'validation', 'test'];
    expect(found.map(({split}) => split)).to.deep.equal([t, t, v, v, v, v, e, e]);

    const bare = ['image,split,caption', ...splits.map((_, k) => `${k}.jpg,,A dog .`)].join('\n');
    const without = ['image,caption', ...splits.map((_, k) => `${k}.jpg,A dog .`)].join('\n');
    const [one, other] = [await open('captions.csv', bare, images), await open('a.csv', without, images)];
    expect(one.images.map(({split}) => split)).to.deep.equal(other.images.map(({split}) => split));
  });

  it('rejects lines with an unknown split or a second split for an image', async () => {
    const good = Array.from({length: 300}, () => 'c.jpg,,Dog .');
    const lines = [
      'a.jpg,train,One .',
      'a.jpg,test,Two .',
      'a.jpg,,Three .',
      'b.jpg,holdout,Four .',
      ...good,
    ];
    const dataset = await open('captions.csv', ['image,split,caption', ...lines].join('\n'));
    expect(reasons(dataset)).to.deep.equal([
      [3, 'expected a.jpg in one split, got test after train'],
      [5, 'expected the split train, validation or test, got "holdout"'],
    ]);
    expect(dataset.images[0]!.captions).to.deep.equal(['One .', 'Three .']);
  });

  it('reads quoted separators, doubled quotes and line ends', async () => {
    const dataset = await open(
      'captions.csv',
      csv('a.jpg,"A dog,\n\nblack, says ""woof"" ."', '"b.jpg","A\r\ncat"', 'b.jpg,It is 5" tall .'),
    );
    expect(captionsOf(dataset).slice(0, 2)).to.deep.equal([
      ['a.jpg', 'A dog, black, says "woof" .'],
      ['b.jpg', 'A cat', 'It is 5" tall .'],
    ]);
    expect(dataset.rejected).to.deep.equal([]);
  });

  it('rejects only the line of a quote that is never closed', async () => {
    const unclosed = 'expected a closing quote where the column ends, found none';
    for (const [next, lines] of [
      ['plain lines', ['a.jpg,"A dog', 'b.jpg,A cat .']],
      ['a quoted line', ['a.jpg,"A dog', 'b.jpg,"A cat ."']],
      ['another such line and a whole one', ['b.jpg,A cat .', 'a.jpg,"A dog']],
    ] as const) {
      const dataset = await open('captions.csv', csv(...lines));
      expect(reasons(dataset), next).to.deep.equal([[lines[0] === 'b.jpg,A cat .' ? 3 : 2, unclosed]]);
      expect(captionsOf(dataset)[0], next).to.deep.equal(['b.jpg', 'A cat .']);
      expect(dataset.images.at(-1)!.captions, next).to.have.length(1000);
    }
    const last = await open('captions.csv', `${csv()}a.jpg,"A dog\nb.jpg,A cat .`);
    expect(reasons(last)).to.deep.equal([[1002, unclosed]]);
    const all = await open('captions.csv', csv(...Array<string>(5).fill('a.jpg,"A dog'), 'b.jpg,"A cat"'));
    expect(reasons(all).map(([line]) => line)).to.deep.equal([2, 3, 4, 5, 6]);
  });

  it('rejects each bad line with its number and a reason', async () => {
    const dataset = await open(
      'captions.csv',
      csv(
        'a.jpg,A dog , wet',
        'a.jpg',
        '',
        'a.jpg,"A dog" runs',
        '../a.jpg,A dog',
        '/etc/a.jpg,A dog',
        'C:\\a.jpg,A',
        'x//a.jpg,A',
      ),
    );
    expect(reasons(dataset)).to.deep.equal([
      [2, 'expected 2 columns, got 3; put captions that contain the separator in quotes'],
      [3, 'expected 2 columns, got 1'],
      [5, 'expected the quotes to end where the column ends'],
      [6, `expected the name of an image in the dataset's folder, got "../a.jpg"`],
      [7, `expected the name of an image in the dataset's folder, got "/etc/a.jpg"`],
      [8, `expected the name of an image in the dataset's folder, got "C:\\\\a.jpg"`],
      [9, `expected the name of an image in the dataset's folder, got "x//a.jpg"`],
    ]);
  });

  it('accepts property names of objects as names and words and rejects invalid UTF-8', async () => {
    const text = csv('__proto__,constructor', 'constructor,__proto__ toString', 'b.jpg,A caf\u00e9 .');
    const dataset = await open('captions.csv', Buffer.from(text, 'latin1'), {
      ...imageFiles(['constructor', '__proto__', 'c.jpg'], 'images'),
    });
    expect(captionsOf(dataset).slice(0, 2)).to.deep.equal([
      ['__proto__', 'constructor'],
      ['constructor', '__proto__ toString'],
    ]);
    expect(reasons(dataset)).to.deep.equal([[4, 'expected text in UTF-8, got other bytes']]);
  });
});

const columns =
  'a column image or image_name or file_name or filename or file or path and a column caption or text or sentence or comment';

describe('A custom data set', () => {
  it('prefers captions.* or metadata.* among several tables', async () => {
    const other = {'boxes.csv': 'x,y\n', '._captions.csv': 'x', 'stats.tsv': ''};
    for (const name of ['captions.csv', 'Metadata.csv'])
      expect((await openDataset(lay({...other, [name]: 'image,caption\na.jpg,A .', ...imageFiles(names)}))).images).to.have.length(1); // prettier-ignore
    const none = await refusal(lay({...other, ...imageFiles(names)}));
    expect(none.code).to.equal('dataset');
    expect(none.message).to.match(
      /expected one file of captions, found boxes.csv, stats.tsv; name the right/,
    );
    const both = await refusal(
      lay({...other, 'captions.csv': '', 'metadata.jsonl': '', ...imageFiles(names)}),
    );
    expect(both.message).to.include('found boxes.csv, captions.csv, metadata.jsonl, stats.tsv;');
  });

  const refused = [
    ['an empty table', 'captions.csv', '', `line 1: expected ${columns}, found nothing`],
    ['unknown columns', 'captions.csv', 'photo;words\na;b\n', `line 1: expected ${columns}, found "photo", "words"`],
    ['no header', 'captions.tsv', 'a.jpg\tA dog .\n', `line 1: expected ${columns}, found "a.jpg", "A dog ."`],
    ['unknown keys', 'a.jsonl', '{"photo": "a.jpg", "x": ""}', `line 1: expected ${columns}, found "photo", "x"`],
    ['lines without JSON', 'a.jsonl', 'a.jpg,A dog .\n', 'expected at most 1 % of lines that cannot be read, got 1 of 1'],
    ['many broken lines', 'a.csv', csv(...Array<string>(11).fill('a.jpg')), 'at most 1 % of lines that cannot be read, got 11 of 1011'],
    ['a line without end', 'a.csv', `image,caption\n${'a'.repeat(2e6)}`, 'line 2: expected a line of text, got more than 1 MB'],
  ] as const; // prettier-ignore
  for (const [what, file, text, message] of refused)
    it(`is refused with ${what}`, async () => {
      const error = await refusal(lay({[file]: text, ...imageFiles(names)}));
      expect(error.message).to.include(message);
      expect(error.code).to.equal('captions');
    });

  it('is refused without captions or without any of its images', async () => {
    for (const [file, text] of [
      ['a.csv', 'image,caption\n'],
      ['a.jsonl', ''],
    ] as const)
      // prettier-ignore
      expect((await refusal(lay({[file]: text, ...imageFiles(names)}))).message).to.match(/expected captions, found none$/);
    const folder = lay({'a.csv': 'image,caption\nx.jpg,A .\n', ...imageFiles(names)});
    expect((await refusal(folder)).message).to.include(`in ${folder} or ${join(folder, 'Images')}, found none of 1: x.jpg`); // prettier-ignore
  });

  it('reports progress and waits for the listener', async () => {
    const folder = lay(imageFiles(names));
    const text = csv(...Array<string>(60_000).fill('a.jpg,A dog .'));
    writeFileSync(join(folder, 'a.csv'), text);
    const seen: [number, number][] = [];
    let waiting = false;
    await openDataset(folder, {
      onProgress: async (done, total) => {
        expect(waiting).to.equal(false);
        waiting = true;
        seen.push([done, total]);
        await new Promise((resolve) => setTimeout(resolve, 5));
        waiting = false;
      },
    });
    expect(seen.length).to.be.above(2);
    expect(seen.at(-1)).to.deep.equal([text.length, text.length]);
  });
});
