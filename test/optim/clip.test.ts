import {expect} from 'chai';
import {clipping, scaled} from 'captioner/dist/optim/clip';
import {tf} from 'captioner';

const clip = (values: number[][], maximum: number, loss = 1) =>
  tf.tidy(() => {
    const gradients = values.map((value) => tf.tensor1d(value));
    const {norm, finite, factor} = clipping(gradients, tf.scalar(maximum), tf.scalar(loss));
    const [first, second] = [norm, factor].map((one) => one.dataSync()[0]!);
    const clipped = gradients.map((gradient) => Array.from(scaled(gradient, factor).dataSync()));
    return {norm: first, factor: second, finite: finite.dataSync()[0] === 1, values: clipped};
  });

describe('Clipping', () => {
  it('scales all gradients by one factor', () => {
    const {norm, values} = clip([[3, 0], [4]], 1);
    expect(norm).to.be.closeTo(5, 1e-6);
    expect(values[0]![0]).to.be.closeTo(0.6, 1e-6);
    expect(values[1]![0]).to.be.closeTo(0.8, 1e-6);
  });

  it('leaves gradients below the maximum unchanged', () => {
    expect(clip([[3, 0], [4]], 5.5)).to.deep.equal({
      ...{norm: 5, factor: 1, finite: true},
      values: [[3, 0], [4]],
    });
    expect(clip([[0], [0]], 5.5).factor).to.equal(1);
  });

  it('makes gradients 0 where they or the loss are not finite, and reports the norm', () => {
    const infinite = clip([[Infinity, 2], [4]], 1);
    expect(infinite).to.deep.equal({norm: Infinity, factor: 0, finite: false, values: [[0, 0], [0]]});
    const {norm, ...rest} = clip([[NaN], [4]], 1);
    expect(norm).to.be.NaN;
    expect(rest).to.deep.equal({factor: 0, finite: false, values: [[0], [0]]});
    expect(clip([[3], [4]], 10, NaN)).to.deep.equal({norm: 5, factor: 0, finite: false, values: [[0], [0]]});
  });
});
