import {expect} from 'chai';
import {createDecoder, type Decoder, greedySearch, sample, type SampleOptions, special, tf} from 'captioner';
import {depth, features, lively, logProbabilitiesOf, stubborn} from '../decoders/small';

const words = (sentences: readonly {readonly tokens: readonly number[]}[]): string[] =>
  sentences.map(({tokens}) => tokens.join());

describe('sample', () => {
  const model = lively(7);
  const images = features(3);
  after(() => {
    model.dispose();
    images.dispose();
  });

  /** Counts the first words. */
  function firstWords(decoder: Decoder, options: SampleOptions): Map<number, number> {
    const counts = new Map<number, number>();
    const image = tf.slice(images, [0, 0], [1, depth]);
    for (const {tokens} of sample(decoder, image, {maximumLength: 1, ...options})[0]!)
      counts.set(tokens[0] ?? special.end, (counts.get(tokens[0] ?? special.end) ?? 0) + 1);
    image.dispose();
    return counts;
  }

  /** Chi-square of the counts divided by the degrees of freedom: about 1. */
  function surprise(counts: ReadonlyMap<number, number>, expected: ReadonlyMap<number, number>): number {
    for (const id of counts.keys()) expect(expected.has(id), `word ${id}`).to.equal(true);
    const parts = [...expected].map(([id, mean]) => ((counts.get(id) ?? 0) - mean) ** 2 / mean);
    return parts.reduce((all, part) => all + part, 0) / (parts.length - 1);
  }

  /** Expected counts of the words in `samples` draws. */
  function expectation(logits: readonly number[], ids: readonly number[], samples: number) {
    const weights = ids.map((id) => Math.exp(logits[id]!));
    const sum = weights.reduce((all, weight) => all + weight, 0);
    return new Map(ids.map((id, at) => [id, (samples * weights[at]!) / sum]));
  }

  it('draws words in proportion to their probability, in small and large vocabularies', () => {
    const samples = 10_000;
    for (const size of [9, 64, 65, 300]) {
      const logits = Array.from({length: size}, (_, id) => 1.5 * Math.sin(id * 1.7));
      const decoder = stubborn(logits);
      const ids = logits.flatMap((_, id) => (id === special.end || id > special.unknown ? [id] : []));
      for (const temperature of [1, 0.7, 2]) {
        const tempered = logits.map((logit) => logit / temperature);
        const found = surprise(
          firstWords(decoder, {samples, temperature}),
          expectation(tempered, ids, samples),
        );
        // Chi-square per degree of freedom: with eight, about 2 in 100 samples exceed 2.3.
        expect(found, `${size} words at ${temperature}`).to.be.within(0.1, 2.3);
      }
      decoder.dispose();
    }
  });

  it('draws sentences in proportion to their probability', () => {
    const image = tf.slice(images, [0, 0], [1, depth]);
    const samples = 10_000;
    const [drawn] = sample(model, image, {samples, maximumLength: 3});
    const counts = new Map<string, number>();
    for (const {tokens, finished} of drawn!) {
      const key = [...tokens, finished ? 'end' : 'cut'].join();
      counts.set(key, (counts.get(key) ?? 0) + 1);
    }
    for (const [key, count] of counts) {
      const tokens = key.split(',').slice(0, -1).map(Number);
      // Renormalized without padding, start and unknown, which the model's probabilities include.
      const logs = logProbabilitiesOf(model, image, [...tokens, special.end], true);
      const [before, end] = [
        logs.slice(0, -1).reduce((all, value) => all + value, 0),
        Math.exp(logs.at(-1)!),
      ];
      // A sentence of the maximum length ends or is cut off.
      if (key.endsWith('cut')) expect(tokens).to.have.length(3);
      const mean = samples * Math.exp(before) * (key.endsWith('cut') ? 1 - end : end);
      expect(Math.abs(count - mean), key).to.be.below(4.5 * Math.sqrt(mean) + 1);
    }
    image.dispose();
  });

  it('draws only from the top k words, or from the smallest set that reaches p', () => {
    const logits = [9, 9, -9, 9, ...[0.3, 0.25, 0.2, 0.15, 0.06, 0.04].map(Math.log)];
    const decoder = stubborn(logits);
    const samples = 4000;
    for (const [options, ids] of [
      [{topK: 1}, [4]],
      [{topK: 3}, [4, 5, 6]],
      [{topP: 0.2}, [4]],
      [{topP: 0.5}, [4, 5]],
      [{topP: 0.8}, [4, 5, 6, 7]],
      // Among three words, the probabilities are 0.4, 0.33 and 0.27.
      [{topK: 3, topP: 0.7}, [4, 5]],
      [{topK: 1000, suppressWords: [5]}, [4, 6, 7, 8, 9]],
    ] as const) {
      const counts = firstWords(decoder, {samples, minimumLength: 1, ...options});
      const expected = expectation(logits, ids, samples);
      if (ids.length === 1) expect([...counts]).to.deep.equal([[4, samples]]);
      else expect(surprise(counts, expected), JSON.stringify(options)).to.be.below(4);
    }
    decoder.dispose();
  });

  it('excludes a word beyond the top k even if its logit ties', () => {
    const even = stubborn(Array.from({length: 80}, () => 0));
    const counts = firstWords(even, {samples: 500, topK: 5});
    expect(counts.size).to.be.at.most(5);
    even.dispose();
  });

  it('is greedy search at a low temperature', () => {
    // No two words of this decoder are nearly equally probable.
    const clear = lively(7, 2);
    const greedy = words(greedySearch(clear, images, {maximumLength: 8}));
    const cold = sample(clear, images, {temperature: 0.01, samples: 5, maximumLength: 8});
    for (const [at, own] of cold.entries())
      expect(words(own)).to.deep.equal(Array.from({length: 5}, () => greedy[at]!));
    expect(words(sample(clear, images, {topK: 1, maximumLength: 8}).flat())).to.deep.equal(greedy);
    clear.dispose();
  });

  it('returns the log-probabilities of the model, whatever the temperature', () => {
    for (const options of [
      {},
      {temperature: 2},
      {topK: 2},
      {topP: 0.6},
      {suppressWords: [5], minimumLength: 2},
    ])
      for (const [at, own] of sample(model, images, {samples: 4, maximumLength: 6, ...options}).entries()) {
        const image = tf.slice(images, [at, 0], [1, depth]);
        for (const {tokens, logProbabilities, finished} of own) {
          const all = finished ? [...tokens, special.end] : tokens;
          const expected = logProbabilitiesOf(model, image, all);
          expect(logProbabilities).to.have.length(all.length);
          for (const [k, value] of logProbabilities.entries()) expect(value).closeTo(expected[k]!, 1e-5);
        }
        image.dispose();
      }
  });

  it('draws the same captions for the same seed and different ones for another', () => {
    const options = {samples: 20, maximumLength: 8};
    const once = words(sample(model, images, options).flat());
    expect(words(sample(model, images, options).flat())).to.deep.equal(once);
    expect(words(sample(model, images, {...options, seed: 2}).flat())).to.not.deep.equal(once);
    expect(new Set(once).size).to.be.above(10);
  });

  it('depends on the number of the image, not on the batch', () => {
    const together = sample(model, images, {samples: 6, maximumLength: 8});
    for (const [at, own] of together.entries()) {
      const image = tf.slice(images, [at, 0], [1, depth]);
      const alone = sample(model, image, {samples: 3, maximumLength: 8, first: at});
      expect(words(alone[0]!)).to.deep.equal(words(own.slice(0, 3)));
      image.dispose();
    }
    const same = tf.tile(tf.slice(images, [0, 0], [1, depth]), [30, 1]);
    expect(new Set(words(sample(model, same, {maximumLength: 8}).flat())).size).to.be.above(10);
    same.dispose();
  });

  it('satisfies minimum and maximum length and writes no suppressed word', () => {
    const drawn = sample(model, images, {
      samples: 50,
      minimumLength: 3,
      maximumLength: 5,
      suppressWords: [5],
    });
    for (const {tokens, finished} of drawn.flat()) {
      expect(tokens.length).to.be.within(finished ? 3 : 5, 5);
      for (const id of tokens) expect([4, 6]).to.include(id);
    }
    const lengths = new Set(drawn.flat().map(({tokens}) => tokens.length));
    expect([...lengths].sort()).to.deep.equal([3, 4, 5]);
  });

  it('returns captions if the decoder ends at once, never ends or has no word left', () => {
    const [silent, endless] = [stubborn([0, 0, 100, 0, 3, 2]), stubborn([0, 0, -100, 0, 3, 2])];
    expect(sample(silent, images, {samples: 2}).flat()).to.have.length(6);
    for (const {tokens, finished} of sample(silent, images).flat())
      expect({tokens, finished}).to.deep.equal({tokens: [], finished: true});
    for (const {tokens, finished} of sample(endless, images, {maximumLength: 5}).flat())
      expect([tokens.length, finished]).to.deep.equal([5, false]);
    const [none] = sample(silent, images, {suppressWords: [4, 5], minimumLength: 1}).flat();
    expect(none).to.deep.equal({tokens: [], logProbabilities: [], finished: false});
    const nothing = tf.zeros([0, depth]);
    expect(sample(model, nothing)).to.deep.equal([]);
    tf.dispose([nothing]);
    silent.dispose();
    endless.dispose();
  });

  it('returns the attention weights for each word', () => {
    const attending = createDecoder('attention', 7, depth, {units: 8, embedding: 5, attention: 4});
    const grid = tf.randomNormal([2, 9, depth], 0, 1, 'float32', 6);
    const drawn = sample(attending, grid, {samples: 8, maximumLength: 6});
    for (const [at, own] of drawn.entries())
      for (const {tokens, logProbabilities, attention} of own) {
        expect(attention).to.have.length(logProbabilities.length);
        tf.tidy(() => {
          const inputs = tf.tensor2d([[special.start, ...tokens]], undefined, 'int32');
          const maps = attending.attend!(tf.slice(grid, [at, 0, 0], [1, 9, depth]), inputs).attention;
          for (const [step, map] of attention!.entries())
            for (const [cell, share] of map.entries())
              expect(share).to.be.closeTo(maps.arraySync()[0]![step]![cell]!, 1e-5);
        });
      }
    attending.dispose();
    grid.dispose();
  });

  it('rejects logits that are NaN, and invalid options', () => {
    const broken = stubborn([0, 0, 0, 0, NaN, 0]);
    const before = tf.memory().numTensors;
    expect(() => sample(broken, images))
      .to.throw('expected finite logits')
      .with.property('code', 'diverged');
    expect(tf.memory().numTensors).to.equal(before);
    for (const options of [{temperature: 0}, {topP: 0}, {topP: 1.1}, {topK: -1}, {samples: 0}, {seed: 0.5}])
      expect(() => sample(model, images, options))
        .to.throw(`sampling: \`${Object.keys(options)[0]}\``)
        .with.property('code', 'options');
    expect(() => sample(model, images, {minimumLength: 9, maximumLength: 8})).to.throw('`minimumLength`');
    broken.dispose();
  });
});
