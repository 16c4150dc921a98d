/** Parsers whose work grows with their input, not with its square: work is counted, not timed. */
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {karpathyCaptions} from 'captioner/dist/datasets/formats/coco';
import {jsonArray, jsonLines} from 'captioner/dist/datasets/formats/json-lines';
import {type CaptionLine, type Format} from 'captioner/dist/datasets/formats/read-captions';
import {tableCaptions} from 'captioner/dist/datasets/formats/csv';
import {pairCaptions} from 'captioner/dist/metrics/predictions';
import {expect} from 'chai';
import Papa from 'papaparse';
import {temporaryFolder} from '../support';

const file = join(temporaryFolder(), 'captions.csv');

/** Reads a table, and counts the characters that Papa is given. */
async function parsed(lines: readonly string[]): Promise<{found: (CaptionLine | string)[]; work: number}> {
  writeFileSync(file, ['image,caption', ...lines].join('\n'));
  const {parse} = Papa;
  let work = 0;
  const counting = (text: string, ...rest: unknown[]): unknown => {
    work += text.length;
    return (parse as (...args: unknown[]) => unknown)(text, ...rest);
  };
  Object.assign(Papa, {parse: counting});
  try {
    const found: (CaptionLine | string)[] = [];
    await tableCaptions(file, (_, one) => void found.push(one));
    return {found, work};
  } finally {
    Object.assign(Papa, {parse});
  }
}

describe('A table of captions', function () {
  this.timeout(60_000);
  const text = 'a'.repeat(90);
  const patterns: Readonly<Record<string, string>> = {
    'quotes that close and open again': `${text}","${text}`,
    'a column too many in quotes': `"${text}","${text}","${text}`,
    'a quote that is never closed': `a.jpg,"${text}`,
    'doubled quotes': `a.jpg,"${text}""${text}""`,
    'only quotes': '"'.repeat(200),
    'an odd number of quotes': '"'.repeat(201),
    'quotes and blanks': '" "," ',
    'quotes in the middle': `a.jpg,${text}"${text}`,
    'empty quotes': '"","',
  };
  for (const [what, line] of Object.entries(patterns))
    it(`takes work that grows with its length: ${what}`, async () => {
      const [small, large] = [
        await parsed(Array<string>(200).fill(line)),
        await parsed(Array<string>(1600).fill(line)),
      ];
      expect(large.work).to.be.at.most(8 * 1.5 * small.work + 1000);
      expect(large.work, 'a few times its length').to.be.at.most(40 * 1600 * line.length);
    });

  it('is read as before', async () => {
    const {found} = await parsed([
      'a.jpg,"one ""word"" here"',
      'b.jpg,"over\nthree ""\nlines"',
      '"c.jpg","x","y"',
      'd.jpg,"never closed',
      'e.jpg,plain',
      '"",""',
      'f.jpg,"a, b"',
    ]);
    expect(
      found.map((one) => (typeof one === 'string' ? one : `${one.image}: ${one.caption}`)),
    ).to.deep.equal([
      'a.jpg: one "word" here',
      'b.jpg: over\nthree "\nlines',
      'expected 2 columns, got 3; put captions that contain the separator in quotes',
      'expected a closing quote where the column ends, found none',
      'e.jpg: plain',
      'f.jpg: a, b',
    ]);
  });
});

describe('A caption file', () => {
  /** Reads a file of one format, whatever is in it. */
  async function found(format: Format, content: string): Promise<(CaptionLine | string)[]> {
    writeFileSync(file, content);
    const all: (CaptionLine | string)[] = [];
    await format(file, (_, one) => void all.push(one));
    return all;
  }

  it('may hold lists of texts that do not end, which are texts', async () => {
    for (const item of [`'a'  `, `"a" `, `'a'  ,  `, `'a'\t\t`])
      for (const open of ['[', '(', '{']) {
        const caption = open + item.repeat(300).trimEnd();
        expect(await found(tableCaptions, `image|caption\na.jpg|${caption}`)).to.have.length(1);
        const [read] = await found(jsonLines, JSON.stringify({image: 'a.jpg', caption}));
        expect(read).to.deep.include({image: 'a.jpg', caption});
      }
    for (const list of [`['a' 'b']`, `["a", "b"]`, `('a',  'b',)`, `{'a' ,'b'}`, `[ 'a'\n 'b' ]`]) {
      const read = await found(jsonLines, JSON.stringify({image: 'a.jpg', caption: list}));
      expect(
        read.map((one) => (typeof one === 'string' ? one : one.caption)),
        list,
      ).to.deep.equal(['a', 'b']);
    }
  });

  it('may name folders of slashes, and files of another type', async () => {
    const karpathy = (fields: object): string =>
      JSON.stringify({images: [{filename: 'a.jpg', split: 'train', sentences: [{raw: 'a dog'}], ...fields}]});
    const format = karpathyCaptions(() => undefined);
    expect(await found(format, karpathy({filepath: `${'/'.repeat(300_000)}x`}))).to.have.length(1);
    for (const filename of [{toString: null, valueOf: null}, [[]], 7])
      expect(await found(format, karpathy({filename, filepath: 'x'}))).to.deep.equal([
        'expected a filename and sentences, got another form',
      ]);
  });

  it('may hold lists in lists beyond the stack', async () => {
    const deep = '['.repeat(20_000) + ']'.repeat(20_000);
    const [reason] = await found(jsonArray, `[${deep}]`);
    expect(reason).to.match(/^expected a JSON object, got a list/);
    expect(await found(jsonLines, `{"image":"a.jpg","caption":${deep}}`)).to.have.length(1);
  });
});

describe('Captions that are scored', () => {
  it('have a limit of length, as in datasets', () => {
    const long = 'a '.repeat(2000);
    for (const text of [long, '\ud800'.repeat(100_000), '👩‍👩‍👧'.repeat(20_000)]) {
      expect(() => pairCaptions([{image_id: 'a', caption: text}], {a: ['x']})).to.throw(/candidates: .*2000/);
      expect(() => pairCaptions([{image_id: 'a', caption: 'x'}], {a: [text]})).to.throw(/image a: .*2000/);
      const annotations = [{image_id: 'a', caption: text}];
      expect(() => pairCaptions([{image_id: 'a', caption: 'x'}], {annotations})).to.throw(/2000/);
    }
  });

  it('are of any image id', () => {
    for (const id of ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'annotations', '']) {
      const references = JSON.parse(`{${JSON.stringify(id)}: ["a dog"]}`) as unknown;
      if (id === 'annotations') continue; // the name of COCO's list
      expect(pairCaptions([{image_id: id, caption: 'x'}], references).pairs).to.deep.equal([
        {id, candidate: 'x', references: ['a dog']},
      ]);
    }
    expect(({} as Record<string, unknown>)['0']).to.equal(undefined);
  });

  it('are joined in linear time, however many one image has', () => {
    const annotations = Array.from({length: 200_000}, (_, at) => ({image_id: 1, caption: `c ${at}`}));
    const [pair] = pairCaptions([{image_id: 1, caption: 'x'}], {annotations}).pairs;
    expect(pair!.references).to.have.length(200_000);
  });
});
