import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {bleu} from 'captioner/dist/metrics/bleu';
import {ciderD} from 'captioner/dist/metrics/cider';
import {DocumentFrequencies, type MetricStatistics, ptbTokenize} from 'captioner';
import {corpusScores, imageScores, type Words} from 'captioner/dist/metrics/statistics';
import {rougeL} from 'captioner/dist/metrics/rouge';
import {perImage, totals} from 'captioner/dist/metrics/scorer';
import {expect} from 'chai';
import {flickr8k, projectRoot} from '../support';

interface Scores {
  readonly corpus: Readonly<Record<string, number>>;
  readonly images: Readonly<Record<string, number[]>>;
}

interface Case extends Scores {
  readonly name: string;
  readonly candidates: string[][];
  readonly references: string[][][];
}

const file = join(projectRoot, 'test', 'fixtures', 'metrics', 'scores.json');
const {cases, flickr8k: expected} = JSON.parse(readFileSync(file, 'utf8')) as {
  cases: Case[];
  flickr8k: Scores;
};

const cider = (candidates: readonly Words[], references: readonly (readonly Words[])[]): MetricStatistics =>
  ciderD(candidates, references, DocumentFrequencies.of(references));
const metrics = {'BLEU': bleu, 'ROUGE-L': rougeL, 'CIDEr-D': cider};
const all = (candidates: readonly Words[], references: readonly (readonly Words[])[]): MetricStatistics[] =>
  Object.values(metrics).map((metric) => metric(candidates, references));

function expectSame(measured: readonly MetricStatistics[], {corpus, images}: Scores): void {
  const whole = totals(measured);
  expect(Object.keys(whole)).to.deep.equal(Object.keys(corpus));
  for (const [name, score] of Object.entries(corpus)) expect(whole[name], name).closeTo(score, 1e-6);
  for (const [at, own] of perImage(measured).entries())
    for (const [name, score] of Object.entries(own))
      expect(score, `${name} of image ${at}`).closeTo(images[name]![at]!, 1e-6);
}

describe('BLEU, ROUGE-L and CIDEr-D', () => {
  for (const {name, candidates, references, ...scores} of cases)
    it(`equal pycocoevalcap's, per corpus and image: ${name}`, () =>
      expectSame(all(candidates, references), scores));

  it("equal pycocoevalcap's on captions of Flickr8k", function () {
    const folder = flickr8k();
    if (folder === undefined) return this.skip();
    const captions = new Map<string, string[][]>();
    for (const line of readFileSync(join(folder, 'Flickr8k.token.txt'), 'utf8').trimEnd().split('\n')) {
      const [name, caption] = line.split('\t') as [string, string];
      const image = name.split('#')[0]!;
      captions.set(image, [...(captions.get(image) ?? []), ptbTokenize(caption)]);
    }
    const own = [...captions.values()].slice(0, 1000);
    expectSame(
      all(
        own.map(([first]) => first!),
        own.map(([, ...others]) => others),
      ),
      expected,
    );
  });

  const [close] = cases as [Case];

  it('do not depend on the order of images', () => {
    const reversed = totals(all([...close.candidates].reverse(), [...close.references].reverse()));
    for (const [name, score] of Object.entries(totals(all(close.candidates, close.references))))
      expect(reversed[name], name).closeTo(score, 1e-12);
  });

  it('do not depend on the order of references', () => {
    const turned = close.references.map((own) => [...own].reverse());
    for (const [name, score] of Object.entries(totals(all(close.candidates, turned))))
      expect(score, name).closeTo(close.corpus[name]!, 1e-12);
  });

  it('are 1 if every caption equals a reference, and 10 for CIDEr-D with one reference', () => {
    const same = close.references.map(([reference]) => reference!);
    const {'CIDEr-D': _, ...others} = totals(all(same, close.references));
    for (const score of Object.values(others)) expect(score).closeTo(1, 1e-6);
    const alone = same.map((reference) => [reference]);
    const long = same.filter((words) => words.length >= 4);
    const frequencies = DocumentFrequencies.of(alone);
    for (const {'CIDEr-D': score} of imageScores(
      ciderD(
        long,
        long.map((words) => [words]),
        frequencies,
      ),
    ))
      expect(score).closeTo(10, 1e-9);
  });

  it('are finite for any captions', () => {
    const odd: string[][] = [[], [''], ['a'], ['\u{1f600}'], ['\xa0'], Array<string>(300).fill('a')];
    for (const candidate of odd)
      for (const reference of odd)
        for (const measured of all([candidate, candidate], [[reference], [reference, candidate]]))
          for (const score of [
            ...Object.values(corpusScores(measured)),
            ...imageScores(measured).flatMap((own) => Object.values(own)),
          ])
            expect(score).to.be.within(0, 10.000001);
  });

  for (const [name, metric] of Object.entries(metrics))
    it(`reject captions without references: ${name}`, () => {
      expect(() => metric([['a']], [])).to.throw('got 1 captions and 0 sets');
      expect(() => metric([['a']], [[]])).to.throw('Expected references for caption 0, got none');
      expect(() => metric([], [])).to.throw('got 0 captions');
    });
});
