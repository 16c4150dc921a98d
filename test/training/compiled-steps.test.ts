import {expect} from 'chai';
import {type Batch, collate, createDecoder, decoderKinds, tf} from 'captioner';
import {Adam} from 'captioner/dist/optim/adam';
import {uniform} from 'captioner/dist/ops/random';
import {SeededRandom} from 'captioner/dist/random/random';
import {functionOf} from 'captioner/dist/tensorflow/compiled';
import {roundedSize} from 'captioner/dist/tensorflow/rounded-size';
import type {Precision} from 'captioner/dist/tensorflow/precision';
import {padded} from 'captioner/dist/training/batches';
import {compiledLoss, lossInputs, settingsOf} from 'captioner/dist/training/loss';
import {crossEntropy} from 'captioner/dist/training/objectives';
import {trainerSettings} from 'captioner/dist/training/options';
import {trainStep} from 'captioner/dist/training/step';
import {countReads, eagerly, leaked} from '../tensors';

const [vocabulary, depth, images] = [40, 10, 12];
const refused = async (): Promise<never> => Promise.reject(new Error('not needed here'));

/** Captions of some images, several of an image among them. */
function batchOf(step: number, captions = 8): Batch {
  const random = new SeededRandom(7, step);
  return collate(
    Array.from({length: captions}, (_, at) => ({
      id: `${(step * 3 + Math.floor(at / 2)) % images}`,
      tokens: Array.from(
        {length: 3 + Math.floor(4 * random.next())},
        () => 4 + Math.floor(36 * random.next()),
      ),
    })),
  );
}

interface Course {
  readonly losses: readonly number[];
  readonly norms: readonly number[];
  readonly weights: readonly number[];
}

const options = {
  ...{...trainerSettings(), clipNorm: 0.5, weightDecay: 0.01, labelSmoothing: 0.1},
  ...{learningRate: 0.01, encoderLearningRate: 0},
};

/** Trains a decoder for a few steps with everything that a step can have. */
function train(kind: string, steps: number, accumulate = 1, precision: Precision = 'float32'): Course {
  const decoder = createDecoder(kind, vocabulary, depth, {units: 16, dropout: 0.3, seed: 3});
  const adam = new Adam(decoder.weights);
  const all = tf.keep(uniform(decoder.features === 'grid' ? [images, 4, depth] : [images, depth], [1, 2]));
  const features = {read: (ids: readonly string[]) => tf.gather(all, tf.tensor1d(ids.map(Number), 'int32'))};
  const parts = {decoder, features, vocabulary: undefined} as unknown as Parameters<typeof trainStep>[0];
  const objective = crossEntropy({labelSmoothing: 0.1, ownWords: 0.25});
  const results = Array.from({length: steps}, (_, step) => {
    const batches = Array.from({length: accumulate}, (_, part) => batchOf(step * accumulate + part));
    return trainStep(parts, adam, batches, {...options, accumulate, precision, step}, objective);
  });
  const weights = [...decoder.weights.values()].flatMap((weight) => [...weight.dataSync<'float32'>()]);
  for (const part of [decoder, adam, all]) part.dispose();
  return {losses: results.map(({loss}) => loss), norms: results.map((one) => one.gradientNorm), weights};
}

describe('Compiled training steps', () => {
  for (const kind of decoderKinds)
    for (const accumulate of [1, 2])
      it(`repeat to the bit, and agree with steps op by op: ${kind}, ${accumulate === 1 ? 'one batch' : 'two batches'}`, () => {
        const first = train(kind, 3, accumulate);
        expect(train(kind, 3, accumulate)).to.deep.equal(first);
        const plain = eagerly(() => train(kind, 3, accumulate));
        expect(first.losses[0]! / plain.losses[0]! - 1).to.be.within(-1e-6, 1e-6);
        // oneDNN's Softmax, which only functions use, rounds differently (4e-7); each step enlarges the difference.
        for (const [at, loss] of first.losses.entries())
          expect(loss / plain.losses[at]! - 1, `step ${at + 1}`).to.be.within(-1e-5, 1e-5);
        for (const [at, norm] of first.norms.entries())
          expect(norm / plain.norms[at]! - 1, `norm ${at + 1}`).to.be.within(-1e-4, 1e-4);
      });

  for (const kind of decoderKinds)
    it(`with products in bfloat16 repeat to the bit, and stay near those in float32 for 20 steps: ${kind}`, () => {
      const [half, full] = [train(kind, 20, 1, 'bfloat16'), train(kind, 20)];
      expect(train(kind, 20, 1, 'bfloat16')).to.deep.equal(half);
      expect(half.losses).not.to.deep.equal(full.losses);
      for (const [at, loss] of half.losses.entries())
        expect(loss / full.losses[at]! - 1, `step ${at + 1}`).to.be.within(-0.01, 0.01);
      // Op by op, the same is rounded.
      const plain = eagerly(() => train(kind, 1, 1, 'bfloat16'));
      expect(half.losses[0]! / plain.losses[0]! - 1).to.be.within(-1e-4, 1e-4);
      // The weights themselves have more than 8 bits.
      const bits = (weights: readonly number[]) => new Uint32Array(Float32Array.from(weights).buffer);
      expect(bits(half.weights).filter((pattern) => (pattern & 0xffff) !== 0).length).to.be.above(
        half.weights.length / 2,
      );
    });

  it('read once, the loss and the norm together', () => {
    const reads = countReads(() => void train('attention', 2));
    const decoder = createDecoder('attention', vocabulary, depth, {units: 16});
    // One in each of the two steps, and one of each weight at the end.
    expect(reads).to.equal(2 + decoder.weights.size);
    decoder.dispose();
  });

  it('leave no tensors and no functions behind', () => {
    const work = () => void train('transformer', 2, 2);
    work();
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
  });

  it('change nothing if the loss is not finite, and go on afterwards as if it had not been', () => {
    const course = (spoil: boolean): number[] => {
      const decoder = createDecoder('lstm', vocabulary, depth, {units: 16, dropout: 0, seed: 3});
      const adam = new Adam(decoder.weights);
      const values = (): number[] => [
        ...[...decoder.weights.values()].flatMap((weight) => [...weight.dataSync<'float32'>()]),
        ...[...adam.state().values()].flatMap((numbers) => [...numbers]),
      ];
      const step = (number: number, scale = 1) => {
        const read = (ids: readonly string[]) => tf.mul(tf.ones([ids.length, depth]), scale);
        const parts = {decoder, features: {read}} as unknown as Parameters<typeof trainStep>[0];
        return trainStep(
          parts,
          adam,
          [batchOf(1)],
          {...options, step: number},
          crossEntropy({labelSmoothing: 0, ownWords: 0}),
        );
      };
      step(0);
      if (spoil) {
        const before = values();
        for (const scale of [NaN, Infinity])
          expect(() => step(1, scale))
            .to.throw('expected finite numbers')
            .with.property('code', 'diverged');
        expect(values()).to.deep.equal(before);
      }
      step(1);
      const after = values();
      for (const part of [decoder, adam]) part.dispose();
      return after;
    };
    expect(course(true)).to.deep.equal(course(false));
  });

  it('take sizes that are rounded up, so that few functions are compiled', () => {
    expect([1, 31, 32, 33, 64, 65, 100, 125, 128, 129].map(roundedSize)).to.deep.equal([
      ...[1, 31, 32, 34, 64, 68, 100, 128, 128, 136],
    ]);
    const decoder = createDecoder('attention', vocabulary, depth, {units: 16, dropout: 0});
    const batch = batchOf(2, 66);
    const wide = padded(batch);
    expect([wide.size, wide.steps, wide.ids.length]).to.deep.equal([68, batch.steps, 66]);
    tf.tidy(() => {
      const features = uniform([68, 4, depth], [1, 2]);
      const loss = (
        features: tf.Tensor,
        captions: Batch,
        training?: {readonly seed: number; readonly step: number},
      ) =>
        compiledLoss(
          decoder,
          lossInputs(decoder, features, captions, training),
          settingsOf(training),
        ).dataSync()[0]!;
      const real = tf.slice(features, 0, 66);
      expect(loss(features, wide) / loss(real, batch)).to.be.within(1 - 1e-6, 1 + 1e-6);
      // With the penalty of uneven attention, which is a mean over captions.
      const key = {seed: 1, step: 1};
      expect(loss(features, wide, key) / loss(real, batch, key)).to.be.within(1 - 1e-6, 1 + 1e-6);
    });
    const made = functionOf(decoder, 'loss', refused);
    expect(made.size).to.equal(4);
    decoder.dispose();
    expect(made.size).to.equal(0);
  });
});
