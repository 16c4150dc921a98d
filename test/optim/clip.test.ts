import {expect} from 'chai';
import {clipByGlobalNorm} from 'captioner/dist/optim/clip';
import {tf} from 'captioner';

const clip = (values: number[][], maximum: number) => {
  const gradients = new Map(values.map((value, k) => [`w${k}`, tf.tensor1d(value)]));
  const {norm, gradients: clipped} = clipByGlobalNorm(gradients, maximum);
  return {norm, values: [...clipped.values()].map((gradient) => Array.from(gradient.dataSync()))};
};

describe('clipByGlobalNorm', () => {
  it('scales all gradients by one factor', () => {
    const {norm, values} = clip([[3, 0], [4]], 1);
    expect(norm).to.be.closeTo(5, 1e-6);
    expect(values[0]![0]).to.be.closeTo(0.6, 1e-6);
    expect(values[1]![0]).to.be.closeTo(0.8, 1e-6);
  });

  it('leaves gradients below the maximum unchanged', () => {
    expect(clip([[3, 0], [4]], 5.5)).to.deep.equal({norm: 5, values: [[3, 0], [4]]});
  });

  it('reports a norm that is not finite', () => {
    expect(clip([[Infinity], [4]], 1).norm).to.equal(Infinity);
    expect(clip([[NaN], [4]], 1).norm).to.be.NaN;
  });
});
