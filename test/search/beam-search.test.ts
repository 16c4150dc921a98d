import {expect} from 'chai';
import {beamSearch, createDecoder, type Decoder, greedySearch, type Hypothesis, special, tf} from 'captioner';
import {beamSearchSteps} from 'captioner/dist/search/beam-search';
import {close, depth, features, lively, stubborn} from '../decoders/small';

const vocabulary = 7;

/** All sentences up to a length, scored by teacher forcing: the result of exhaustive search. */
function exhaustive(
  model: Decoder,
  image: tf.Tensor2D,
  maximumLength: number,
  lengthPenalty: number,
): {tokens: number[]; score: number} {
  const words = Array.from({length: vocabulary}, (_, id) => id).filter((id) => id > special.unknown);
  let open: number[][] = [[]];
  let best = {tokens: [] as number[], score: -Infinity};
  for (let length = 0; length <= maximumLength; length++) {
    for (const tokens of open) {
      const inputs = [special.start, ...tokens];
      const sum = tf.tidy(() => {
        const logits = model.logits(image, tf.tensor2d([inputs], [1, inputs.length], 'int32'));
        const log = tf.logSoftmax(logits).squeeze<tf.Tensor2D>([0]).arraySync();
        return [...tokens, special.end].reduce((all, id, at) => all + log[at]![id]!, 0);
      });
      const score = sum / (tokens.length + 1) ** lengthPenalty;
      if (score > best.score) best = {tokens, score};
    }
    open = open.flatMap((tokens) => words.map((word) => [...tokens, word]));
  }
  return best;
}

describe('beamSearch', () => {
  const model = lively(vocabulary);
  after(() => model.dispose());

  it('equals exhaustive search if the beam is wide enough', () => {
    for (const lengthPenalty of [0, 0.7, 1]) {
      const images = features(4);
      const found = beamSearch(model, images, {beams: 100, maximumLength: 3, lengthPenalty});
      for (const [at, list] of found.entries()) {
        const best = tf.tidy(() =>
          exhaustive(model, tf.slice(images, [at, 0], [1, depth]), 3, lengthPenalty),
        );
        const finished = list.find((hypothesis) => hypothesis.finished)!;
        expect(finished.tokens).to.deep.equal(best.tokens);
        expect(finished.score).closeTo(best.score, 1e-4);
      }
      images.dispose();
    }
  });

  it('begins with a few images at a time, with the same result, and frees them when it is given up', () => {
    const grids = createDecoder('attention', vocabulary, depth, {units: 8, embedding: 5, attention: 6});
    const images = tf.randomNormal<tf.Rank.R3>([13, 400, depth], 0, 1, 'float32', 9);
    const before = tf.memory().numTensors;
    const found = beamSearch(grids, images, {beams: 2, maximumLength: 5});
    for (const [at, list] of found.entries()) {
      const image = tf.slice(images, [at, 0, 0], [1, 400, depth]);
      const [alone] = beamSearch(grids, image, {beams: 2, maximumLength: 5});
      for (const [k, hypothesis] of list.entries()) close(hypothesis, alone![k]!);
      image.dispose();
    }
    for (const pauses of [1, 3, 8]) {
      const steps = beamSearchSteps(grids, images, {beams: 2, maximumLength: 5});
      for (let k = 0; k < pauses; k++) expect(steps.next().done).to.equal(false);
      steps.return([]);
      expect(tf.memory().numTensors).to.equal(before);
    }
    images.dispose();
    grids.dispose();
  });

  it('is greedy search with one beam', () => {
    const images = features(20);
    const beams = beamSearch(model, images, {beams: 1, maximumLength: 8}).map(([best]) => best!);
    for (const [at, hypothesis] of greedySearch(model, images, {maximumLength: 8}).entries()) {
      close(hypothesis, beams[at]!);
      const image = tf.slice(images, [at, 0], [1, depth]);
      const tokens: number[] = [];
      while (tokens.length < 8 && tokens.at(-1) !== special.end) {
        const logits = tf.tidy(() => {
          const inputs = tf.tensor2d([[special.start, ...tokens]], undefined, 'int32');
          return model.logits(image, inputs).arraySync()[0]!.at(-1)!;
        });
        const ids = [special.end, 4, 5, 6];
        tokens.push(ids.reduce((best, id) => (logits[id]! > logits[best]! ? id : best)));
      }
      expect(hypothesis.tokens).to.deep.equal(tokens.filter((id) => id !== special.end));
      image.dispose();
    }
    // A longer sentence has a better mean, but the end is the most probable word.
    const tempting = stubborn([-9, -9, 1, -9, 0.9, 0]);
    for (const {tokens} of greedySearch(tempting, images, {lengthPenalty: 5}))
      expect(tokens).to.deep.equal([]);
    tempting.dispose();
    images.dispose();
  });

  it('is independent of batch and order', () => {
    const images = features(6);
    const together = beamSearch(model, images, {beams: 3});
    const reversed = tf.reverse(images, 0);
    const back = beamSearch(model, reversed, {beams: 3}).reverse();
    for (const [at, list] of together.entries()) {
      const alone = tf.slice(images, [at, 0], [1, depth]);
      const single = beamSearch(model, alone, {beams: 3})[0]!;
      alone.dispose();
      for (const [k, hypothesis] of list.entries()) {
        close(hypothesis, back[at]![k]!);
        close(hypothesis, single[k]!);
      }
    }
    tf.dispose([images, reversed]);
  });

  it('returns distinct hypotheses, best first, whose log-probabilities add up to the score', () => {
    const images = features(3);
    for (const list of beamSearch(model, images, {beams: 4, lengthPenalty: 0.7})) {
      expect(new Set(list.map(({tokens, finished}) => `${tokens.join()} ${finished}`)).size).to.equal(
        list.length,
      );
      for (const [k, {tokens, logProbabilities, score, finished}] of list.entries()) {
        expect(logProbabilities).to.have.length(tokens.length + (finished ? 1 : 0));
        const sum = logProbabilities.reduce((all, value) => all + value, 0);
        expect(score).closeTo(sum / logProbabilities.length ** 0.7, 1e-6);
        if (k > 0) expect(score).to.be.at.most(list[k - 1]!.score);
        for (const id of tokens) expect(id).to.be.above(special.unknown);
      }
    }
    images.dispose();
  });

  it('lets a sentence of the maximum length end', () => {
    const images = features(8);
    const long = beamSearch(model, images, {beams: 3, maximumLength: 12}).map(([best]) => best!);
    const ended = long.flatMap(({tokens, finished}, at) => (finished && tokens.length > 2 ? [at] : []));
    expect(ended).not.to.deep.equal([]);
    for (const at of ended) {
      const {tokens, score} = long[at]!;
      const image = tf.slice(images, [at, 0], [1, depth]);
      const [list] = beamSearch(model, image, {beams: 3, maximumLength: tokens.length});
      image.dispose();
      expect(list![0]!.finished).to.equal(true);
      expect(list![0]!.score).to.be.closeTo(score, 1e-5);
      for (const found of list!) expect(found.tokens.length).to.be.at.most(tokens.length);
    }
    const exact = beamSearch(model, images, {beams: 100, minimumLength: 3, maximumLength: 3});
    for (const {tokens, finished} of exact.flat()) expect([tokens.length, finished]).to.deep.equal([3, true]);
    images.dispose();
  });

  it('returns a caption if the decoder never ends', () => {
    const endless = stubborn([0, 0, -Infinity, 0, 3, 2, 1]);
    const images = features(2);
    for (const [best] of beamSearch(endless, images, {beams: 3, maximumLength: 5})) {
      expect(best!.tokens).to.deep.equal([4, 4, 4, 4, 4]);
      expect(best!.finished).to.equal(false);
    }
    images.dispose();
  });

  it('returns an empty caption if the decoder ends at once', () => {
    const silent = stubborn([0, 0, 100, 0, 3, 2, 1]);
    const images = features(2);
    for (const [best] of beamSearch(silent, images, {beams: 3})) {
      expect(best!.tokens).to.deep.equal([]);
      expect(best!.finished).to.equal(true);
    }
    images.dispose();
  });

  it('accepts a beam wider than the vocabulary', () => {
    const images = features(1);
    const [list] = beamSearch(model, images, {beams: 50, maximumLength: 2});
    // All sentences of at most two out of three words, with an end.
    expect(list).to.have.length(1 + 3 + 9);
    images.dispose();
  });

  /** Whether an n-gram of `order` words occurs twice. */
  const repeats = (tokens: readonly number[], order: number): boolean => {
    const runs = tokens.slice(order - 1).map((_, at) => tokens.slice(at, at + order).join());
    return new Set(runs).size < runs.length;
  };

  it('satisfies its constraints, one at a time and together', () => {
    const images = features(5);
    for (const beams of [1, 3, 6])
      for (const noRepeatNgramSize of [0, 1, 2, 3])
        for (const minimumLength of [0, 4])
          for (const suppressWords of [[], [5]]) {
            const options = {beams, noRepeatNgramSize, minimumLength, suppressWords, maximumLength: 8};
            for (const {tokens, finished} of beamSearch(model, images, options).flat()) {
              if (noRepeatNgramSize > 0)
                expect(repeats(tokens, noRepeatNgramSize), tokens.join()).to.equal(false);
              if (finished) expect(tokens.length).to.be.at.least(minimumLength);
              expect(tokens).not.to.include.members(
                suppressWords.length > 0 ? suppressWords : [special.unknown],
              );
            }
          }
    const free = beamSearch(model, images, {beams: 1, maximumLength: 8}).flat();
    expect(free.some(({tokens}) => repeats(tokens, 2))).to.equal(true);
    images.dispose();
  });

  it('blocks repeated n-grams during the search: the result is the best allowed caption', () => {
    const images = features(3);
    const wide = {beams: 100, maximumLength: 4};
    for (const [at, list] of beamSearch(model, images, wide).entries()) {
      const allowed = list.filter(
        ({tokens, finished}) => finished && !repeats(tokens, 1) && tokens.length > 1,
      );
      const found = beamSearch(model, images, {...wide, noRepeatNgramSize: 1, minimumLength: 2})[at]!;
      close(
        found.find(({finished}) => finished)!,
        allowed[0]!,
      );
    }
    images.dispose();
  });

  it('returns the caption so far if no continuation is allowed', () => {
    const silent = stubborn([0, 0, -100, 0, 3, 2, 1]);
    const images = features(1);
    const [[best]] = beamSearch(silent, images, {beams: 2, noRepeatNgramSize: 1, minimumLength: 6}) as [
      [Hypothesis],
    ];
    expect([...best.tokens].sort()).to.deep.equal([4, 5, 6]);
    expect(best.finished).to.equal(false);
    const [[none]] = beamSearch(silent, images, {suppressWords: [4, 5, 6], minimumLength: 1}) as [
      [Hypothesis],
    ];
    expect(none).to.include({finished: false});
    expect(none.tokens).to.deep.equal([]);
    expect(Number.isNaN(none.score)).to.equal(false);
    images.dispose();
  });

  it('returns the attention weights for each word', () => {
    const attending = createDecoder('attention', vocabulary, depth, {units: 8, embedding: 5, attention: 4});
    const grid = tf.randomNormal([2, 9, depth], 0, 1, 'float32', 6);
    for (const {logProbabilities, attention} of beamSearch(attending, grid, {beams: 3}).flat()) {
      expect(attention).to.have.length(logProbabilities.length);
      for (const map of attention!) {
        expect(map).to.have.length(9);
        expect(map.reduce((sum, share) => sum + share, 0)).to.be.closeTo(1, 1e-5);
      }
    }
    const [[best]] = beamSearch(attending, grid, {beams: 3}) as [[Hypothesis]];
    tf.tidy(() => {
      const inputs = tf.tensor2d([[special.start, ...best.tokens]], undefined, 'int32');
      const first = tf.slice(grid, [0, 0, 0], [1, 9, depth]);
      const maps = attending.attend!(first, inputs).attention.arraySync()[0]!;
      for (const [step, map] of best.attention!.entries())
        for (const [cell, share] of map.entries()) expect(share).to.be.closeTo(maps[step]![cell]!, 1e-5);
    });
    attending.dispose();
    grid.dispose();
  });

  it('rejects logits that are NaN', () => {
    const broken = stubborn([0, 0, 0, 0, NaN, 0, 0]);
    const images = features(1);
    expect(() => beamSearch(broken, images))
      .to.throw('expected finite logits')
      .with.property('code', 'diverged');
    images.dispose();
  });

  it('rejects invalid options', () => {
    const images = features(1);
    expect(() => beamSearch(model, images, {beams: 0}))
      .to.throw('`beams`')
      .with.property('code', 'options');
    expect(() => beamSearch(model, images, {lengthPenalty: -1})).to.throw('`lengthPenalty`');
    expect(() => beamSearch(model, images, {minimumLength: 9, maximumLength: 8})).to.throw('`minimumLength`');
    expect(() => beamSearch(model, images, {suppressWords: [5, 7]}))
      .to.throw('`suppressWords`: expected ids from 0 to 6, got 7')
      .with.property('code', 'options');
    images.dispose();
  });

  it('rejects features of another kind', () => {
    const attending = createDecoder('attention', vocabulary, depth, {units: 8, embedding: 5, attention: 4});
    for (const [decoder, shape, expected] of [
      [model, [2, depth + 1], `pooled features [images, ${depth}], got [2, ${depth + 1}]`],
      [model, [2, 4, depth], `pooled features [images, ${depth}], got [2, 4, ${depth}]`],
      [attending, [2, depth], `grid features [images, cells, ${depth}], got [2, ${depth}]`],
    ] as const) {
      const wrong = tf.zeros([...shape]);
      expect(() => beamSearch(decoder, wrong))
        .to.throw(`Search: expected ${expected}`)
        .with.property('code', 'shape');
      wrong.dispose();
    }
    attending.dispose();
  });

  it('leaks no tensors in 100 captions', () => {
    const images = features(1);
    beamSearch(model, images);
    const before = tf.memory().numTensors;
    for (let k = 0; k < 100; k++) beamSearch(model, images);
    expect(tf.memory().numTensors).to.equal(before);
    images.dispose();
  });
});
