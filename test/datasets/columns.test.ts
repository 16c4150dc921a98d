import {expect} from 'chai';
import {CaptionColumn} from 'captioner/dist/datasets/columns/caption-column';
import {CaptionLists} from 'captioner/dist/datasets/columns/caption-lists';
import {Column} from 'captioner/dist/datasets/columns/column';
import {NameIndex} from 'captioner/dist/datasets/columns/name-index';
import {Runs} from 'captioner/dist/datasets/columns/runs';
import {TextColumn} from 'captioner/dist/datasets/columns/text-column';
import {SeededRandom} from 'captioner/dist/random/random';

const odd = [
  '',
  ' ',
  '  two  spaces ',
  'a dog',
  'ein süßer Hund',
  'Пёс 🐕 на траве',
  'a lone \ud800 surrogate',
  '\u0000\u00ff\u0100',
  '一只狗在草地上奔跑',
  'x'.repeat(70_000),
  '语'.repeat(70_000),
];

describe('Columns', () => {
  it('keep numbers as an array does, over many pages', () => {
    const column = new Column((size) => new Float64Array(size));
    const random = new SeededRandom(1);
    const expected = Array.from({length: 200_000}, () => random.next());
    for (const value of expected) column.push(value);
    for (let at = 0; at < expected.length; at += 7) column.set(at, (expected[at] = -at));
    expect(column.length).to.equal(expected.length);
    expect(expected.every((value, at) => column.at(at) === value)).to.equal(true);
  });

  it('keep lists as arrays do, over many pages and longer than a page', () => {
    const runs = new Runs<Uint16Array>((size) => new Uint16Array(size));
    const random = new SeededRandom(2);
    const long = [0, 3_000_000, 0, 1 << 20, 1];
    const lengths = [...long, ...Array.from({length: 60_000}, () => Math.floor(random.between(0, 90)))];
    for (const [at, length] of lengths.entries()) runs.append(length).fill(at % 0xffff);
    expect(runs.length).to.equal(lengths.length);
    const order = Array.from(lengths.keys(), () => Math.floor(random.between(0, lengths.length)));
    for (const at of [...order, ...lengths.keys()]) {
      const found = runs.at(at);
      if (found.length !== lengths[at] || !found.every((value) => value === at % 0xffff))
        expect.fail(`list ${at} of ${lengths[at]}: got ${found.length}`);
    }
  });

  for (const [name, make] of [
    ['strings', () => new TextColumn()],
    ['captions', () => new CaptionColumn()],
  ] as const)
    it(`give back ${name} as they were`, () => {
      const column = make();
      for (const text of odd) column.push(text);
      expect(odd.map((_, at) => column.at(at))).to.deep.equal(odd);
    });

  it('give back captions of more different words than have numbers', () => {
    const column = new CaptionColumn();
    const captions = Array.from({length: 40_000}, (_, at) => `word${at} of wörter${at} ${at}`);
    for (const caption of captions) column.push(caption);
    expect(captions.every((caption, at) => column.at(at) === caption)).to.equal(true);
  });

  it('keep lists of captions that grow alternately apart', () => {
    const lists = new CaptionLists();
    const expected = Array.from({length: 50}, (): string[] => []);
    const last = expected.map(() => -1);
    const random = new SeededRandom(3);
    for (let at = 0; at < 2000; at++) {
      const list = Math.floor(random.between(0, 49));
      expected[list]!.push(`caption ${at}`);
      last[list] = lists.append(`caption ${at}`, last[list]!);
    }
    expect(last.map((at) => lists.list(at))).to.deep.equal(expected);
    expect(last.map((at) => lists.count(at))).to.deep.equal(expected.map(({length}) => length));
    expect(lists.length).to.equal(2000);
  });

  it('find names as a Map does', () => {
    const names = [...odd.slice(0, 9), ...Array.from({length: 30_000}, (_, at) => `${at % 100}/${at}.jpg`)];
    const index = new NameIndex((place) => names[place]!);
    expect(index.get('a')).to.equal(undefined);
    for (const [place, name] of names.entries()) index.add(name, place);
    expect(names.every((name, place) => index.get(name) === place)).to.equal(true);
    expect(['a', 'constructor', '0/0.jpg '].map((name) => index.get(name))).to.deep.equal([
      undefined,
      undefined,
      undefined,
    ]);
  });
});
