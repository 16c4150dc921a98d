import {CaptionerError} from 'captioner/dist/errors';
import {loadEncoder} from 'captioner/dist/encoders/registry';
import {
  centredViews,
  multiView,
  cropAndResize,
  cellOverlap,
  withView,
  trainingViews,
  type View,
} from 'captioner/dist/encoders/augmentation';
import {tf} from 'captioner/dist/tensorflow/tensorflow';
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
  it('begin with the image as it is, and are the same every time, however many there are', () => {
    expect(trainingViews(1)).to.deep.equal([{top: 0, left: 0, side: 1, mirrored: false}]);
    expect(trainingViews(9).slice(0, 4)).to.deep.equal(trainingViews(4));
    expect(new Set(trainingViews(20).map((view) => JSON.stringify(view))).size).to.equal(20);
  });

  it('lie within the image, are no smaller than they are told, and half are mirrored', () => {
    const all = trainingViews(101, {crop: 0.6}).slice(1);
    for (const {top, left, side} of all) {
      expect(side).to.be.within(0.6, 1);
      for (const place of [top, left]) expect(place).to.be.within(0, 1 - side);
    }
    expect(Math.min(...all.map(({side}) => side))).to.be.below(0.62);
    expect(Math.max(...all.map(({side}) => side))).to.be.above(0.97);
    expect(all.filter(({mirrored}) => mirrored)).to.have.length(50);
    expect(trainingViews(10, {mirror: false}).some(({mirrored}) => mirrored)).to.equal(false);
  });

  it('show the part that they say, mirrored where they say so', () => {
    const side = 21;
    const pixels = places(side);
    for (const view of trainingViews(8)) {
      const seen = cropAndResize(pixels, view);
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
    const through = withView(encoder, view);
    expect(through.digest).not.to.equal(encoder.digest);
    expect(withView(encoder, {...view, left: 0.25}).digest).not.to.equal(through.digest);
    expect(withView(encoder, {top: 0, left: 0, side: 1, mirrored: false})).to.equal(encoder);

    const before = tf.memory().numTensors;
    const pixels = places(encoder.preprocessing.size);
    const [seen, expected] = [through.encode(pixels), encoder.encode(cropAndResize(pixels, view))];
    expect(seen.grid.sub(expected.grid).abs().max().dataSync()[0]).to.equal(0);
    expect(seen.pooled.shape).to.deep.equal([2, encoder.depth]);
    tf.dispose([pixels, seen.grid, seen.pooled, expected.grid, expected.pooled]);
    expect(tf.memory().numTensors).to.be.at.most(before + 4); // the test's own
    encoder.dispose();
  });

  it('of which captions are written are the whole image, its middle, and the mirror image of each', () => {
    expect(centredViews(1)).to.deep.equal(trainingViews(1));
    const four = centredViews(4);
    expect(four.map(({mirrored}) => mirrored)).to.deep.equal([false, true, false, true]);
    for (const {top, left, side} of four.slice(2)) {
      expect(side).to.equal(0.85);
      for (const margin of [top, left]) expect(2 * margin + side).to.be.closeTo(1, 1e-12);
    }
    expect(centredViews(6).slice(0, 4)).to.deep.equal(four);
    for (const count of [0, 1.5, NaN])
      expect(() => centredViews(count)).to.throw(CaptionerError, `views from 1 up, got ${count}`);
  });

  it('know where in the image their cells lie', () => {
    const whole = {top: 0, left: 0, side: 1, mirrored: false};
    const places = (view: View, cells = 4): number[][] => cellOverlap(view, cells);
    const exact = places(whole).map((row) => row.map((share) => Math.round(share * 1e9) / 1e9));
    expect(exact).to.deep.equal(exact.map((row, at) => row.map((_, place) => (place === at ? 1 : 0))));
    const mirrored = places({...whole, mirrored: true});
    for (const at of [0, 5, 11]) {
      const place = mirrored[at]!.findIndex((share) => share > 0.999);
      expect([Math.floor(place / 4), place % 4]).to.deep.equal([Math.floor(at / 4), 3 - (at % 4)]);
    }
    for (const view of [...trainingViews(8), ...centredViews(6)])
      for (const row of places(view, 7))
        expect(row.reduce((sum, share) => sum + share)).to.be.closeTo(1, 1e-9);
    // A quarter of the image: its four cells lie in one.
    const quarter = places({top: 0.5, left: 0, side: 0.5, mirrored: false}, 2);
    for (const row of quarter) expect(row.map((share) => Math.round(share))).to.deep.equal([0, 0, 1, 0]);
    // By counting points.
    const view = {top: 0.1, left: 0.2, side: 0.7, mirrored: true};
    const counts = Array<number>(9).fill(0);
    for (let y = 0; y < 60; y++)
      for (let x = 0; x < 60; x++) {
        // The points of the cell in the middle row on the left of the view.
        const [down, right] = [(1 + (y + 0.5) / 60) / 3, (x + 0.5) / 180];
        const [row, column] = [view.top + view.side * down, view.left + view.side * (1 - right)];
        counts[3 * Math.floor(3 * row) + Math.floor(3 * column)]! += 1 / 3600;
      }
    for (const [place, share] of cellOverlap(view, 3)[3]!.entries())
      expect(share).to.be.closeTo(counts[place]!, 0.02);
  });

  it('are seen all at once: the cells of one after those of the other, and the mean of what is pooled', async () => {
    const encoder = await loadEncoder('efficientnet-lite0');
    const seen = centredViews(3);
    const all = multiView(encoder, seen);
    expect(all.cells).to.equal(3 * encoder.cells);
    expect(all.digest)
      .not.to.equal(multiView(encoder, centredViews(2)).digest)
      .and.not.to.equal(encoder.digest);
    tf.tidy(() => {
      const pixels = places(encoder.preprocessing.size);
      const {grid, pooled} = all.encode(pixels);
      const each = seen.map((view) => withView(encoder, view).encode(pixels));
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
