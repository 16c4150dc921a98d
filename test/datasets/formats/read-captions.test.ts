import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {readCaptions, type CaptionLine, type Format} from 'captioner/dist/datasets/formats/read-captions';
import {kaggleCaptions, tokenCaptions} from 'captioner/dist/datasets/formats/flickr';
import type {Rejection} from 'captioner';
import {expect} from 'chai';
import {temporaryFolder} from '../../support';
import {refused} from '../lay';

const folder = temporaryFolder();
const file = join(folder, 'captions.txt');

interface Read {
  lines: CaptionLine[];
  rejected: Rejection[];
}

async function read(format: Format, path: string = file): Promise<Read> {
  const lines: CaptionLine[] = [];
  const {rejected} = await readCaptions(path, format, (line) => void lines.push(line));
  return {lines, rejected: [...rejected]};
}

function kaggle(lines: readonly string[], good = 0): Promise<Read> {
  const more = Array.from({length: good}, (_, k) => `more-${k}.jpg,A dog runs .`);
  writeFileSync(file, ['image,caption', ...lines, ...more, ''].join('\n'));
  return read(kaggleCaptions);
}

function token(lines: readonly string[], good = 0): Promise<Read> {
  const more = Array.from({length: good}, (_, k) => `more-${k}.jpg#0\tA dog runs .`);
  writeFileSync(file, [...lines, ...more, ''].join('\n'));
  return read(tokenCaptions);
}

describe('kaggleCaptions', () => {
  it('reads plain lines, quoted commas and doubled quotes', async () => {
    const {lines, rejected} = await kaggle([
      'a.jpg,A dog runs .',
      'a.jpg,"A dog , wet , runs ."',
      'b.jpg,"A sign says ""stop"" ."',
      '"c,d.jpg","A cat ."',
    ]);
    expect(rejected).to.deep.equal([]);
    expect(lines.map(({image, caption}) => `${image}: ${caption}`)).to.deep.equal([
      'a.jpg: A dog runs .',
      'a.jpg: A dog , wet , runs .',
      'b.jpg: A sign says "stop" .',
      'c,d.jpg: A cat .',
    ]);
  });

  it('splits unquoted lines at the first comma only', async () => {
    const {lines} = await kaggle(['a.jpg,A dog , wet , says "woof", and runs']);
    expect(lines[0]!.caption).to.equal('A dog , wet , says "woof", and runs');
  });

  it('loses only one caption to a quote that is never closed', async () => {
    const {lines, rejected} = await kaggle(['a.jpg,"A dog runs', 'b.jpg,A cat .'], 200);
    expect(lines).to.have.length(201);
    expect(rejected).to.deep.equal([
      {file: 'captions.txt', line: 2, reason: 'expected the quotes to end where the column ends'},
    ]);
  });

  it('accepts or rejects every line, with its number and a reason', async () => {
    const bad = [
      'no comma here',
      'a.jpg,',
      ',A caption without an image',
      '../a.jpg,A dog',
      'a.jpg,"A dog" runs',
      '',
      `a.jpg,${'dog '.repeat(1000)}`,
      '"a.jpg',
    ];
    const {lines, rejected} = await kaggle(bad, 1000);
    expect(lines.length + rejected.length).to.equal(bad.length + 1000);
    expect(rejected.map(({line}) => line)).to.deep.equal([2, 3, 4, 5, 6, 7, 8, 9]);
    expect(rejected.map(({reason}) => reason)).to.deep.equal([
      'expected "image,caption", got 1 column',
      'the caption is empty',
      'expected "image,caption", got 1 column',
      `expected the name of an image in the dataset's folder, got "../a.jpg"`,
      'expected the quotes to end where the column ends',
      'the line is empty',
      'expected a caption of at most 2000 characters, got 4000',
      'expected "image,caption", got 1 column',
    ]);
  });

  it('reads files with a byte order mark, Windows line ends and trailing empty lines', async () => {
    writeFileSync(file, '\uFEFFimage,caption\r\na.jpg,A dog .\r\nb.jpg,"A cat , black ."\r\n\r\n\r\n');
    const {lines, rejected} = await read(kaggleCaptions);
    expect(lines.map(({caption}) => caption)).to.deep.equal(['A dog .', 'A cat , black .']);
    expect(rejected).to.deep.equal([]);
  });

  it('normalises text and removes control characters', async () => {
    const {lines} = await kaggle(['a.jpg,A cafe\u0301 \u202Eand\u0000 a\u200B dog\u0007']);
    expect(lines[0]!.caption).to.equal('A caf\u00e9 and a dog');
  });

  it('keeps words that are property names of objects', async () => {
    const {lines} = await kaggle(['__proto__,constructor __proto__ toString']);
    expect(lines).to.deep.equal([{image: '__proto__', caption: 'constructor __proto__ toString'}]);
  });

  it('rejects bytes that are not UTF-8', async () => {
    const text = ['image,caption', 'a.jpg,A caf\u00e9', ...Array<string>(200).fill('b.jpg,A dog')].join('\n');
    writeFileSync(file, Buffer.from(text, 'latin1'));
    expect((await read(kaggleCaptions)).rejected).to.deep.equal([
      {file: 'captions.txt', line: 2, reason: 'expected text in UTF-8, got other bytes'},
    ]);
  });

  it('fails above one bad line in a hundred and quotes some', async () => {
    expect((await kaggle(['no comma'], 99)).rejected).to.have.length(1);
    const error = await refused(kaggle(['no comma', 'a.jpg,', 'no', 'no'], 296));
    expect(error.message).to.match(
      /got 4 of 300 \(line 2: expected "image,caption", got 1 column; line 3: the caption is empty; line 4: .*; …\)/,
    );
    expect(error.code).to.equal('captions');
  });

  it('requires the header, so that no caption is mistaken for it', async () => {
    writeFileSync(file, 'a.jpg,A dog .\n');
    const error = await refused(read(kaggleCaptions));
    expect(error.message).to.include('line 1: expected the header "image,caption", got "a.jpg,A dog ."');
    expect(error.code).to.equal('captions');
  });

  it('reports an unreadable file', async () => {
    for (const path of [folder, join(folder, 'nowhere')]) {
      const error = await refused(read(kaggleCaptions, path));
      expect(error.message).to.match(/cannot be read|expected a regular file/);
      expect(error.code).to.equal('captions');
    }
  });
});

describe('tokenCaptions', () => {
  it('reads names and captions with literal quotes and commas', async () => {
    const {lines} = await token(['a.jpg#0\tA "dog , runs .', 'a.jpg#1\tA dog', 'b.jpg.1#0\t"A cat']);
    expect(lines).to.deep.equal([
      {image: 'a.jpg', caption: 'A "dog , runs .'},
      {image: 'a.jpg', caption: 'A dog'},
      {image: 'b.jpg.1', caption: '"A cat'},
    ]);
  });

  it('accepts or rejects every line, with its number and a reason', async () => {
    const {lines, rejected} = await token(['a.jpg#0 A dog', 'a.jpg\tA dog', 'a.jpg#1\t \u202E'], 300);
    expect(lines.length + rejected.length).to.equal(303);
    expect(rejected).to.deep.equal([
      {file: 'captions.txt', line: 1, reason: 'expected "name.jpg#n", a tab and a caption, got no tab'},
      {file: 'captions.txt', line: 2, reason: 'expected "name.jpg#n" before the tab, got "a.jpg"'},
      {file: 'captions.txt', line: 3, reason: 'the caption is empty'},
    ]);
  });
});
