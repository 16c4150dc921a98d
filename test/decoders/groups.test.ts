import {expect} from 'chai';
import type {Decoder} from 'captioner/dist/decoders/decoder';
import {beamSearch, type Hypothesis} from 'captioner/dist/decoders/search';
import {tf} from 'captioner/dist/runtime/native';
import {special} from 'captioner/dist/text/vocabulary';
import {close, depth, features, lively, logProbabilitiesOf} from './small';

interface Plain {
  tokens: number[];
  sum: number;
}

const size = 12;

/** Diverse beam search as the paper has it, a sentence at a time and each from its beginning. */
function reference(
  model: Decoder,
  picture: tf.Tensor2D,
  [groups, width]: readonly [number, number],
  diversity: number,
  maximumLength: number,
): Plain[][] {
  const score = (sum: number, length: number): number => sum / length ** 0.7;
  const beams = Array.from({length: groups}, () => {
    return {open: [{tokens: [], sum: 0}] as Plain[], done: [] as (Plain & {score: number})[], over: false};
  });
  const words = [special.end, ...Array.from({length: size - 4}, (_, at) => at + 4)];
  for (let length = 1; length <= maximumLength + 1; length++) {
    const last = length > maximumLength;
    const chosen: number[] = [];
    for (const beam of beams.filter(({over}) => !over)) {
      const ranked = beam.open
        .flatMap(({tokens}) => words.map((word) => [...tokens, word]))
        .map((tokens) => {
          const logs = logProbabilitiesOf(model, picture, tokens);
          const sum = logs.reduce((all, value) => all + value, 0);
          const same = chosen.filter((word) => word === tokens.at(-1)).length;
          return {tokens, sum, rating: sum - diversity * same};
        })
        .sort((a, b) => b.rating - a.rating);
      const ends = (tokens: number[]): boolean => tokens.at(-1) === special.end;
      // After the longest, sentences end or are cut off.
      const open = last ? [] : ranked.filter(({tokens}) => !ends(tokens)).slice(0, width);
      for (const {tokens, sum} of ranked.slice(0, width))
        if (ends(tokens)) beam.done.push({tokens: tokens.slice(0, -1), sum, score: score(sum, length)});
      beam.done.sort((a, b) => b.score - a.score);
      const worst = beam.done[width - 1]?.score ?? -Infinity;
      const hope = Math.max(...open.map(({sum}) => score(sum, maximumLength + 1)));
      beam.over = last || hope <= worst;
      if (beam.over && beam.done.length === 0)
        beam.done = beam.open.map(({tokens, sum}) => ({tokens, sum, score: score(sum, length - 1)}));
      beam.open = open;
      if (!beam.over) chosen.push(...open.map(({tokens}) => tokens.at(-1)!));
    }
  }
  return beams.map(({done}) => done.slice(0, width));
}

describe('beamSearch in groups', () => {
  const model = lively(size, 3);
  const pictures = features(4);
  after(() => {
    model.dispose();
    pictures.dispose();
  });

  const said = (lists: readonly (readonly Hypothesis[])[]): string[][] =>
    lists.map((list) => list.map(({tokens}) => tokens.join()));

  it('finds what diverse beam search finds, written the plain way', () => {
    for (const [groups, width] of [
      [2, 2],
      [3, 2],
      [2, 3],
    ] as const)
      for (const diversity of [0.3, 1.5]) {
        const options = {beams: groups * width, groups, diversity, maximumLength: 5};
        const found = beamSearch(model, pictures, options);
        for (const [at, list] of found.entries()) {
          const picture = tf.slice(pictures, [at, 0], [1, depth]);
          const expected = reference(model, picture, [groups, width], diversity, 5).flat();
          const once = new Map(expected.map(({tokens, sum}) => [tokens.join(), sum]));
          expect([...once.keys()]).to.have.members(list.map(({tokens}) => tokens.join()));
          for (const {tokens, logProbabilities} of list) {
            const sum = logProbabilities.reduce((all, value) => all + value, 0);
            expect(sum).closeTo(once.get(tokens.join())!, 1e-4);
          }
          picture.dispose();
        }
      }
  });

  it('gives the scores of the model, sorted, and each caption once', () => {
    for (const list of beamSearch(model, pictures, {beams: 6, groups: 3, diversity: 2, maximumLength: 6})) {
      expect(new Set(list.map(({tokens}) => tokens.join())).size).to.equal(list.length);
      for (const [k, {logProbabilities, score}] of list.entries()) {
        const sum = logProbabilities.reduce((all, value) => all + value, 0);
        expect(score).closeTo(sum / logProbabilities.length ** 0.7, 1e-6);
        if (k > 0) expect(score).to.be.at.most(list[k - 1]!.score);
      }
    }
  });

  it('is a plain beam with one group, and one of a group’s width where groups do not shun each other', () => {
    const plain = beamSearch(model, pictures, {beams: 2, maximumLength: 6});
    const one = beamSearch(model, pictures, {beams: 2, groups: 1, diversity: 9, maximumLength: 6});
    const same = beamSearch(model, pictures, {beams: 6, groups: 3, diversity: 0, maximumLength: 6});
    for (const [at, list] of plain.entries())
      for (const other of [one[at]!, same[at]!]) {
        expect(other).to.have.length(list.length);
        for (const [k, hypothesis] of list.entries()) close(other[k]!, hypothesis);
      }
  });

  it('says more different words the more groups shun each other', () => {
    const firsts = (diversity: number): number => {
      const found = beamSearch(model, pictures, {beams: 4, groups: 4, diversity, maximumLength: 6});
      return found.reduce((all, list) => all + new Set(list.map(({tokens}) => tokens[0])).size, 0);
    };
    const [none, some, much] = [0, 0.2, 20].map(firsts) as [number, number, number];
    expect(some).to.be.above(none);
    expect(much).to.be.above(some);
    expect(much).to.be.at.least(4 * 3); // in each picture one group at most ends at once
  });

  it('gives each picture the same captions in any batch and order', () => {
    const options = {beams: 4, groups: 2, diversity: 1, maximumLength: 6};
    const together = said(beamSearch(model, pictures, options));
    const reversed = tf.reverse(pictures, 0);
    expect(said(beamSearch(model, reversed, options)).reverse()).to.deep.equal(together);
    for (const [at, list] of together.entries()) {
      const picture = tf.slice(pictures, [at, 0], [1, depth]);
      expect(said(beamSearch(model, picture, options))).to.deep.equal([list]);
      picture.dispose();
    }
    reversed.dispose();
  });

  it('refuses groups that do not divide the beams', () => {
    expect(() => beamSearch(model, pictures, {beams: 5, groups: 2}))
      .to.throw('search: `groups`: expected a number that divides `beams`, got 2')
      .with.property('code', 'options');
    expect(() => beamSearch(model, pictures, {diversity: -1})).to.throw('`diversity`');
  });
});
