import {loadEncoder} from 'captioner/dist/encoders/registry';
import {look, viewed, views, type View} from 'captioner/dist/encoders/views';
import {tf} from 'captioner/dist/runtime/native';
import {expect} from 'chai';

/** Each pixel says where it is: red from left to right, green from top to bottom. */
function places(side: number): tf.Tensor4D {
  return tf.tidy(() => {
    const line = tf.range(0, side);
    const x = tf.tile(tf.reshape(line, [1, 1, side]), [2, side, 1]);
    const y = tf.tile(tf.reshape(line, [1, side, 1]), [2, 1, side]);
    return tf.stack([x, y, tf.zerosLike(x)], 3) as tf.Tensor4D;
  });
}

describe('views', () => {
  it('begin with the picture as it is, and are the same every time, however many there are', () => {
    expect(views(1)).to.deep.equal([{top: 0, left: 0, side: 1, mirrored: false}]);
    expect(views(9).slice(0, 4)).to.deep.equal(views(4));
    expect(new Set(views(20).map((view) => JSON.stringify(view))).size).to.equal(20);
  });

  it('lie within the picture, are no smaller than they are told, and half are mirrored', () => {
    const all = views(101, {crop: 0.6}).slice(1);
    for (const {top, left, side} of all) {
      expect(side).to.be.within(0.6, 1);
      for (const place of [top, left]) expect(place).to.be.within(0, 1 - side);
    }
    expect(Math.min(...all.map(({side}) => side))).to.be.below(0.62);
    expect(Math.max(...all.map(({side}) => side))).to.be.above(0.97);
    expect(all.filter(({mirrored}) => mirrored)).to.have.length(50);
    expect(views(10, {mirror: false}).some(({mirrored}) => mirrored)).to.equal(false);
  });

  it('show the part that they say, mirrored where they say so', () => {
    const side = 21;
    const pixels = places(side);
    for (const view of views(8)) {
      const seen = look(pixels, view);
      expect(seen.shape).to.deep.equal(pixels.shape);
      const rows = seen.arraySync()[1]!;
      const [left, top] = rows[0]![0]!;
      const [right, bottom] = rows[side - 1]![side - 1]!;
      const [from, to] = view.mirrored ? [right, left] : [left, right];
      for (const [got, share] of [
        [from, view.left],
        [to, view.left + view.side],
        [top, view.top],
        [bottom, view.top + view.side],
      ])
        expect(got).to.be.closeTo(share! * (side - 1), 1e-3);
      seen.dispose();
    }
    pixels.dispose();
  });

  it('are what an encoder sees through them, which says that it does', async () => {
    const encoder = await loadEncoder('efficientnet-lite0');
    const view: View = {top: 0.1, left: 0.2, side: 0.7, mirrored: true};
    const through = viewed(encoder, view);
    expect(through.digest).not.to.equal(encoder.digest);
    expect(viewed(encoder, {...view, left: 0.25}).digest).not.to.equal(through.digest);
    expect(viewed(encoder, {top: 0, left: 0, side: 1, mirrored: false})).to.equal(encoder);

    const before = tf.memory().numTensors;
    const pixels = places(encoder.preprocessing.size);
    const [seen, expected] = [through.encode(pixels), encoder.encode(look(pixels, view))];
    expect(seen.grid.sub(expected.grid).abs().max().dataSync()[0]).to.equal(0);
    expect(seen.pooled.shape).to.deep.equal([2, encoder.depth]);
    tf.dispose([pixels, seen.grid, seen.pooled, expected.grid, expected.pooled]);
    expect(tf.memory().numTensors).to.be.at.most(before + 4); // the test's own
    encoder.dispose();
  });
});
