import {Ema, rawWeights, restoreEma} from 'captioner/dist/optim/ema';
import {tf} from 'captioner';
import {expect} from 'chai';

describe('Ema', () => {
  const numbers = (x: tf.Tensor): number[] => [...x.dataSync<'float32'>()];

  it('averages weights by its formula and leaves the weights unchanged', () => {
    const weight = tf.variable(tf.tensor1d([1, -2]));
    const average = new Ema(new Map([['w', weight]]));
    let expected = [1, -2];
    for (let step = 0; step < 30; step++) {
      tf.tidy(() => weight.assign(tf.tensor1d([Math.sin(step), step])));
      average.update(0.6, step);
      const kept = Math.min(0.6, (1 + step) / (10 + step));
      expected = [Math.sin(step), step].map((now, at) => kept * expected[at]! + (1 - kept) * now);
    }
    const {raw, restore} = average.swapIn();
    for (const [at, value] of numbers(weight).entries()) expect(value).to.be.closeTo(expected[at]!, 1e-5);
    expect(numbers(raw.get('w')!)[1]).to.equal(29);
    restore();
    expect(numbers(weight)[1]).to.equal(29);
    average.dispose();
    weight.dispose();
  });

  it('resumes from a checkpoint bit for bit and leaks no tensors', () => {
    const before = tf.memory().numTensors;
    const weight = tf.tidy(() => tf.variable(tf.tensor1d([0.1, 0.7])));
    const weights = new Map([['w', weight]]);
    const average = new Ema(weights);
    tf.tidy(() => weight.assign(tf.tensor1d([0.3, 0.9])));
    average.update(0.9, 5);
    const shown = average.swapIn();
    const state = new Map([...rawWeights(shown), ['powers', Float32Array.of(1, 2)]]);
    const saved = weight.dataSync<'float32'>().slice();
    shown.restore();

    const fresh = tf.tidy(() => tf.variable(tf.tensor1d(saved)));
    const again = restoreEma(state, new Map([['w', fresh]]))!;
    expect([...state.keys()]).to.deep.equal(['powers']);
    expect(numbers(fresh)).to.deep.equal(numbers(weight));
    for (const one of [average, again]) one.update(0.9, 6);
    const [first, second] = [average.swapIn(), again.swapIn()];
    expect(numbers(fresh)).to.deep.equal(numbers(weight));
    for (const one of [first, second]) one.restore();
    for (const one of [average, again, weight, fresh]) one.dispose();
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('is absent if the checkpoint has no average', () => {
    const weight = tf.variable(tf.scalar(1));
    expect(restoreEma(new Map(), new Map([['w', weight]]))).to.equal(undefined);
    weight.dispose();
  });
});
