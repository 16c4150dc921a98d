import {expect} from 'chai';
import {beamSearch, type Decoder, type Hypothesis, special, tf} from 'captioner';
import {close, depth, features, lively, logProbabilitiesOf} from '../decoders/small';

interface Plain {
  tokens: number[];
  sum: number;
}

const size = 12;

/** A direct implementation of diverse beam search: one sentence at a time, each decoded from its beginning. */
function reference(
  model: Decoder,
  image: tf.Tensor2D,
  [beamGroups, width]: readonly [number, number],
  diversityPenalty: number,
  maximumLength: number,
): Plain[][] {
  const score = (sum: number, length: number): number => sum / length ** 0.7;
  const beams = Array.from({length: beamGroups}, () => {
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
          const logs = logProbabilitiesOf(model, image, tokens);
          const sum = logs.reduce((all, value) => all + value, 0);
          const same = chosen.filter((word) => word === tokens.at(-1)).length;
          return {tokens, sum, rating: sum - diversityPenalty * same};
        })
        .sort((a, b) => b.rating - a.rating);
      const ends = (tokens: number[]): boolean => tokens.at(-1) === special.end;
      // Sentences of the maximum length end or are cut off.
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

describe('beamSearch with groups', () => {
  const model = lively(size, 3);
  const images = features(4);
  after(() => {
    model.dispose();
    images.dispose();
  });

  const said = (lists: readonly (readonly Hypothesis[])[]): string[][] =>
    lists.map((list) => list.map(({tokens}) => tokens.join()));

  it('equals a direct implementation of diverse beam search', () => {
    for (const [beamGroups, width] of [
      [2, 2],
      [3, 2],
      [2, 3],
    ] as const)
      for (const diversityPenalty of [0.3, 1.5]) {
        const options = {beams: beamGroups * width, beamGroups, diversityPenalty, maximumLength: 5};
        const found = beamSearch(model, images, options);
        for (const [at, list] of found.entries()) {
          const image = tf.slice(images, [at, 0], [1, depth]);
          const expected = reference(model, image, [beamGroups, width], diversityPenalty, 5).flat();
          const once = new Map(expected.map(({tokens, sum}) => [tokens.join(), sum]));
          expect([...once.keys()]).to.have.members(list.map(({tokens}) => tokens.join()));
          for (const {tokens, logProbabilities} of list) {
            const sum = logProbabilities.reduce((all, value) => all + value, 0);
            expect(sum).closeTo(once.get(tokens.join())!, 1e-4);
          }
          image.dispose();
        }
      }
  });

  it('returns distinct captions sorted by the score of the model', () => {
    for (const list of beamSearch(model, images, {
      beams: 6,
      beamGroups: 3,
      diversityPenalty: 2,
      maximumLength: 6,
    })) {
      expect(new Set(list.map(({tokens}) => tokens.join())).size).to.equal(list.length);
      for (const [k, {logProbabilities, score}] of list.entries()) {
        const sum = logProbabilities.reduce((all, value) => all + value, 0);
        expect(score).closeTo(sum / logProbabilities.length ** 0.7, 1e-6);
        if (k > 0) expect(score).to.be.at.most(list[k - 1]!.score);
      }
    }
  });

  it('is plain beam search with one group, and plain beam search of the group width without a penalty', () => {
    const plain = beamSearch(model, images, {beams: 2, maximumLength: 6});
    const one = beamSearch(model, images, {beams: 2, beamGroups: 1, diversityPenalty: 9, maximumLength: 6});
    const same = beamSearch(model, images, {
      beams: 6,
      beamGroups: 3,
      diversityPenalty: 0,
      maximumLength: 6,
    });
    for (const [at, list] of plain.entries())
      for (const other of [one[at]!, same[at]!]) {
        expect(other).to.have.length(list.length);
        for (const [k, hypothesis] of list.entries()) close(other[k]!, hypothesis);
      }
  });

  it('uses more distinct words with a larger penalty', () => {
    const firsts = (diversityPenalty: number): number => {
      const found = beamSearch(model, images, {
        beams: 4,
        beamGroups: 4,
        diversityPenalty,
        maximumLength: 6,
      });
      return found.reduce((all, list) => all + new Set(list.map(({tokens}) => tokens[0])).size, 0);
    };
    const [none, some, much] = [0, 0.2, 20].map(firsts) as [number, number, number];
    expect(some).to.be.above(none);
    expect(much).to.be.above(some);
    expect(much).to.be.at.least(4 * 3); // at most one group per image ends at once
  });

  it('is independent of batch and order', () => {
    const options = {beams: 4, beamGroups: 2, diversityPenalty: 1, maximumLength: 6};
    const together = said(beamSearch(model, images, options));
    const reversed = tf.reverse(images, 0);
    expect(said(beamSearch(model, reversed, options)).reverse()).to.deep.equal(together);
    for (const [at, list] of together.entries()) {
      const image = tf.slice(images, [at, 0], [1, depth]);
      expect(said(beamSearch(model, image, options))).to.deep.equal([list]);
      image.dispose();
    }
    reversed.dispose();
  });

  it('rejects a number of groups that does not divide the beams', () => {
    expect(() => beamSearch(model, images, {beams: 5, beamGroups: 2}))
      .to.throw('search: `beamGroups`: expected a number that divides `beams`, got 2')
      .with.property('code', 'options');
    expect(() => beamSearch(model, images, {diversityPenalty: -1})).to.throw('`diversityPenalty`');
  });
});
