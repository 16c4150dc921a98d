import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {gzipSync} from 'node:zlib';
import {readParaphrases} from 'captioner/dist/metrics/meteor/paraphrases';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../../support';

function table(text: string | Buffer): string {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'paraphrase-en.gz'), typeof text === 'string' ? gzipSync(text) : text);
  return folder;
}

function lines(pairs: readonly (readonly [string, string])[]): string {
  return pairs.map(([phrase, other]) => `0.5\n${phrase}\n${other}\n`).join('');
}

describe('METEOR paraphrases', () => {
  const pairs = [
    ['next to', 'beside'],
    ['big', 'large'],
    ['near', 'next to'],
    ['next to', 'by'],
    ['next', 'following'],
    ['to', 'towards'],
  ] as const;

  it('keeps the pairs with a phrase from a reference, in order', async () => {
    const paraphrases = await readParaphrases(table(lines(pairs)), [['dog', 'next', 'to', 'cat']]);
    const found = (words: string): [string, number[]][] => {
      const split = words.split(' ');
      return [...paraphrases.phrasesOf(split)].map(([phrase, {start, length}]) => [
        split.slice(start, start + length).join(' '),
        [...paraphrases.of(phrase)],
      ]);
    };
    const [[, [, by]]] = found('next to').filter(([text]) => text === 'next to') as [[string, number[]]];
    expect(found('next to near beside by big').map(([text, others]) => [text, others.length])).to.deep.equal([
      ['next', 1],
      ['next to', 2],
      ['to', 1],
      ['near', 1],
      ['beside', 0],
      ['by', 0],
    ]);
    expect([...paraphrases.phrasesOf(['by'])]).to.deep.equal([[by, {start: 0, length: 1}]]);
  });

  it('finds pairs across the chunks of decompression', async () => {
    const many = Array.from({length: 100_000}, (_, at): [string, string] => [`phrase ${at}`, `other ${at}`]);
    const wanted = many.filter((_, at) => at % 7 === 0).map(([phrase]) => phrase.split(' '));
    const paraphrases = await readParaphrases(table(lines(many)), wanted);
    for (const words of wanted) expect([...paraphrases.phrasesOf(words)]).to.have.length(1);
    expect([...paraphrases.phrasesOf(['phrase', '1'])]).to.deep.equal([]);
  });

  it('rejects a missing, damaged or truncated table', async () => {
    const read = (folder: string): Promise<unknown> => readParaphrases(folder, [['a']]);
    const missing = await refusal(read(temporaryFolder()));
    expect(missing.code).to.equal('not-found');
    expect(missing.message).to.match(/paraphrase-en\.gz: expected METEOR's paraphrases, found nothing/);
    const cases: [Buffer | string, RegExp][] = [
      [Buffer.from('text'), /incorrect header check/],
      [gzipSync(lines(pairs)).subarray(0, 40), /unexpected end of file/],
      [`${lines(pairs)}0.5\nto`, /the last pair of phrases is cut off after 6 bytes/],
      [Buffer.from(gzipSync('a'.repeat(4_000_000))), /has more than 1048576 bytes/],
    ];
    for (const [content, message] of cases) {
      const error = await refusal(read(table(content)));
      expect(error.code).to.equal('archive');
      expect(error.message).to.match(message);
    }
  });
});
