import {createLstm} from 'captioner/dist/decoders/lstm';
import {createDecoder, decoderKinds, tf} from 'captioner';
import {lstmCell} from 'captioner/dist/ops/lstm-cell';
import {dropout, uniform} from 'captioner/dist/ops/random';
import {expect} from 'chai';
import {
  behavesLikeADecoder,
  depth,
  equalsPyTorch,
  ids,
  largestDifference,
  values,
  vocabulary,
} from './standard';

const options = {embedding: 5, units: 8, dropout: 0.3, seed: 7};
const inputs = ids([[1, 4, 5, 6], [1, 8, 9, 0], [1, 10, 0, 0]]); // prettier-ignore

describe('lstm decoder', () => {
  behavesLikeADecoder('lstm', 'pooled', options, 8);

  it('equals PyTorch with two layers: logits, loss and every gradient', () =>
    equalsPyTorch('lstm', 'lstm-layers'));

  it('equals PyTorch with three layers and the image at every word', () =>
    equalsPyTorch('lstm', 'lstm-every'));

  it('has the expected weights', () => {
    const decoder = createLstm(vocabulary, depth, options);
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
    const forget = tf.slice(decoder.weights.get('lstm.bias')!, 16, 8);
    expect(values(forget), 'the forget gate begins open').to.deep.equal(Array(8).fill(1));
    full.dispose();
    decoder.dispose();
  });

  it('has more weights with more layers and with the image at every word', () => {
    const decoder = createLstm(vocabulary, depth, {...options, layers: 3, imageInput: 'every'});
    const shapes = [...decoder.weights].filter(([name]) => name.startsWith('lstm'));
    expect(shapes.map(([name, {shape}]) => [name, shape])).to.deep.equal([
      ['lstm.weight', [18, 32]],
      ['lstm.bias', [32]],
      ['lstm.2.weight', [16, 32]],
      ['lstm.2.bias', [32]],
      ['lstm.3.weight', [16, 32]],
      ['lstm.3.bias', [32]],
    ]);
    decoder.dispose();
  });

  it("reads the image at every word with `imageInput: 'every'`", () => {
    const decoder = createLstm(vocabulary, depth, {...options, imageInput: 'every'});
    const features = uniform([3, depth], [1, 1]);
    const state = decoder.begin(features);
    expect(state.map(({shape}) => shape)).to.deep.equal([[3, 8], [3, 8], [3, 5]]); // prettier-ignore
    const others = decoder.begin(uniform([3, depth], [2, 2]));
    const word = tf.tensor1d([4, 5, 6], 'int32');
    const logits = (image: tf.Tensor) => values(decoder.step(word, [state[0]!, state[1]!, image]).logits);
    expect(logits(state[2]!)).to.not.deep.equal(logits(others[2]!));
    decoder.dispose();
  });

  for (const image of ['first', 'every'] as const)
    it(`applies dropout to inputs and outputs, not to recurrent connections, with imageInput ${image}`, () => {
      const decoder = createLstm(vocabulary, depth, {...options, layers: 3, imageInput: image});
      const features = uniform([3, depth], [1, 1]);
      const key = {seed: 1, step: 1};
      const drop = <T extends tf.Tensor>(x: T, mask: number): T => dropout(x, 0.3, key, mask);
      const weight = <R extends tf.Rank>(name: string) => decoder.weights.get(name) as tf.Variable<R>;
      const projected = features.dot(weight('image.weight')).add<tf.Tensor2D>(weight('image.bias'));
      let below: tf.Tensor = weight('embedding').gather(inputs.transpose()); // [steps, batch, embedding]
      if (image === 'first') below = drop(tf.concat([projected.expandDims(0), below]), 0);
      else below = tf.concat([drop(below, 0), drop(projected, 2).expandDims(0).tile([4, 1, 1])], 2);
      for (const [at, name] of ['lstm', 'lstm.2', 'lstm.3'].entries()) {
        let [h, c] = [tf.zeros<tf.Rank.R2>([3, 8]), tf.zeros<tf.Rank.R2>([3, 8])];
        const all = tf.unstack(at === 0 ? below : drop(below, 2 + at)).map((x) => {
          ({h, c} = lstmCell(x as tf.Tensor2D, h, c, weight(`${name}.weight`), weight(`${name}.bias`)));
          return h;
        });
        below = tf.stack(all);
      }
      const last = below.slice(below.shape[0] - 4).transpose([1, 0, 2]);
      const states = decoder.states(features, inputs, key);
      expect(largestDifference(states, drop(last, 1))).to.be.below(1e-6);
      decoder.dispose();
    });

  it('drops the given fraction of the states', () => {
    const decoder = createLstm(vocabulary, depth, options);
    const features = uniform([3, depth], [1, 1]);
    const dropped = values(decoder.states(features, inputs, {seed: 1, step: 1}));
    expect(dropped.filter((value) => value === 0).length / 96).to.be.closeTo(0.3, 0.15);
    expect(values(decoder.states(features, inputs))).to.not.include(0);
    decoder.dispose();
  });
});

for (const more of [{layers: 2}, {imageInput: 'every'}, {layers: 2, imageInput: 'every'}])
  describe(`lstm decoder with ${JSON.stringify(more)}`, () =>
    behavesLikeADecoder('lstm', 'pooled', {...options, ...more}, 8));

describe('createDecoder', () => {
  it('recreates a decoder from its kind, sizes and options', () => {
    const decoder = createDecoder('lstm', vocabulary, depth, options);
    expect(decoder.options).to.deep.equal({...options, layers: 1, imageInput: 'first'});
    const plain = JSON.parse(JSON.stringify(decoder.options)) as object;
    const again = createDecoder(decoder.kind, decoder.vocabulary, decoder.depth, plain);
    expect(again.options).to.deep.equal(decoder.options);
    for (const [name, weight] of decoder.weights)
      expect(values(again.weights.get(name)!)).to.deep.equal(values(weight));
    expect(decoderKinds).to.include('lstm');
    decoder.dispose();
    again.dispose();
  });

  it('accepts the options of checkpoints from before stacked layers', () => {
    const decoder = createDecoder('lstm', vocabulary, depth, {...options, layers: 1, imageInput: 'first'});
    const old = createDecoder('lstm', vocabulary, depth, options);
    expect([...old.weights.keys()]).to.deep.equal([...decoder.weights.keys()]);
    for (const [name, weight] of decoder.weights)
      expect(values(old.weights.get(name)!)).to.deep.equal(values(weight));
    decoder.dispose();
    old.dispose();
  });

  it('lists the known kinds and options', () => {
    const make = (kind: string, settings: object) => () => createDecoder(kind, vocabulary, depth, settings);
    expect(make('gru', {}))
      .to.throw(/Unknown decoder "gru"; known: lstm/)
      .with.property('code', 'options');
    expect(make('lstm', {unit: 5})).to.throw(/unknown option `unit`/);
    expect(make('lstm', {units: 0}))
      .to.throw(/`units`.*got 0/)
      .with.property('code', 'options');
    expect(make('lstm', {layers: 0})).to.throw(/`layers`.*got 0/);
    expect(make('lstm', {imageInput: 'last'})).to.throw(/`imageInput`.*got "last"/);
    expect(make('lstm', {dropout: 1})).to.throw(/`dropout`.*got 1/);
    expect(make('lstm', {embedding: 2.5})).to.throw(/`embedding`.*got 2.5/);
  });
});
