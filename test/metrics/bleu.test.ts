import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {bleu} from 'captioner/dist/metrics/bleu';
import {projectRoot} from '../support';

interface Case {
  readonly name: string;
  readonly candidates: string[][];
  readonly references: string[][][];
  readonly scores: number[];
}

const fixture = join(projectRoot, 'test', 'fixtures', 'metrics', 'bleu.json');
const cases = JSON.parse(readFileSync(fixture, 'utf8')) as Case[];

describe('BLEU', () => {
  for (const {name, candidates, references, scores} of cases)
    it(`equals pycocoevalcap's: ${name}`, () => {
      const ours = Object.values(bleu(candidates, references));
      for (const [at, score] of scores.entries()) expect(ours[at]).closeTo(score, 1e-6);
    });

  const [first] = cases as [Case];

  it('does not depend on the order of images', () => {
    const reversed = bleu([...first.candidates].reverse(), [...first.references].reverse());
    for (const [name, score] of Object.entries(bleu(first.candidates, first.references)))
      expect(reversed[name as keyof typeof reversed]).closeTo(score, 1e-12);
  });

  it('is 1 where every caption equals a reference', () => {
    const same = first.references.map(([reference]) => reference!);
    for (const score of Object.values(bleu(same, first.references))) expect(score).closeTo(1, 1e-6);
  });

  it('is a number for an empty caption', () => {
    for (const score of Object.values(bleu([[]], [[['a']]]))) expect(score).to.be.within(0, 1);
  });

  it('refuses captions without references', () => {
    expect(() => bleu([['a']], [])).to.throw('expected a set of references for each caption, got 0 for 1');
    expect(() => bleu([['a']], [[]])).to.throw('expected references for caption 0, got none');
    expect(() => bleu([], [])).to.throw('expected a set of references');
  });
});
