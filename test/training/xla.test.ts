import {join} from 'node:path';
import {expect} from 'chai';
import {type Batch, collate, createDecoder, type Decoder, decoderKinds, tf, Trainer} from 'captioner';
import {Adam} from 'captioner/dist/optim/adam';
import {uniform} from 'captioner/dist/ops/random';
import {functionOf} from 'captioner/dist/tensorflow/compiled';
import {crossEntropy} from 'captioner/dist/training/objectives';
import {trainerSettings} from 'captioner/dist/training/options';
import {trainStep} from 'captioner/dist/training/step';
import {temporaryFolder} from '../support';
import {leaked} from '../tensors';
import {makeToy, toyDecoder, toyOptions} from './toy';

const [vocabulary, depth, images] = [30, 10, 6];
const refused = async (): Promise<never> => Promise.reject(new Error('not needed here'));

/** The same number of words in each caption, so that one function serves all steps. */
const batchOf = (step: number): Batch =>
  collate(
    Array.from({length: images}, (_, at) => ({
      id: `${at}`,
      tokens: Array.from({length: 3}, (_, word) => 4 + ((step * 5 + at * 3 + word) % 26)),
    })),
  );

interface Way {
  readonly jit: 'none' | 'xla';
  readonly dropout?: number;
  readonly ownWords?: number;
  readonly precision?: 'float32' | 'bfloat16';
}

function train(kind: string, steps: number, {jit, dropout = 0, ownWords = 0, precision = 'float32'}: Way) {
  const decoder: Decoder = createDecoder(kind, vocabulary, depth, {units: 16, dropout, seed: 3});
  const adam = new Adam(decoder.weights);
  const all = tf.keep(uniform(decoder.features === 'grid' ? [images, 4, depth] : [images, depth], [1, 2]));
  const features = {read: (ids: readonly string[]) => tf.gather(all, tf.tensor1d(ids.map(Number), 'int32'))};
  const parts = {decoder, features, vocabulary: undefined} as unknown as Parameters<typeof trainStep>[0];
  const options = {...trainerSettings(), learningRate: 0.01, encoderLearningRate: 0, precision, jit};
  const objective = crossEntropy({labelSmoothing: 0.1, ownWords});
  const losses = Array.from(
    {length: steps},
    (_, step) => trainStep(parts, adam, [batchOf(step)], {...options, step}, objective).loss,
  );
  const compiled = functionOf(decoder, 'gradients', refused, [], jit).size;
  for (const part of [decoder, adam, all]) part.dispose();
  return {losses, compiled};
}

/** XLA compiles for seconds, longer where others compute too. */
describe('Training steps compiled by XLA', function () {
  this.timeout(300_000);

  for (const kind of decoderKinds)
    it(`have the losses of those that TensorFlow runs op after op: ${kind}`, () => {
      const [fast, plain] = [train(kind, 4, {jit: 'xla'}), train(kind, 4, {jit: 'none'})];
      expect([fast.compiled, plain.compiled]).to.deep.equal([1, 1]);
      for (const [at, loss] of fast.losses.entries())
        expect(loss / plain.losses[at]! - 1, `step ${at + 1}`).to.be.within(-1e-5, 1e-5);
      expect(new Set(fast.losses).size).to.equal(4);
    });

  it('repeat to the bit, with dropout, scheduled sampling and products in bfloat16, and leave no tensors behind', () => {
    const way = {jit: 'xla', dropout: 0.3, ownWords: 0.5, precision: 'bfloat16'} as const;
    const first = train('lstm', 3, way);
    let again: typeof first | undefined;
    expect(leaked(() => (again = train('lstm', 3, way)))).to.deep.equal({tensors: 0, native: 0});
    expect(again).to.deep.equal(first);
    expect(train('lstm', 3, {...way, jit: 'none'}).losses).not.to.deep.equal(first.losses);
  });

  it('are taken again by a resumed run, with the same losses to the bit', async () => {
    const folder = temporaryFolder();
    const toy = await makeToy(folder);
    // Short captions, as a function has a step of the LSTM for each word.
    const options = {...toyOptions, maximumLength: 3, jit: 'xla'} as const;
    const whole = await Trainer.create({...toy, decoder: toyDecoder(toy), options});
    const losses = [whole.step().loss, whole.step().loss];
    const run = join(folder, 'run');
    const first = await Trainer.create({...toy, decoder: toyDecoder(toy), run, options});
    const before = first.step().loss;
    await first.save();
    first.close();
    const second = await Trainer.resume(run, toy);
    expect(second.options.jit).to.equal('xla');
    expect([before, second.step().loss]).to.deep.equal(losses);
    for (const trainer of [whole, second]) trainer.close();
  });
});
