import {expect} from 'chai';
import {beamSearch, createDecoder, type Decoder, greedySearch, special, tf} from 'captioner';
import {uniformFromKey} from 'captioner/dist/random/random';
import {depth, features, lively, logProbabilitiesOf, stubborn} from '../decoders/small';

type Phrases = readonly (readonly number[])[];

/** Counts the occurrences of a phrase, overlapping ones included. */
const occurrences = (tokens: readonly number[], phrase: readonly number[]): number =>
  tokens.filter((_, at) => phrase.every((id, k) => tokens[at + k] === id)).length;

/** Whether a caption contains all phrases, each as often as it is listed. */
const holds = (tokens: readonly number[], phrases: Phrases): boolean =>
  phrases.every(
    (phrase) =>
      occurrences(tokens, phrase) >= phrases.filter((other) => other.join() === phrase.join()).length,
  );

const repeats = (tokens: readonly number[], order: number): boolean => {
  const runs = tokens.slice(order - 1).map((_, at) => tokens.slice(at, at + order).join());
  return new Set(runs).size < runs.length;
};

interface Scored {
  readonly tokens: readonly number[];
  readonly score: number;
}

/** All captions of at most `maximumLength` words from 4 to 6, best first. */
function everyCaption(model: Decoder, image: tf.Tensor2D, maximumLength: number): Scored[] {
  let open: number[][] = [[]];
  const all: Scored[] = [];
  for (let length = 0; length <= maximumLength; length++) {
    for (const tokens of open) {
      const logs = logProbabilitiesOf(model, image, [...tokens, special.end]);
      all.push({tokens, score: logs.reduce((sum, value) => sum + value, 0) / logs.length ** 0.7});
    }
    open = open.flatMap((tokens) => [4, 5, 6].map((word) => [...tokens, word]));
  }
  return all.sort((a, b) => b.score - a.score);
}

describe('beamSearch with required phrases', () => {
  const images = features(3);
  const model = lively(7);
  after(() => {
    model.dispose();
    images.dispose();
  });

  it('includes every phrase in every hypothesis, for any decoder, beam width and options', () => {
    for (let trial = 0; trial < 60; trial++) {
      const random = (below: number, ...key: number[]): number =>
        Math.floor(uniformFromKey(trial, ...key, 77) * below);
      const decoder = lively(9, trial);
      const requiredPhrases = Array.from({length: 1 + random(3, 1)}, (_, at) =>
        Array.from({length: 1 + random(3, 2, at)}, (_, k) => 4 + random(4, 3, at, k)),
      );
      const length = requiredPhrases.flat().length;
      const maximumLength = length + random(7, 4);
      const options = {
        requiredPhrases,
        maximumLength,
        minimumLength: random(maximumLength, 5),
        beams: [1, 2, 4, 12][random(4, 6)]!,
        beamGroups: 1 + random(2, 7),
        noRepeatNgramSize: random(4, 8),
        suppressWords: random(2, 9) === 1 ? [8] : [],
      };
      if (options.beams % options.beamGroups !== 0) options.beamGroups = 1;
      const found = beamSearch(decoder, images, options);
      const told = JSON.stringify(options);
      for (const list of found) expect(list, told).to.have.length.within(1, options.beams);
      for (const {tokens, logProbabilities, finished, score} of found.flat()) {
        expect(holds(tokens, requiredPhrases), `${told}: ${tokens.join()}`).to.equal(true);
        expect(tokens.length).to.be.at.most(maximumLength);
        expect(logProbabilities).to.have.length(tokens.length + (finished ? 1 : 0));
        if (finished) expect(tokens.length).to.be.at.least(options.minimumLength);
        for (const id of tokens) expect(id).to.be.within(4, 8).and.not.equal(options.suppressWords[0]);
        expect(Number.isFinite(score)).to.equal(true);
      }
      decoder.dispose();
    }
  });

  it('finds the best caption that contains them if the beam is wide enough', () => {
    const phrases: Phrases[] = [
      [[5]],
      [[6], [4]],
      [[4, 5]],
      [
        [4, 5],
        [5, 6],
      ],
      [[5, 5]],
      [[5], [5]],
      [[6, 4, 6]],
    ];
    for (let at = 0; at < 3; at++) {
      const image = tf.slice(images, [at, 0], [1, depth]);
      const captions = everyCaption(model, image, 4);
      for (const requiredPhrases of phrases)
        for (const noRepeatNgramSize of [0, 2]) {
          // As long as a beam of a hundred holds all captions. Phrases that share words get room for each.
          const [room, maximumLength] = [3, Math.max(3, requiredPhrases.flat().length)];
          const wide = {beams: 100, maximumLength, requiredPhrases, noRepeatNgramSize};
          const allowed = captions.filter(
            ({tokens}) =>
              tokens.length <= room &&
              holds(tokens, requiredPhrases) &&
              !(noRepeatNgramSize > 0 && repeats(tokens, noRepeatNgramSize)),
          );
          const best = beamSearch(model, image, wide)[0]!.find(({finished}) => finished)!;
          if (best.tokens.length <= room) {
            expect(best.tokens, JSON.stringify(requiredPhrases)).to.deep.equal(allowed[0]!.tokens);
            expect(best.score).closeTo(allowed[0]!.score, 1e-4);
          } else expect(best.score).to.be.above(allowed[0]!.score);
        }
      image.dispose();
    }
  });

  it('places them inside the sentence even with a narrow beam, not at its end', () => {
    let [woven, all] = [0, 0];
    for (let seed = 0; seed < 10; seed++) {
      const decoder = lively(9, seed);
      for (const requiredPhrases of [[[4]], [[5, 7]], [[6], [5]]])
        for (const [best] of beamSearch(decoder, images, {beams: 4, maximumLength: 10, requiredPhrases})) {
          all++;
          if (best!.finished) woven++;
        }
      decoder.dispose();
    }
    expect(woven / all).to.be.above(0.5);
  });

  it('does not put them first if the beam is narrower than their number', () => {
    let [first, all] = [0, 0];
    const requiredPhrases = [[5], [6], [7], [8]];
    for (let seed = 0; seed < 20; seed++) {
      const decoder = lively(60, seed);
      for (const list of beamSearch(decoder, images, {beams: 1, maximumLength: 12, requiredPhrases})) {
        expect(list).to.have.length(1);
        all++;
        if (list[0]!.tokens.slice(0, 4).every((id) => id > 4 && id < 9)) first++;
      }
      decoder.dispose();
    }
    // With a beam of a hundred, every second caption begins with them.
    expect(first / all).to.be.below(0.6);
  });

  it('allows phrases to overlap, and requires a phrase listed twice to occur twice', () => {
    const decoder = stubborn([0, 0, 9, 0, 0, 0, 0]);
    const of = (requiredPhrases: Phrases, beams = 50): string[] =>
      beamSearch(decoder, images, {requiredPhrases, beams, maximumLength: 6})[0]!.map(({tokens}) =>
        tokens.join(),
      );
    expect(
      of([
        [4, 5],
        [5, 6],
      ])[0],
    ).to.equal('4,5,6');
    expect(of([[4], [4]])[0]).to.equal('4,4');
    expect(of([[4, 4]])[0]).to.equal('4,4');
    expect(of([[4, 4], [4]])[0]).to.equal('4,4');
    expect(
      of([
        [4, 4],
        [4, 4],
      ])[0],
    ).to.equal('4,4,4');
    decoder.dispose();
  });

  it('matches a phrase that restarts inside itself', () => {
    // 4 4 4 5 contains 4 4 5: after 4 4, another 4 falls back to the border of length 1.
    const decoder = createDecoder('lstm', 7, depth, {units: 4, embedding: 4});
    for (const {tokens} of beamSearch(decoder, images, {requiredPhrases: [[4, 4, 5]], beams: 30}).flat())
      expect(holds(tokens, [[4, 4, 5]])).to.equal(true);
    const all = beamSearch(decoder, images, {requiredPhrases: [[4, 4, 5]], beams: 100, maximumLength: 5});
    expect(all[0]!.map(({tokens}) => tokens.join())).to.include('4,4,4,5');
    decoder.dispose();
  });

  it('includes them if the decoder never ends, ends at once or finds them impossible', () => {
    const requiredPhrases = [[6], [5, 4]];
    for (const logits of [
      [0, 0, -100, 0, 3, 2, 1],
      [0, 0, 100, 0, 3, 2, 1],
      [0, 0, 1, 0, 3, 2, -Infinity],
      [0, 0, -Infinity, 0, -Infinity, 3, -Infinity],
    ])
      for (const options of [
        {beams: 1},
        {beams: 3},
        {beams: 4, beamGroups: 2},
        {beams: 50, maximumLength: 3},
      ]) {
        const decoder = stubborn(logits);
        const found = beamSearch(decoder, images, {maximumLength: 7, requiredPhrases, ...options}).flat();
        expect(found).to.have.length.at.least(3);
        for (const {tokens} of found) expect(holds(tokens, requiredPhrases), tokens.join()).to.equal(true);
        decoder.dispose();
      }
    for (const {tokens} of greedySearch(model, images, {requiredPhrases}))
      expect(holds(tokens, requiredPhrases)).to.equal(true);
    // After 4 both phrases have begun, but only one can continue.
    const [other, same] = [
      stubborn([0, 0, 9, 0, 0, 0, 0, 9]),
      [
        [4, 5],
        [4, 6],
      ],
    ];
    for (const {tokens} of greedySearch(other, images, {requiredPhrases: same, maximumLength: 4}))
      expect(holds(tokens, same), tokens.join()).to.equal(true);
    other.dispose();
  });

  it('repeats an n-gram for them only if there is no other way', () => {
    for (const beams of [1, 3, 40]) {
      const once = beamSearch(model, images, {requiredPhrases: [[5], [4]], noRepeatNgramSize: 1, beams});
      for (const {tokens} of once.flat()) expect(repeats(tokens, 1), tokens.join()).to.equal(false);
      const twice = beamSearch(model, images, {requiredPhrases: [[5], [5]], noRepeatNgramSize: 1, beams});
      for (const {tokens} of twice.flat()) expect(occurrences(tokens, [5])).to.equal(2);
    }
  });

  it('changes nothing if the caption contains them anyway', () => {
    const options = {beams: 1, maximumLength: 8};
    const free = greedySearch(model, images, options);
    for (const [at, {tokens, score}] of free.entries()) {
      if (tokens.length === 0) continue;
      // A required word widens the beam by one, which may find a better caption.
      const requiredPhrases = greedySearch(model, images, {
        ...options,
        requiredPhrases: [tokens.slice(0, 1)],
      });
      expect(requiredPhrases[at]!.score).to.be.at.least(score - 1e-6);
    }
    const wide = {beams: 100, maximumLength: 4};
    for (const [at, list] of beamSearch(model, images, wide).entries()) {
      const [best] = list;
      const same = beamSearch(model, images, {...wide, requiredPhrases: best!.tokens.map((id) => [id])})[at]!;
      expect(same[0]!.tokens).to.deep.equal(best!.tokens);
      expect(same[0]!.score).closeTo(best!.score, 1e-6);
    }
  });

  it('is independent of batch and order', () => {
    const options = {requiredPhrases: [[5, 4], [6]], beams: 4, beamGroups: 2, maximumLength: 9};
    const said = (of: tf.Tensor): string[][] =>
      beamSearch(model, of, options).map((list) => list.map(({tokens}) => tokens.join()));
    const together = said(images);
    const reversed = tf.reverse(images, 0);
    expect(said(reversed).reverse()).to.deep.equal(together);
    for (const [at, list] of together.entries()) {
      const image = tf.slice(images, [at, 0], [1, depth]);
      expect(said(image)).to.deep.equal([list]);
      image.dispose();
    }
    reversed.dispose();
  });

  it('rejects words that can never be written and phrases that do not fit', () => {
    for (const [options, message] of [
      [{requiredPhrases: [[5], [2]]}, 'expected word ids from 4 to 6 that are not in `suppressWords`, got 2'],
      [{requiredPhrases: [[3]]}, 'that are not in `suppressWords`, got 3'],
      [{requiredPhrases: [[7]]}, 'that are not in `suppressWords`, got 7'],
      [{requiredPhrases: [[4, 5]], suppressWords: [5]}, 'that are not in `suppressWords`, got 5'],
      [
        {requiredPhrases: [[4, 5], [6]], maximumLength: 2},
        'expected at most 2 words in all (`maximumLength`), got 3',
      ],
      [{requiredPhrases: [[]]}, '`requiredPhrases.0`'],
    ] as const)
      expect(() => beamSearch(model, images, options))
        .to.throw(message)
        .with.property('code', 'options');
  });

  it('leaks no tensors', () => {
    const before = tf.memory().numTensors;
    for (let k = 0; k < 5; k++)
      beamSearch(model, images, {requiredPhrases: [[4, 5]], beams: 4, beamGroups: 2});
    expect(tf.memory().numTensors).to.equal(before);
  });
});
