import {expect} from 'chai';
import {Adam} from 'captioner/dist/optim/adam';
import {tf} from 'captioner';
import {normal} from 'captioner/dist/ops/random';
import {leaked, readFixture, relativeError, tensorOf, type Reference} from '../tensors';

interface Updates {
  readonly weight: Reference;
  readonly rates: number[];
  readonly gradients: Reference;
  readonly after: Reference;
  readonly decay?: number;
}

/** Two weights, and for each step gradients that depend on the step alone. */
function toy(): {weights: Map<string, tf.Variable>; step: (adam: Adam, number: number) => void} {
  const weights = new Map([
    ['a', tf.variable(normal([3, 4], [1, 1]))],
    ['b', tf.variable(normal([5], [1, 2]))],
  ]);
  const step = (adam: Adam, number: number) => {
    const gradients = new Map([
      ['a', normal([3, 4], [2, number])],
      ['b', normal([5], [3, number])],
    ]);
    adam.apply(gradients, 0.01 / number);
    tf.dispose([...gradients.values()]);
  };
  return {weights, step};
}

const bits = (values: ArrayLike<number>) => Array.from(new Int32Array(Float32Array.from(values).buffer));

describe('Adam', () => {
  for (const name of ['adam', 'adamw'])
    it(`updates weights like PyTorch's ${name}`, () => {
      const reference = readFixture<Updates>('runtime', `${name}.json`);
      const weight = tf.variable(tensorOf(reference.weight));
      const adam = new Adam(new Map([['w', weight]]));
      const gradients = tf.unstack(tensorOf(reference.gradients));
      const after = tf.unstack(tensorOf(reference.after));
      for (const [k, rate] of reference.rates.entries()) {
        adam.apply(new Map([['w', gradients[k]!]]), rate, reference.decay);
        expect(relativeError(weight, after[k]!.dataSync())).to.be.below(1e-5);
      }
      adam.dispose();
    });

  it('does not decay biases', () => {
    const bias = tf.variable(tf.tensor1d([1, -2]));
    const adam = new Adam(new Map([['bias', bias]]));
    adam.apply(new Map([['bias', tf.zeros([2])]]), 0.1, 0.5);
    expect([...bias.dataSync()]).to.deep.equal([1, -2]);
    adam.dispose();
  });

  it('resumes from a saved state with bit-identical results', () => {
    const straight = toy();
    const adam = new Adam(straight.weights);
    for (let k = 1; k <= 12; k++) straight.step(adam, k);

    const first = toy();
    const before = new Adam(first.weights);
    for (let k = 1; k <= 5; k++) first.step(before, k);
    const state = before.state();
    const second = toy();
    for (const [name, weight] of second.weights) weight.assign(first.weights.get(name)!);
    const after = new Adam(second.weights);
    after.restore(state);
    for (let k = 6; k <= 12; k++) second.step(after, k);

    for (const [name, weight] of straight.weights)
      expect(bits(second.weights.get(name)!.dataSync())).to.deep.equal(bits(weight.dataSync()));
    for (const [name, values] of adam.state())
      expect(bits(after.state().get(name)!), name).to.deep.equal(bits(values));
    for (const optimizer of [adam, before, after]) optimizer.dispose();
  });

  it('uses a value assigned to a weight between two updates', () => {
    const weight = tf.variable(tf.scalar(1));
    const adam = new Adam(new Map([['w', weight]]));
    const gradients = new Map([['w', tf.scalar(1)]]);
    adam.apply(gradients, 0.1);
    expect(weight.dataSync()[0]).to.be.closeTo(0.9, 1e-5);
    weight.assign(tf.scalar(5));
    adam.apply(gradients, 0.1);
    expect(weight.dataSync()[0]).to.be.closeTo(4.9, 1e-5);
    adam.dispose();
  });

  it('does not change tensors read from a weight earlier', () => {
    const weight = tf.variable(tf.tensor1d([1, 2, 3]));
    const adam = new Adam(new Map([['w', weight]]));
    adam.apply(new Map([['w', tf.ones([3])]]), 0.1);
    const held = tf.clone(weight);
    const values = Array.from(held.dataSync());
    adam.apply(new Map([['w', tf.ones([3])]]), 0.1);
    expect(Array.from(held.dataSync())).to.deep.equal(values);
    expect(Array.from(weight.dataSync())).to.not.deep.equal(values);
    adam.dispose();
  });

  it('rejects the state of other weights and keeps its own', () => {
    const {weights, step} = toy();
    const adam = new Adam(weights);
    step(adam, 1);
    const state = adam.state();
    const broken = [
      new Map([...state].filter(([name]) => name !== 'm.b')),
      new Map(state).set('v.a', new Float32Array(3)),
      new Map(state).set('m.c', new Float32Array(3)),
    ];
    const messages = [/5 numbers for `m.b`, got nothing/, /12 numbers for `v.a`, got 3/, /unexpected `m.c`/];
    for (const [k, other] of broken.entries())
      expect(() => adam.restore(other))
        .to.throw(messages[k])
        .with.property('code', 'mismatch');
    expect(adam.state()).to.deep.equal(state);
    expect(() => adam.apply(new Map([['c', tf.scalar(0)]]), 1)).to.throw(/unknown weight `c`/);
    adam.dispose();
  });

  it('leaks no tensors', () => {
    const {weights, step} = toy();
    const work = () => {
      const adam = new Adam(weights);
      for (let k = 1; k <= 3; k++) step(adam, k);
      adam.restore(adam.state());
      adam.dispose();
    };
    work();
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
  });
});
