import {DocumentFrequencies, ofSplit, ptbTokenize, Rewards, tf, Trainer} from 'captioner';
import {ciderD} from 'captioner/dist/metrics/cider';
import {imageScores} from 'captioner/dist/metrics/statistics';
import {advantages} from 'captioner/dist/training/self-critical';
import {sampledBatch} from 'captioner/dist/training/self-critical';
import {expect} from 'chai';
import {temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyOptions, type Toy} from './toy';

describe('Self-critical training', () => {
  let toy: Toy;
  before(async () => {
    toy = await makeToy(temporaryFolder());
  });
  const training = () => ofSplit(toy.dataset, 'train');

  describe('rewards', () => {
    it('are CIDEr-D with the end as a word', () => {
      const images = training();
      const rewards = new Rewards(images);
      const words = images.map(({captions}) => captions.map((caption) => [...ptbTokenize(caption), '<end>']));
      const candidates = images.map((_, at) => `a ${['red', 'green'][at % 2]} square on blue`);
      const expected = ciderD(
        candidates.map((caption) => [...ptbTokenize(caption), '<end>']),
        words,
        DocumentFrequencies.of(words),
      );
      const each = imageScores(expected).map((scores) => scores['CIDEr-D']!);
      for (const [at, {id}] of images.entries())
        expect(rewards.of(id, candidates[at]!, true)).to.be.closeTo(each[at]!, 1e-12);
    });

    it('are lower where the sentence breaks off', () => {
      const rewards = new Rewards(training());
      const {id, captions} = training()[0]!;
      expect(rewards.of(id, captions[1]!, true)).to.be.above(rewards.of(id, captions[1]!, false) + 0.1);
    });

    it("are held against the mean of the image's others, or against a baseline", () => {
      expect(advantages([[1, 2, 6]])).to.deep.equal([[-3, -1.5, 4.5]]);
      expect(advantages([[1, 2]], [3])).to.deep.equal([[-2, -1]]);
    });
  });

  it('learns from samples that end as they did, each with what it is better by', () => {
    const decoder = toyDecoder(toy);
    const imageFiles = training().map(({id}) => id);
    const features = toy.features.read(imageFiles);
    const settings = {
      samples: 4,
      baseline: 'others',
      maximumLength: 5,
      temperature: 1,
      seed: 3,
      step: 9,
    } as const;
    const rewards = new Rewards(training());
    const draw = (changes: object = {}) =>
      sampledBatch(decoder, features, imageFiles, toy.vocabulary, rewards, {...settings, ...changes});
    const {batch, shares, reward} = draw();
    expect(draw()).to.deep.equal({batch, shares, reward});
    expect(draw({step: 10}).batch).not.to.deep.equal(batch);
    expect(batch.ids).to.deep.equal(imageFiles.flatMap((id) => [id, id, id, id]));
    let [sum, broken] = [0, 0];
    for (const row of shares.keys()) {
      const targets = [...batch.targets.subarray(row * batch.steps, (row + 1) * batch.steps)].filter(
        (id) => id > 0,
      );
      const finished = targets.at(-1) === 2;
      const tokens = finished ? targets.slice(0, -1) : targets;
      if (!finished) {
        expect(tokens).to.have.length(5);
        broken++;
      }
      sum += rewards.of(batch.ids[row]!, toy.vocabulary.decode(tokens), finished);
    }
    expect(broken).to.be.within(1, shares.length - 1);
    expect(reward).to.be.closeTo(sum / shares.length, 1e-9);
    expect(shares.reduce((all, one) => all + one, 0)).to.be.closeTo(0, 1e-9);
    features.dispose();
    decoder.dispose();
  });

  it('raises the reward of a decoder that can write a little already, with either baseline', async () => {
    for (const baseline of ['others', 'greedy'] as const) {
      const decoder = toyDecoder(toy);
      const words = await Trainer.create({
        ...toy,
        decoder,
        options: {...toyOptions, epochs: 4, validationImages: 0},
      });
      await words.train();
      words.close();
      const options = {
        ...toyOptions,
        epochs: 25,
        validationImages: 0,
        learningRate: 0.003,
        baseline,
        objective: 'self-critical',
      } as const;
      const trainer = await Trainer.create({...toy, decoder, options}, {measured: true});
      const means = trainer.decoder.featureNormalization.get('features.mean')!.dataSync().slice();
      trainer.step();
      const tensors = tf.memory().numTensors;
      for (let step = 0; step < 5; step++) trainer.step();
      expect(tf.memory().numTensors).to.equal(tensors);
      await trainer.train();
      const rewards = trainer.history.steps.map(({reward}) => reward!);
      const mean = (of: readonly number[]): number => of.reduce((all, one) => all + one, 0) / of.length;
      expect(mean(rewards.slice(-20)), baseline).to.be.above(1.5 * mean(rewards.slice(0, 20)));
      expect(decoder.featureNormalization.get('features.mean')!.dataSync()).to.deep.equal(means);
      trainer.close();
      decoder.dispose();
    }
  });
});
