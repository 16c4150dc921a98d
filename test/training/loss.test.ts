import {expect} from 'chai';
import {captionLoss, createDecoder, type Decoder, type LstmOptions, tf} from 'captioner';
import {createLstm} from 'captioner/dist/decoders/lstm';
import {normal} from 'captioner/dist/ops/random';
import {gradients} from 'captioner/dist/training/loss';
import {leaked, readFixture, relativeError, tensorOf, type Reference} from '../tensors';

const reference = readFixture<{
  options: LstmOptions;
  vocabulary: number;
  features: Reference;
  inputs: number[][];
  targets: number[][];
  weights: Record<string, Reference>;
  logits: Reference;
  loss: number;
  gradients: Record<string, Reference>;
}>('training', 'loss.json');

const ids = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');

describe('captionLoss', () => {
  const features = tensorOf(reference.features);
  const inputs = ids(reference.inputs);
  const targets = ids(reference.targets);
  let decoder: Decoder;

  before(() => {
    decoder = createLstm(reference.vocabulary, features.shape[1]!, {...reference.options, dropout: 0.4});
    for (const [name, weight] of decoder.weights) weight.assign(tensorOf(reference.weights[name]!));
  });
  after(() => decoder.dispose());

  it("gives PyTorch's loss, and PyTorch's gradient of every weight", () => {
    expect(relativeError(decoder.logits(features, inputs), reference.logits.values)).to.be.below(1e-5);
    const result = gradients(decoder, features, inputs, targets);
    expect(result.loss).to.be.closeTo(reference.loss, 1e-5 * reference.loss);
    expect([...result.gradients.keys()]).to.deep.equal([...decoder.weights.keys()]);
    for (const [name, gradient] of result.gradients)
      expect(relativeError(gradient, reference.gradients[name]!.values), name).to.be.below(1e-4);
  });

  it('has the gradient that finite differences have, with dropout too', () => {
    const key = {seed: 4, step: 9};
    const {gradients: analytic} = gradients(decoder, features, inputs, targets, key);
    for (const [name, weight] of decoder.weights) {
      const values = weight.dataSync<'float32'>().slice();
      const slopes = analytic.get(name)!.dataSync<'float32'>();
      const place = slopes.reduce(
        (best, slope, k) => (Math.abs(slope) > Math.abs(slopes[best]!) ? k : best),
        0,
      );
      const lossAt = (shift: number) => {
        const moved = values.slice();
        moved[place]! += shift;
        weight.assign(tf.tensor(moved, weight.shape));
        return captionLoss(decoder, features, inputs, targets, key).dataSync()[0]!;
      };
      const slope = (lossAt(1e-2) - lossAt(-1e-2)) / 2e-2;
      weight.assign(tf.tensor(values, weight.shape));
      expect(slopes[place], name).to.be.closeTo(slope, 5e-3 * Math.abs(slope) + 1e-4);
    }
  });

  it('is the same whatever padding follows', () => {
    const longer = (rows: number[][]) => ids(rows.map((row) => [...row, 0, 0]));
    const loss = captionLoss(decoder, features, longer(reference.inputs), longer(reference.targets));
    expect(loss.dataSync()[0]).to.be.closeTo(reference.loss, 1e-5 * reference.loss);
  });

  it('is the mean over words, not over captions', () => {
    const [long, short] = [0, 3].map((row) => {
      const one = captionLoss(
        decoder,
        tf.slice(features, row, 1),
        ids([reference.inputs[row]!]),
        ids([reference.targets[row]!]),
      );
      return one.dataSync()[0]!;
    }) as [number, number];
    const pair = (rows: number[][]) => ids([rows[0]!, rows[3]!]);
    const both = captionLoss(
      decoder,
      tf.gather(features, [0, 3]),
      pair(reference.inputs),
      pair(reference.targets),
    );
    expect(both.dataSync()[0]).to.be.closeTo((4 * long + short) / 5, 1e-4);
  });

  it('depends on the dropout key, and on nothing else that is hidden', () => {
    const at = (step: number) => gradients(decoder, features, inputs, targets, {seed: 1, step});
    const [first, again, other] = [at(1), at(1), at(2)];
    expect(again.loss).to.equal(first.loss);
    expect(other.loss).to.not.equal(first.loss);
    for (const [name, gradient] of first.gradients)
      expect(Array.from(again.gradients.get(name)!.dataSync()), name).to.deep.equal(
        Array.from(gradient.dataSync()),
      );
  });

  it('refuses what is no batch, and says why', () => {
    const loss = (input: number[][], target: number[][]) => () =>
      captionLoss(decoder, tf.slice(features, 0, 1), ids(input), ids(target));
    expect(loss([[1, 11]], [[4, 2]]))
      .to.throw('expected word ids from 0 to 10 in the inputs, got 11')
      .with.property('code', 'mismatch');
    expect(loss([[1, 4]], [[-1, 2]])).to.throw('in the targets, got -1');
    expect(loss([[1, 4]], [[0, 0]]))
      .to.throw('got only padding')
      .with.property('code', 'captions');
    expect(loss([[1, 4]], [[4, 5, 2]]))
      .to.throw('inputs [1, 2], targets [1, 3], features [1, 5]')
      .with.property('code', 'shape');
  });

  it('leaves no tensors behind', () => {
    const work = () => {
      captionLoss(decoder, features, inputs, targets).dispose();
      tf.dispose([...gradients(decoder, features, inputs, targets, {seed: 1, step: 1}).gradients.values()]);
      const wrong = ids([[1, 11]]);
      expect(() => gradients(decoder, features, wrong, wrong)).to.throw();
      wrong.dispose();
    };
    work();
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
  });

  it('lets captions count differently and divides logits by a temperature, as if the words were fewer and surer', () => {
    const plain = createLstm(reference.vocabulary, features.shape[1]!, {...reference.options, dropout: 0});
    for (const [name, weight] of plain.weights) weight.assign(tensorOf(reference.weights[name]!));
    neverWritten(plain);
    const key = {seed: 1, step: 1};
    const captions = inputs.shape[0];
    const of = (shares: readonly number[], temperature?: number): number =>
      captionLoss(plain, features, inputs, targets, {
        ...key,
        shares,
        ...(temperature !== undefined && {temperature}),
      }).dataSync()[0]!;
    const only = (row: number): number[] => Array.from({length: captions}, (_, at) => (at === row ? 1 : 0));
    const parts = Array.from({length: captions}, (_, row) => of(only(row)));
    const all = parts.reduce((sum, part) => sum + part, 0);
    expect(all).to.be.closeTo(captionLoss(plain, features, inputs, targets).dataSync()[0]!, 1e-5);
    const shares = parts.map((_, row) => row - 1.5);
    expect(of(shares)).to.be.closeTo(
      parts.reduce((sum, part, row) => sum + part * shares[row]!, 0),
      1e-5,
    );
    const cold = of(shares, 0.5);
    for (const part of [plain.output.weight, plain.output.bias]) part.assign(tf.mul(part, 2));
    expect(cold).to.be.closeTo(of(shares), 1e-5);
    plain.dispose();
  });

  it('asks of captions that count differently nothing beside, such as where they looked', () => {
    const attending = createDecoder('attention', reference.vocabulary, 6, {
      ...{units: 8, embedding: 4, attention: 8, dropout: 0},
    });
    neverWritten(attending);
    const [captions] = inputs.shape;
    const grid = normal([captions, 4, 6], [3, 1]);
    const of = (training?: object): number =>
      captionLoss(
        attending,
        grid,
        inputs,
        targets,
        training && {seed: 1, step: 1, ...training},
      ).dataSync()[0]!;
    const shares = Array.from({length: captions}, () => 1);
    expect(of({shares})).to.be.closeTo(of(), 1e-6);
    expect(of({})).to.be.above(of() + 0.01);
    attending.dispose();
    grid.dispose();
  });

  it('takes captions that count differently for choices among the words that may be written', () => {
    const plain = createLstm(reference.vocabulary, features.shape[1]!, {...reference.options, dropout: 0});
    const shares = Array.from({length: inputs.shape[0]}, (_, row) => row - 0.5);
    const of = () => gradients(plain, features, inputs, targets, {seed: 1, step: 1, shares});
    const {loss, gradients: found} = of();
    const bias = found.get('output.bias')!.dataSync();
    for (const id of [0, 1, 3]) expect(bias[id], `word ${id}`).to.equal(0);
    for (const id of [2, 4, 5]) expect(bias[id], `word ${id}`).not.to.equal(0);
    // However likely the others are, the choice stays the same.
    plain.output.bias.assign(tf.add(plain.output.bias, tf.tensor1d([7, 8, 0, 9, ...zeros(4)])));
    expect(of().loss).to.be.closeTo(loss, 1e-6);
    tf.dispose([...found.values()]);
    plain.dispose();
  });
});

const zeros = (from: number): number[] => Array.from({length: reference.vocabulary - from}, () => 0);

/** Gives padding, start and unknown words no chance, which no caption is sampled with. */
function neverWritten({output: {bias}}: Decoder): void {
  bias.assign(tf.add(bias, tf.tensor1d([-1e9, -1e9, 0, -1e9, ...zeros(4)])));
}
