import {createLstm} from 'captioner/dist/decoders/lstm';
import {createDecoder, decoderKinds} from 'captioner/dist/decoders/registry';
import {tf} from 'captioner/dist/runtime/native';
import {uniform} from 'captioner/dist/runtime/random';
import {expect} from 'chai';
import {behavesLikeADecoder, depth, ids, values, vocabulary} from './standard';

const options = {embedding: 5, units: 8, dropout: 0.3, seed: 7};

describe('lstm decoder', () => {
  behavesLikeADecoder('lstm', 'pooled', options, 8);

  it('has the weights that its sizes ask for', () => {
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

  it('leaves out the part of the states that it is told to', () => {
    const decoder = createLstm(vocabulary, depth, options);
    const inputs = ids([[1, 4, 5, 6], [1, 8, 9, 0], [1, 10, 0, 0]]); // prettier-ignore
    const features = uniform([3, depth], [1, 1]);
    const dropped = values(decoder.states(features, inputs, {seed: 1, step: 1}));
    expect(dropped.filter((value) => value === 0).length / 96).to.be.closeTo(0.3, 0.15);
    expect(values(decoder.states(features, inputs))).to.not.include(0);
    decoder.dispose();
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
