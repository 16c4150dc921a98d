import {expect} from 'chai';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {permutation} from 'captioner/dist/random/random';
import {readWordVectors, Vocabulary, type WordVectors} from 'captioner';
import {refusal, temporaryFolder} from '../support';

const vocabulary = Vocabulary.from(['a dog', "the dog's café", 'seven 7'], {minimumCount: 1});

describe('Word vectors', () => {
  const folder = temporaryFolder();
  let files = 0;
  const write = (content: string | Buffer, ending = 'txt'): string => {
    const file = join(folder, `vectors-${files++}.${ending}`);
    writeFileSync(file, content);
    return file;
  };
  const read = (content: string | Buffer, ending?: string): Promise<WordVectors> =>
    readWordVectors(write(content, ending), vocabulary);
  const byWord = ({vectors}: WordVectors): Record<string, number[]> =>
    Object.fromEntries([...vectors].map(([id, numbers]) => [vocabulary.word(id), [...numbers]]));

  const glove = "the 0.5 -1 2e-1\ndog 1 2 3\ncat 4 5 6\n's 7 8 9.25\n";
  const expected = {"the": [0.5, -1, Math.fround(0.2)], "dog": [1, 2, 3], "'s": [7, 8, 9.25]}; // prettier-ignore

  it('are read from GloVe files, only those of the vocabulary', async () => {
    const result = await read(glove);
    expect([result.size, result.found]).to.deep.equal([3, 3]);
    expect(byWord(result)).to.deep.equal(expected);
  });

  for (const [how, content, ending] of [
    [
      'from fastText files, with a first line and trailing spaces',
      `4 3\n${glove.replace(/\n/g, ' \n')}`,
      'vec',
    ],
    ['with Windows line ends', `4 3\n${glove}`.replace(/\n/g, '\r\n'), 'txt'],
    ['with tabs', glove.replace(/ /g, '\t'), 'tsv'],
    ['without a final line end, after an empty line', `${glove.slice(0, -1).replace("'s", "\n's")}`, 'txt'],
    ['after a byte order mark', `\ufeff${glove}`, 'txt'],
    ['compressed', gzipSync(glove), 'txt.gz'],
    [
      'compressed in two parts',
      Buffer.concat([gzipSync(glove.slice(0, 20)), gzipSync(glove.slice(20))]),
      'gz',
    ],
  ] as const)
    it(`are read ${how}`, async () => expect(byWord(await read(content, ending))).to.deep.equal(expected));

  it('may have words with spaces, confusable words and letters of any script', async () => {
    const odd =
      '. . . 0.1 0.2 0.3\ndog name@domain.com 9 9 9\ncafé 1 2 3\n… 4 5 6\na\u00a0b 7 7 7\na\u2028b 7 7 7\n';
    const result = await read(odd + glove);
    expect(byWord(result)).to.deep.equal({...expected, café: [1, 2, 3]});
  });

  it('distinguish a numeric first word from a header line', async () => {
    expect(byWord(await read('7 1 2\nseven 3 4\n'))).to.deep.equal({7: [1, 2], seven: [3, 4]});
    expect(byWord(await read('2 2\n7 1 2\nseven 3 4\n'))).to.deep.equal({7: [1, 2], seven: [3, 4]});
  });

  it('are the first of a repeated word', async () => {
    expect(byWord(await read('dog 1 2\ndog 3 4\nDog 5 6\n'))).to.deep.equal({dog: [1, 2]});
  });

  it('are found regardless of chunk boundaries', async () => {
    const size = 50;
    const random = permutation(12_000 * size, 1, 0);
    const words = ['the', 'café', "'s", 'dog', 'seven'];
    const lines = Array.from({length: 12_000}, (_, at) => {
      const word = at % 2000 === 1000 ? words[(at - 1000) / 2000] : undefined;
      const numbers = [...random.subarray(at * size, (at + 1) * size)].map((n) => n / 1000);
      return {word: word ?? `ö${at}`, numbers};
    });
    const text = lines.map(({word, numbers}) => `${word} ${numbers.join(' ')}\n`).join('');
    expect(text.length).to.be.above(3 * 2 ** 20);
    const kept = lines.filter(({word}) => words.includes(word));
    const naive = Object.fromEntries(kept.map(({word, numbers}) => [word, [...Float32Array.from(numbers)]]));
    for (const result of [await read(text), await read(gzipSync(text), 'gz')])
      expect(byWord(result)).to.deep.equal(naive);
  });

  for (const [what, content, message] of [
    ['too few numbers', `${glove}house 1 2\n`, /vectors-\d+\.txt line 5: expected 3 numbers, got 2$/],
    ['too many numbers', `${glove}house 1 2 3 4\n`, /line 5: expected 3 numbers, got 4$/],
    ['a truncated line', glove.slice(0, -7), /line 4: expected 3 numbers, got 1$/],
    ['a word without numbers', `${glove}house\n`, /line 5: expected 3 numbers, got 0$/],
    ['another size than its header', `4 5\n${glove}`, /line 2: expected 5 numbers, got 3$/],
    [
      'a field that is not a number',
      glove.replace('2 3', '2 x3'),
      /line 2: expected numbers for "dog", got "x3"$/,
    ],
    ['numbers that are too large', glove.replace('2 3', '2 1e39'), /line 2: .*, got "1e39"$/],
    ['NaN', glove.replace('2 3', 'nan 3'), /line 2: .*, got "nan"$/],
    ['a damaged first line', glove.replace('0.5 -1', '0.5 -x'), /line 1: .*, got "-x"$/],
    ['text', 'the dog\nand the cat\n', /line 1: expected a word and its numbers, got "the dog"$/],
    [
      'none of the words',
      'house 1 2\ncat 3 4\n',
      /\.txt: expected vectors of words in the vocabulary, found none$/,
    ],
    ['no content', '', /expected vectors of words in the vocabulary, found none$/],
    [
      'no line ends',
      Buffer.alloc(3 * 2 ** 20, 'x'),
      /line 1: expected a line of text, got more than 1 MB without a line end$/,
    ],
  ] as const)
    // prettier-ignore
    it(`are refused when a file has ${what}`, async () => {
      const error = await refusal(read(content));
      expect(error.message).to.match(message);
      expect(error.code).to.equal('vectors');
    });

  it('are refused if the file is missing or its compression damaged', async () => {
    const missing = await refusal(readWordVectors(join(folder, 'none.txt'), vocabulary));
    expect(missing.code).to.equal('not-found');
    expect(missing.message).to.include('none.txt: expected word vectors, found nothing');
    for (const damaged of [gzipSync(glove).subarray(0, -6), Buffer.from(glove)]) {
      const error = await refusal(read(damaged, 'gz'));
      expect(error.code, error.message).to.equal('archive');
    }
  });
});
