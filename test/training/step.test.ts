import {collate, type Batch} from 'captioner/dist/data/batches';
import {Adam} from 'captioner/dist/runtime/adam';
import {clipByGlobalNorm} from 'captioner/dist/runtime/clip';
import {tf} from 'captioner/dist/runtime/native';
import {gradients} from 'captioner/dist/training/loss';
import {trainerSettings} from 'captioner/dist/training/options';
import {Rewards} from 'captioner/dist/training/rewards';
import {withOwnWords} from 'captioner/dist/training/scheduled-sampling';
import {learn, type StepSettings} from 'captioner/dist/training/step';
import {expect} from 'chai';
import {temporaryFolder} from '../support';
import {makeToy, toyDecoder, type Toy} from './toy';

describe('A step of training', () => {
  let toy: Toy;
  before(async () => {
    toy = await makeToy(temporaryFolder());
  });

  const batchOf = (from: number, captions = 3): Batch =>
    collate(
      toy.dataset.images
        .slice(from, from + 4)
        .flatMap(({id, captions: all}) =>
          all.slice(0, captions).map((caption) => ({id, tokens: toy.vocabulary.encode(caption)})),
        ),
    );
  const settings: StepSettings = {...trainerSettings(), step: 7, rate: 0.01, ownWords: 0};

  it('averages the gradients of its batches before it clips them', () => {
    const batches = [batchOf(0), batchOf(9), batchOf(3, 1)];
    const options = {dropout: 0, seed: 4};
    const [one, other] = [toyDecoder(toy, options), toyDecoder(toy, options)];
    const [ours, theirs] = [new Adam(one.weights), new Adam(other.weights)];
    const {loss, gradientNorm} = learn({...toy, decoder: one}, ours, batches, {...settings, clip: 0.1});

    const all = batches.map(({ids, inputs, targets, size, steps}) =>
      gradients(
        other,
        toy.store.read(ids),
        tf.tensor2d(inputs, [size, steps], 'int32'),
        tf.tensor2d(targets, [size, steps], 'int32'),
      ),
    );
    const mean = new Map(
      [...other.weights.keys()].map((name) => [
        name,
        tf.addN(all.map((found) => found.gradients.get(name)!)).div(batches.length),
      ]),
    );
    const clipped = clipByGlobalNorm(mean, 0.1);
    theirs.apply(clipped.gradients, settings.rate);
    expect(loss).to.be.closeTo(all.reduce((sum, found) => sum + found.loss, 0) / 3, 1e-6);
    expect(gradientNorm).to.be.closeTo(clipped.norm, 1e-6);
    for (const [name, weight] of one.weights)
      for (const [at, value] of weight.dataSync().entries())
        expect(value, name).to.be.closeTo(other.weights.get(name)!.dataSync()[at]!, 1e-6);
    for (const part of [one, other, ours, theirs]) part.dispose();
  });

  it('computes features of a picture once for all its captions', () => {
    const asked: string[][] = [];
    const store = {
      ...{kind: toy.store.kind, depth: toy.store.depth, encoder: toy.store.encoder},
      ...{folder: '', preprocessing: toy.store.preprocessing, has: () => true},
      read: (ids: readonly string[]) => (asked.push([...ids]), toy.store.read(ids)),
    };
    const decoder = toyDecoder(toy);
    const adam = new Adam(decoder.weights);
    learn({...toy, store, decoder}, adam, [batchOf(0)], settings);
    expect(asked).to.deep.equal([toy.dataset.images.slice(0, 4).map(({id}) => id)]);
    for (const part of [decoder, adam]) part.dispose();
  });

  it('leaves out channels of the features, the same ones while it samples and while it learns from the samples', () => {
    const seen: number[][][] = [];
    const watched = (decoder: ReturnType<typeof toyDecoder>): typeof decoder =>
      new Proxy(decoder, {
        get: (target, name) => {
          const value: unknown = Reflect.get(target, name, target);
          if (typeof value !== 'function') return value;
          return (...args: unknown[]) => {
            if (name === 'begin' || name === 'states') seen.push((args[0] as tf.Tensor2D).arraySync());
            return Reflect.apply(value, target, args) as unknown;
          };
        },
      });
    const rewards = new Rewards(toy.dataset.images);
    for (const objective of ['cross-entropy', 'self-critical'] as const) {
      seen.length = 0;
      const decoder = watched(toyDecoder(toy));
      const adam = new Adam(decoder.weights);
      const options = {...settings, featureDropout: 0.4};
      learn(
        {...toy, decoder},
        adam,
        [batchOf(0)],
        options,
        objective === 'self-critical' ? rewards : undefined,
      );
      expect(seen).to.have.length(objective === 'self-critical' ? 2 : 1);
      const plain = toy.store
        .read(toy.dataset.images.slice(0, 4).map(({id}) => id))
        .arraySync() as number[][];
      let left = 0;
      for (const features of seen)
        for (const [row, numbers] of features.entries())
          for (const [at, number] of numbers.entries()) {
            if (number === 0 && plain[row]![at]! > 0) left++;
            else expect(number).to.be.closeTo(plain[row]![at]! / 0.6, 1e-6);
          }
      expect(left, objective).to.be.above(0);
      if (seen.length > 1) expect(seen[1]).to.deep.equal(seen[0]);
      for (const part of [decoder, adam]) part.dispose();
    }
  });

  describe('with scheduled sampling', () => {
    it('exchanges as many words as it is told for those that the decoder would write there, never the start', () => {
      const decoder = toyDecoder(toy);
      const batch = batchOf(0);
      const features = toy.store.read(batch.ids);
      let [words, own] = [0, 0];
      for (let step = 0; step < 40; step++) {
        const mixed = withOwnWords(decoder, features, batch, 0.4, {seed: 2, step});
        expect(mixed.targets).to.equal(batch.targets);
        for (const [at, word] of batch.inputs.entries()) {
          const got = mixed.inputs[at]!;
          if (word === 0 || at % batch.steps === 0) expect(got).to.equal(word);
          else {
            words++;
            if (got !== word) own++;
          }
        }
      }
      // A word of its own can be people's too, by chance; this decoder has learnt nothing.
      expect(own / words).to.be.within(0.3, 0.42);
      const again = withOwnWords(decoder, features, batch, 0.4, {seed: 2, step: 5});
      expect(withOwnWords(decoder, features, batch, 0.4, {seed: 2, step: 5})).to.deep.equal(again);
      expect(withOwnWords(decoder, features, batch, 0, {seed: 2, step: 5})).to.equal(batch);
      features.dispose();
      decoder.dispose();
    });

    it('draws them with the probabilities that the decoder gives them after the words before', () => {
      const decoder = toyDecoder(toy);
      const batch = collate([{id: toy.dataset.images[0]!.id, tokens: [5, 6]}]);
      const features = toy.store.read(batch.ids);
      const expected = tf.tidy(() => {
        const logits = decoder.logits(features, tf.tensor2d(batch.inputs, [1, 3], 'int32'));
        return tf.softmax(logits).arraySync();
      });
      const draws = 800;
      const counts = new Map<number, number>();
      for (let step = 0; step < draws; step++) {
        const word = withOwnWords(decoder, features, batch, 1, {seed: 9, step}).inputs[2]!;
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      for (const [word, probability] of expected[0]![1]!.entries()) {
        const spread = Math.sqrt((probability * (1 - probability)) / draws);
        expect(Math.abs((counts.get(word) ?? 0) / draws - probability)).to.be.below(4.5 * spread);
      }
      features.dispose();
      decoder.dispose();
    });
  });
});
