import {expect} from 'chai';
import {createLstm} from 'captioner/dist/decoders/lstm';
import {createDecoder, decoderKinds} from 'captioner/dist/decoders/registry';
import type {Decoder, DecoderState} from 'captioner/dist/decoders/decoder';
import {Adam} from 'captioner/dist/runtime/adam';
import {tf} from 'captioner/dist/runtime/native';
import {uniform} from 'captioner/dist/runtime/random';
import {gradients} from 'captioner/dist/training/loss';
import {leaked} from '../tensors';

const vocabulary = 12;
const depth = 6;
const options = {embedding: 5, units: 8, dropout: 0.3, seed: 7};
const ids = (rows: number[][]) => tf.tensor2d(rows, undefined, 'int32');

const features = uniform([3, depth], [1, 1]);
const captions = [
  [1, 4, 5, 6, 7],
  [1, 8, 9, 2, 0],
  [1, 10, 2, 0, 0],
];
const inputs = ids(captions.map((words) => words.slice(0, -1)));
const targets = ids(captions.map((words) => words.slice(1)));

const largestDifference = (a: tf.Tensor, b: tf.Tensor) => tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;
const values = (tensor: tf.Tensor) => Array.from(tensor.dataSync());

describe('lstm decoder', () => {
  let decoder: Decoder;
  beforeEach(() => {
    decoder = createLstm(vocabulary, depth, options);
  });
  afterEach(() => decoder.dispose());

  it('gives states and logits for every word', () => {
    expect(decoder.states(features, inputs).shape).to.deep.equal([3, 4, 8]);
    expect(decoder.logits(features, inputs).shape).to.deep.equal([3, 4, vocabulary]);
  });

  it('has the weights that its sizes ask for', () => {
    const shapes = [...decoder.weights].map(([name, {shape}]) => [name, shape]);
    expect(shapes).to.deep.equal([
      ['image.weight', [6, 5]],
      ['image.bias', [5]],
      ['embedding', [12, 5]],
      ['lstm.weight', [13, 32]],
      ['lstm.bias', [32]],
      ['output.weight', [12, 8]],
      ['output.bias', [12]],
    ]);
    const full = createLstm(3000, 1408);
    const parameters = [...full.weights.values()].reduce((sum, {size}) => sum + size, 0);
    expect(parameters).to.equal(1408 * 256 + 256 + 3000 * 256 + 768 * 2048 + 2048 + 3000 * 512 + 3000);
    full.dispose();
  });

  it('begins with the same weights for the same seed, and with the forget gate open', () => {
    const same = createLstm(vocabulary, depth, options);
    const other = createLstm(vocabulary, depth, {...options, seed: 8});
    for (const [name, weight] of decoder.weights) {
      expect(values(same.weights.get(name)!), name).to.deep.equal(values(weight));
      if (!name.endsWith('bias'))
        expect(values(other.weights.get(name)!), name).to.not.deep.equal(values(weight));
    }
    const forget = tf.slice(decoder.weights.get('lstm.bias')!, 16, 8);
    expect(values(forget)).to.deep.equal(Array(8).fill(1));
    same.dispose();
    other.dispose();
  });

  it('says the same word by word as all at once', () => {
    const all = decoder.logits(features, inputs);
    let state = decoder.begin(features);
    for (let t = 0; t < 4; t++) {
      const word = tf.reshape<tf.Rank.R1>(tf.slice(inputs, [0, t], [3, 1]), [3]);
      const next = decoder.step(word, state);
      state = next.state;
      expect(
        largestDifference(
          next.logits,
          tf.reshape(tf.slice(all, [0, t, 0], [3, 1, vocabulary]), [3, vocabulary]),
        ),
      ).to.be.below(1e-6);
    }
  });

  it('lets search gather, repeat and reorder the rows of its state', () => {
    const state = decoder.begin(features);
    for (const part of state) expect(part.shape[0]).to.equal(3);
    const order = tf.tensor1d([2, 0, 2], 'int32');
    const moved: DecoderState = state.map((part) => tf.gather(part, order));
    const word = tf.tensor1d([1, 1, 1], 'int32');
    const straight = tf.gather(decoder.step(word, state).logits, order);
    expect(largestDifference(decoder.step(word, moved).logits, straight)).to.be.below(1e-6);
    for (const part of state) expect(part.isDisposed).to.equal(false);
  });

  it('does not look ahead, nor from one caption to another', () => {
    const logits = decoder.logits(features, inputs);
    const changed = inputs.arraySync();
    changed[0]![3] = 9;
    changed[1] = [1, 3, 3, 3];
    const after = decoder.logits(features, ids(changed));
    const before = (all: tf.Tensor3D) => tf.slice(all, [0, 0, 0], [1, 3, vocabulary]);
    expect(largestDifference(before(logits), before(after))).to.be.below(1e-6);
    const last = (all: tf.Tensor3D) => tf.slice(all, [2, 0, 0], [1, 4, vocabulary]);
    expect(largestDifference(last(logits), last(after))).to.be.below(1e-6);
    expect(largestDifference(logits, after)).to.be.above(1e-4);
  });

  it('drops out in training only', () => {
    const states = (step?: number) =>
      values(decoder.states(features, inputs, step === undefined ? step : {seed: 1, step}));
    expect(states()).to.deep.equal(states());
    expect(states(1)).to.deep.equal(states(1));
    expect(states(1)).to.not.deep.equal(states(2));
    expect(states(1).filter((value) => value === 0).length / 96).to.be.closeTo(0.3, 0.15);
    expect(states()).to.not.include(0);
  });

  it('can learn one batch by heart', () => {
    const adam = new Adam(decoder.weights);
    let loss = Infinity;
    for (let step = 0; step < 150; step++) {
      const result = gradients(decoder, features, inputs, targets);
      adam.apply(result.gradients, 0.02);
      tf.dispose([...result.gradients.values()]);
      loss = result.loss;
    }
    adam.dispose();
    expect(loss).to.be.below(0.05);
    const best = tf.argMax(decoder.logits(features, inputs), 2).arraySync() as number[][];
    expect(best[0]).to.deep.equal([4, 5, 6, 7]);
    expect(best[1]!.slice(0, 3)).to.deep.equal([8, 9, 2]);
    expect(best[2]!.slice(0, 2)).to.deep.equal([10, 2]);
  });

  it('leaves no tensors behind', () => {
    const word = tf.tensor1d([1, 1, 1], 'int32');
    const work = () => {
      const own = createLstm(vocabulary, depth, options);
      tf.dispose([own.states(features, inputs, {seed: 1, step: 1}), own.logits(features, inputs)]);
      const state = own.begin(features);
      const next = own.step(word, state);
      tf.dispose([...state, next.logits, ...next.state]);
      own.dispose();
    };
    work();
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
  });
});

describe('createDecoder', () => {
  it('makes the same decoder again from its kind, sizes and options', () => {
    const decoder = createDecoder('lstm', vocabulary, depth, options);
    expect(decoder.options).to.deep.equal(options);
    const plain = JSON.parse(JSON.stringify(decoder.options)) as object;
    const again = createDecoder(decoder.kind, decoder.vocabulary, decoder.depth, plain);
    expect(again.options).to.deep.equal(decoder.options);
    for (const [name, weight] of decoder.weights)
      expect(values(again.weights.get(name)!)).to.deep.equal(values(weight));
    expect(decoderKinds).to.include('lstm');
    decoder.dispose();
    again.dispose();
  });

  it('says which kinds and options there are', () => {
    const make = (kind: string, settings: object) => () => createDecoder(kind, vocabulary, depth, settings);
    expect(make('gru', {}))
      .to.throw(/Unknown decoder "gru"; known: lstm/)
      .with.property('code', 'options');
    expect(make('lstm', {unit: 5})).to.throw(/unknown option `unit`/);
    expect(make('lstm', {units: 0}))
      .to.throw(/`units`.*got 0/)
      .with.property('code', 'options');
    expect(make('lstm', {dropout: 1})).to.throw(/`dropout`.*got 1/);
    expect(make('lstm', {embedding: 2.5})).to.throw(/`embedding`.*got 2.5/);
  });
});
