import {
  CaptionerError,
  centredViews,
  loadEncoder,
  multiView,
  tf,
  trainingViews,
  type View,
  withView,
} from 'captioner';
import {cropAndResize, cellOverlap} from 'captioner/dist/encoders/augmentation';
import {expect} from 'chai';

/** Pixels that encode their own position: red grows from left to right, green from top to bottom. */
function positionPixels(side: number): tf.Tensor4D {
  return tf.tidy(() => {
    const line = tf.range(0, side);
    const x = tf.tile(tf.reshape(line, [1, 1, side]), [2, side, 1]);
    const y = tf.tile(tf.reshape(line, [1, side, 1]), [2, 1, side]);
    return tf.stack([x, y, tf.zerosLike(x)], 3) as tf.Tensor4D;
  });
}

describe('augmentation views', () => {
  it('start with the whole image and are a prefix of any longer list', () => {
    expect(trainingViews(1)).to.deep.equal([{top: 0, left: 0, side: 1, mirrored: false}]);
    expect(trainingViews(9).slice(0, 4)).to.deep.equal(trainingViews(4));
    expect(new Set(trainingViews(20).map((view) => JSON.stringify(view))).size).to.equal(20);
  });

  it('lie within the image, are at least `crop` wide, and half of them are mirrored', () => {
    const all = trainingViews(101, {crop: 0.6}).slice(1);
    for (const {top, left, side} of all) {
      expect(side).to.be.within(0.6, 1);
      for (const offset of [top, left]) expect(offset).to.be.within(0, 1 - side);
    }
    expect(Math.min(...all.map(({side}) => side))).to.be.below(0.62);
    expect(Math.max(...all.map(({side}) => side))).to.be.above(0.97);
    expect(all.filter(({mirrored}) => mirrored)).to.have.length(50);
    expect(trainingViews(10, {mirror: false}).some(({mirrored}) => mirrored)).to.equal(false);
  });

  it('crop the given part, mirrored if the view is', () => {
    const side = 21;
    const pixels = positionPixels(side);
    for (const view of trainingViews(8)) {
      const crop = cropAndResize(pixels, view);
      expect(crop.shape).to.deep.equal(pixels.shape);
      const rows = crop.arraySync()[1]!;
      const [left, top] = rows[0]![0]!;
      const [right, bottom] = rows[side - 1]![side - 1]!;
      const [from, to] = view.mirrored ? [right, left] : [left, right];
      for (const [got, fraction] of [
        [from, view.left],
        [to, view.left + view.side],
        [top, view.top],
        [bottom, view.top + view.side],
      ])
        expect(got).to.be.closeTo(fraction! * (side - 1), 1e-3);
      crop.dispose();
    }
    pixels.dispose();
  });

  it('are what a wrapped encoder encodes, under a digest of its own', async () => {
    const encoder = await loadEncoder('efficientnet-lite0');
    const view: View = {top: 0.1, left: 0.2, side: 0.7, mirrored: true};
    const wrapped = withView(encoder, view);
    expect(wrapped.digest).not.to.equal(encoder.digest);
    expect(withView(encoder, {...view, left: 0.25}).digest).not.to.equal(wrapped.digest);
    expect(withView(encoder, {top: 0, left: 0, side: 1, mirrored: false})).to.equal(encoder);

    const before = tf.memory().numTensors;
    const pixels = positionPixels(encoder.preprocessing.size);
    const [actual, expected] = [wrapped.encode(pixels), encoder.encode(cropAndResize(pixels, view))];
    expect(actual.grid.sub(expected.grid).abs().max().dataSync()[0]).to.equal(0);
    expect(actual.pooled.shape).to.deep.equal([2, encoder.depth]);
    tf.dispose([pixels, actual.grid, actual.pooled, expected.grid, expected.pooled]);
    expect(tf.memory().numTensors).to.be.at.most(before + 4); // the test's own
    encoder.dispose();
  });

  it('of test-time augmentation are the whole image, the centre crop and their mirror images', () => {
    expect(centredViews(1)).to.deep.equal(trainingViews(1));
    const four = centredViews(4);
    expect(four.map(({mirrored}) => mirrored)).to.deep.equal([false, true, false, true]);
    for (const {top, left, side} of four.slice(2)) {
      expect(side).to.equal(0.85);
      for (const margin of [top, left]) expect(2 * margin + side).to.be.closeTo(1, 1e-12);
    }
    expect(centredViews(6).slice(0, 4)).to.deep.equal(four);
    for (const count of [0, 1.5, NaN])
      expect(() => centredViews(count)).to.throw(
        CaptionerError,
        `views to be an integer from 1 to 56, got ${count}`,
      );
  });

  it('map their cells to the cells of the whole image', () => {
    const whole = {top: 0, left: 0, side: 1, mirrored: false};
    const overlap = (view: View, cells = 4): number[][] => cellOverlap(view, cells);
    const exact = overlap(whole).map((row) => row.map((part) => Math.round(part * 1e9) / 1e9));
    expect(exact).to.deep.equal(exact.map((row, at) => row.map((_, cell) => (cell === at ? 1 : 0))));
    const mirrored = overlap({...whole, mirrored: true});
    for (const at of [0, 5, 11]) {
      const cell = mirrored[at]!.findIndex((part) => part > 0.999);
      expect([Math.floor(cell / 4), cell % 4]).to.deep.equal([Math.floor(at / 4), 3 - (at % 4)]);
    }
    for (const view of [...trainingViews(8), ...centredViews(6)])
      for (const row of overlap(view, 7))
        expect(row.reduce((sum, part) => sum + part)).to.be.closeTo(1, 1e-9);
    // A quarter of the image: all four cells lie in one cell.
    const quarter = overlap({top: 0.5, left: 0, side: 0.5, mirrored: false}, 2);
    for (const row of quarter) expect(row.map((part) => Math.round(part))).to.deep.equal([0, 0, 1, 0]);
    // Checked by counting sample points.
    const view = {top: 0.1, left: 0.2, side: 0.7, mirrored: true};
    const counts = Array<number>(9).fill(0);
    for (let y = 0; y < 60; y++)
      for (let x = 0; x < 60; x++) {
        // Points of the leftmost cell in the view's middle row.
        const [down, right] = [(1 + (y + 0.5) / 60) / 3, (x + 0.5) / 180];
        const [row, column] = [view.top + view.side * down, view.left + view.side * (1 - right)];
        counts[3 * Math.floor(3 * row) + Math.floor(3 * column)]! += 1 / 3600;
      }
    for (const [cell, part] of cellOverlap(view, 3)[3]!.entries())
      expect(part).to.be.closeTo(counts[cell]!, 0.02);
  });

  it('are encoded together: concatenated cells and the mean of the pooled features', async () => {
    const encoder = await loadEncoder('efficientnet-lite0');
    const views = centredViews(3);
    const all = multiView(encoder, views);
    expect(all.cells).to.equal(3 * encoder.cells);
    expect(all.digest)
      .not.to.equal(multiView(encoder, centredViews(2)).digest)
      .and.not.to.equal(encoder.digest);
    tf.tidy(() => {
      const pixels = positionPixels(encoder.preprocessing.size);
      const {grid, pooled} = all.encode(pixels);
      const each = views.map((view) => withView(encoder, view).encode(pixels));
      const expected = tf.concat(
        each.map((one) => one.grid),
        1,
      );
      expect(grid.sub(expected).abs().max().dataSync()[0]).to.equal(0);
      const mean = tf.mean(tf.stack(each.map((one) => one.pooled)), 0);
      expect(pooled.sub(mean).abs().max().dataSync()[0]).to.be.below(1e-5);
    });
    all.dispose();
  });
});
