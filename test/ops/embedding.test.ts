import {expect} from 'chai';
import {embed, stepsFirst} from 'captioner/dist/ops/embedding';
import {tf} from 'captioner';

describe('embed', () => {
  const table = tf.tensor2d([
    [0, 1],
    [2, 3],
    [4, 5],
  ]);
  const ids = tf.tensor2d([[2, 0, 2]], [1, 3], 'int32');

  it('looks up the row of each id', () => {
    const rows = embed(table, ids);
    expect(rows.shape).to.deep.equal([1, 3, 2]);
    expect(Array.from(rows.dataSync())).to.deep.equal([4, 5, 0, 1, 4, 5]);
  });

  it('sums the gradients of a repeated id', () => {
    const dy = tf.tensor3d([1, 2, 3, 4, 5, 6], [1, 3, 2]);
    const gradient = tf.grad((x) => embed(x, ids))(table, dy);
    expect(Array.from(gradient.dataSync())).to.deep.equal([3, 4, 0, 0, 6, 8]);
  });

  it('transposes ids', () => {
    const rows = tf.tensor2d([5, 6, 7, 8, 9, 4], [2, 3], 'int32');
    const columns = stepsFirst(rows);
    expect([columns.dtype, columns.arraySync()]).to.deep.equal(['int32', tf.transpose(rows).arraySync()]);
  });
});
