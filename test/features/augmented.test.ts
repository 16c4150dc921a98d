import {AugmentedFeatures, type Encoder, FeatureStore, tf} from 'captioner';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';
import {colourEncoder, drawImages} from './colours';

/** Sees colours brighter by ten for each view. */
function brighter(view: number): Encoder {
  const encoder = colourEncoder();
  return {
    ...encoder,
    encode: (pixels) =>
      tf.tidy(() => {
        const {grid, pooled} = encoder.encode(pixels);
        return {grid: tf.add<tf.Tensor3D>(grid, 10 * view), pooled: tf.add<tf.Tensor2D>(pooled, 10 * view)};
      }),
  };
}

describe('FeatureViews', () => {
  const rowsOf = (features: tf.Tensor): number[][] => {
    const rows = (features as tf.Tensor2D).arraySync();
    features.dispose();
    return rows;
  };
  const open = async (): Promise<{ids: string[]; views: AugmentedFeatures}> => {
    const images = await drawImages(temporaryFolder(), 12);
    const build = (view: number, of: typeof images): Promise<FeatureStore> =>
      FeatureStore.build(brighter(view), {images: of}, temporaryFolder());
    const others = [await build(1, images.slice(0, 10)), await build(2, images.slice(0, 10))];
    return {
      ids: images.map(({id}) => id),
      views: new AugmentedFeatures(await build(0, images), others),
    };
  };

  it('shows whole images to who reads, and to training each in one of its views', async () => {
    const {ids, views} = await open();
    const order = [...ids, ...ids.slice(0, 5)].reverse();
    const plain = rowsOf(views.read(order));
    const met = [0, 0, 0];
    for (let step = 0; step < 60; step++) {
      for (const [at, row] of rowsOf(views.draw(order, {seed: 4, step})).entries()) {
        const [view] = row.map((value, channel) => (value - plain[at]![channel]!) / 10);
        // Half precision is this coarse up there.
        const rounded = Math.round(view!);
        expect(Math.abs(view! - rounded)).to.be.below(2e-3);
        // The last two images have no other views.
        if (ids.indexOf(order[at]!) >= 10) expect(rounded).to.equal(0);
        else met[rounded]!++;
      }
    }
    const all = met.reduce((sum, count) => sum + count, 0);
    for (const count of met) expect(count / all).to.be.within(0.28, 0.39);
  });

  it('draws the same for the same seed and step, and leaves no tensor behind', async () => {
    const {ids, views} = await open();
    const draw = (seed: number, step: number): number[][] => rowsOf(views.draw(ids, {seed, step}));
    const before = tf.memory().numTensors;
    expect(draw(1, 5)).to.deep.equal(draw(1, 5));
    expect(draw(1, 5)).not.to.deep.equal(draw(1, 6));
    expect(draw(1, 5)).not.to.deep.equal(draw(2, 5));
    expect(tf.memory().numTensors).to.equal(before);
  });

  it('refuses views of another kind', async () => {
    const images = await drawImages(temporaryFolder(), 3);
    const [pooled, grid] = await Promise.all(
      (['pooled', 'grid'] as const).map((kind) =>
        FeatureStore.build(colourEncoder(), {images}, temporaryFolder(), {kind}),
      ),
    );
    const error = await refusal(Promise.resolve().then(() => new AugmentedFeatures(pooled!, [grid!])));
    expect(error.code).to.equal('shape');
    expect(error.message).to.match(/expected features pooled \[1, 3\] .* got grid \[/);
  });
});
