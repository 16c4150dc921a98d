import {type Batch, captionLoss, collate, type Decoder, special, tf} from 'captioner';
import {bannedWords} from 'captioner/dist/search/constraints';
import {Adam} from 'captioner/dist/optim/adam';
import {gradients} from 'captioner/dist/training/loss';
import {trainerSettings} from 'captioner/dist/training/options';
import {withOwnWords} from 'captioner/dist/training/scheduled-sampling';
import {crossEntropy} from 'captioner/dist/training/objectives';
import {trainStep, type StepSettings} from 'captioner/dist/training/step';
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
  const settings: StepSettings & {readonly labelSmoothing: number} = {
    ...trainerSettings(),
    step: 7,
    learningRate: 0.01,
  };
  const objective = crossEntropy({labelSmoothing: 0, ownWords: 0});

  it('learns from its batches as if they were one, and clips then', () => {
    const batches = [batchOf(0), batchOf(9), batchOf(3, 1)];
    const options = {dropout: 0, seed: 4};
    const [one, other] = [toyDecoder(toy, options), toyDecoder(toy, options)];
    const [ours, theirs] = [new Adam(one.weights), new Adam(other.weights)];
    const {loss, gradientNorm} = trainStep(
      {...toy, decoder: one},
      ours,
      batches,
      {...settings, clipNorm: 0.1},
      objective,
    );

    const all = batches.map(({ids, inputs, targets, size, steps}) =>
      gradients(
        other,
        toy.features.read(ids),
        tf.tensor2d(inputs, [size, steps], 'int32'),
        tf.tensor2d(targets, [size, steps], 'int32'),
      ),
    );
    // Each word counts the same, in a batch of short captions as in one of long ones.
    const words = batches.map(({targets}) => targets.filter((id) => id > 0).length);
    const shares = words.map((count) => count / words.reduce((sum, one) => sum + one, 0));
    const mean = new Map(
      [...other.weights.keys()].map((name) => [
        name,
        tf.addN(all.map((found, at) => found.gradients.get(name)!.mul(shares[at]!))),
      ]),
    );
    const norm = Math.sqrt(
      [...mean.values()].reduce((sum, gradient) => sum + gradient.square().sum().dataSync()[0]!, 0),
    );
    expect(norm).to.be.above(0.1);
    const clipped = new Map([...mean].map(([name, gradient]) => [name, gradient.mul(0.1 / norm)]));
    theirs.apply(clipped, settings.learningRate);
    expect(loss).to.be.closeTo(
      all.reduce((sum, found, at) => sum + found.loss * shares[at]!, 0),
      1e-6,
    );
    expect(gradientNorm).to.be.closeTo(norm, 1e-6);
    for (const [name, weight] of one.weights)
      for (const [at, value] of weight.dataSync().entries())
        expect(value, name).to.be.closeTo(other.weights.get(name)!.dataSync()[at]!, 1e-6);
    for (const part of [one, other, ours, theirs]) part.dispose();
  });

  it('gives the same gradient for one batch and for its parts, however long their captions', () => {
    const captions = batchOf(0).ids.map((id, at) => ({
      id,
      tokens: Array.from({length: at < 6 ? 2 : 11}, (_, k) => 4 + ((at + k) % 5)),
    }));
    const norms = [[captions], [captions.slice(0, 6), captions.slice(6)]].map((parts) => {
      const decoder = toyDecoder(toy, {dropout: 0, seed: 4});
      const adam = new Adam(decoder.weights);
      const {loss, gradientNorm} = trainStep(
        {...toy, decoder},
        adam,
        parts.map(collate),
        settings,
        objective,
      );
      for (const part of [decoder, adam]) part.dispose();
      return [loss, gradientNorm];
    });
    for (const at of [0, 1]) expect(norms[1]![at]).to.be.closeTo(norms[0]![at]!, 1e-5);
  });

  it('computes features of an image once for all its captions', () => {
    const asked: string[][] = [];
    const store = {
      ...{kind: toy.features.kind, depth: toy.features.depth, encoder: toy.features.encoder},
      ...{folder: '', preprocessing: toy.features.preprocessing, has: () => true},
      read: (ids: readonly string[]) => (asked.push([...ids]), toy.features.read(ids)),
    };
    const decoder = toyDecoder(toy);
    const adam = new Adam(decoder.weights);
    trainStep({...toy, features: store, decoder}, adam, [batchOf(0)], settings, objective);
    expect(asked).to.deep.equal([toy.dataset.images.slice(0, 4).map(({id}) => id)]);
    for (const part of [decoder, adam]) part.dispose();
  });

  it('takes label smoothing into the loss and weight decay into the step', () => {
    const batch = batchOf(0);
    const weightsAfter = (more: Partial<typeof settings>): {loss: number; weights: Map<string, number[]>} => {
      const decoder = toyDecoder(toy, {dropout: 0});
      const adam = new Adam(decoder.weights);
      const all = {...settings, ...more};
      const {loss} = trainStep({...toy, decoder}, adam, [batch], all, crossEntropy({...all, ownWords: 0}));
      const weights = new Map([...decoder.weights].map(([name, weight]) => [name, [...weight.dataSync()]]));
      for (const part of [decoder, adam]) part.dispose();
      return {loss, weights};
    };
    const decoder = toyDecoder(toy, {dropout: 0});
    const expected = tf.tidy(() => {
      const of = (ids: Int32Array): tf.Tensor2D => tf.tensor2d(ids, [batch.size, batch.steps], 'int32');
      const key = {seed: 1, step: 1, labelSmoothing: 0.2};
      return captionLoss(
        decoder,
        toy.features.read(batch.ids),
        of(batch.inputs),
        of(batch.targets),
        key,
      ).dataSync()[0]!;
    });
    const plain = weightsAfter({});
    const smoothed = weightsAfter({labelSmoothing: 0.2});
    expect(smoothed.loss).to.be.closeTo(expected, 1e-6);
    expect(smoothed.loss - plain.loss).to.be.above(1e-3);

    // AdamW takes its share of the weights as they were before the step, apart from the gradient; biases keep theirs.
    const decayed = weightsAfter({weightDecay: 0.5});
    expect(decayed.loss).to.equal(plain.loss);
    for (const [name, weight] of decoder.weights) {
      const share = weight.rank > 1 ? 0.5 * settings.learningRate : 0;
      for (const [at, before] of weight.dataSync().entries())
        expect(plain.weights.get(name)![at]! - decayed.weights.get(name)![at]!, name).to.be.closeTo(
          share * before,
          1e-6,
        );
    }
    decoder.dispose();
  });

  it('has masks of its own for each of its batches, and in each step, also where a step has fewer', () => {
    const keys: string[] = [];
    const store = {
      ...{kind: toy.features.kind, depth: toy.features.depth, encoder: toy.features.encoder},
      ...{folder: '', preprocessing: toy.features.preprocessing, has: () => true},
      read: (ids: readonly string[]) => toy.features.read(ids),
      draw: (ids: readonly string[], {seed, step}: {seed: number; step: number}) => (
        keys.push(`${seed} ${step}`),
        toy.features.read(ids)
      ),
    };
    const decoder = toyDecoder(toy);
    const adam = new Adam(decoder.weights);
    for (const [step, count] of [4, 4, 2, 4].entries()) {
      const batches = Array.from({length: count}, (_, at) => batchOf(at));
      trainStep(
        {...toy, features: store, decoder},
        adam,
        batches,
        {...settings, accumulate: 4, step},
        objective,
      );
    }
    expect(new Set(keys).size).to.equal(keys.length).and.to.equal(14);
    for (const part of [decoder, adam]) part.dispose();
  });

  describe('with scheduled sampling', () => {
    const mixedInputs = (
      decoder: Decoder,
      features: tf.Tensor,
      {inputs, size, steps}: Batch,
      share: number,
      {seed, step}: {readonly seed: number; readonly step: number},
    ): Int32Array =>
      tf.tidy(() => {
        const ids = tf.tensor2d(inputs, [size, steps], 'int32');
        const given = {features, inputs: ids, ownWords: tf.scalar(share), step: tf.scalar(step, 'int32')};
        return withOwnWords(decoder, given, seed).dataSync<'int32'>();
      });

    it('exchanges as many words as it is told for those that the decoder would write there, never the start', () => {
      const decoder = toyDecoder(toy);
      const batch = batchOf(0);
      const features = toy.features.read(batch.ids);
      let [words, own] = [0, 0];
      for (let step = 0; step < 40; step++) {
        const mixed = mixedInputs(decoder, features, batch, 0.4, {seed: 2, step});
        for (const [at, word] of batch.inputs.entries()) {
          const got = mixed[at]!;
          if (word === 0 || at % batch.steps === 0) expect(got).to.equal(word);
          else {
            words++;
            if (got !== word) own++;
          }
        }
      }
      // A word of its own can be people's too, by chance; this decoder has learnt nothing.
      expect(own / words).to.be.within(0.3, 0.42);
      const again = mixedInputs(decoder, features, batch, 0.4, {seed: 2, step: 5});
      expect(mixedInputs(decoder, features, batch, 0.4, {seed: 2, step: 5})).to.deep.equal(again);
      expect(mixedInputs(decoder, features, batch, 0, {seed: 2, step: 5})).to.deep.equal(batch.inputs);
      features.dispose();
      decoder.dispose();
    });

    it('draws them with the probabilities that the decoder gives them after the words before, among those that can be gone on from', () => {
      const decoder = toyDecoder(toy);
      const batch = collate([{id: toy.dataset.images[0]!.id, tokens: [5, 6]}]);
      const features = toy.features.read(batch.ids);
      const expected = tf.tidy(() => {
        const logits = decoder.logits(features, tf.tensor2d(batch.inputs, [1, 3], 'int32'));
        const allowed = bannedWords(decoder.vocabulary, [special.end]);
        return tf.softmax(tf.add<tf.Tensor3D>(logits, tf.tensor1d(allowed))).arraySync();
      });
      const draws = 800;
      const counts = new Map<number, number>();
      for (let step = 0; step < draws; step++) {
        const word = mixedInputs(decoder, features, batch, 1, {seed: 9, step})[2]!;
        counts.set(word, (counts.get(word) ?? 0) + 1);
      }
      for (const id of Object.values(special))
        expect(counts.get(id), 'is never gone on from').to.equal(undefined);
      for (const [word, probability] of expected[0]![1]!.entries()) {
        const spread = Math.sqrt((probability * (1 - probability)) / draws);
        expect(Math.abs((counts.get(word) ?? 0) / draws - probability)).to.be.at.most(4.5 * spread);
      }
      features.dispose();
      decoder.dispose();
    });
  });
});
