import {join} from 'node:path';
import {createDecoder, exportCheckpoint, loadCheckpoint, saveCheckpoint, tf, Vocabulary} from 'captioner';
import {float32, toFloat32} from 'captioner/dist/files/safetensors';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';
import {toyEncoder} from '../training/toy';

const folder = temporaryFolder();
const {name, digest, preprocessing, depth} = toyEncoder;
const words = ['a red square on blue', 'a green one'];

async function save(to: string, seed: number, {units = 8, captions = words} = {}): Promise<string> {
  const vocabulary = Vocabulary.from(captions, {minimumCount: 1});
  const decoder = createDecoder('lstm', vocabulary.size, depth, {embedding: 8, units, seed});
  const shift = tf.tidy(() => tf.fill([depth], seed));
  decoder.featureNormalization.get('features.mean')!.assign(shift);
  shift.dispose();
  await saveCheckpoint(join(folder, to), {decoder, vocabulary, encoder: {name, digest, preprocessing}});
  decoder.dispose();
  return join(folder, to);
}

describe('exportCheckpoint', () => {
  it('saves the mean of all weights and of the feature normalization', async () => {
    const from = [await save('one', 1), await save('two', 2), await save('three', 6)];
    await exportCheckpoint(from, join(folder, 'mean'), {precision: 'float32'});
    const [mean, ...all] = await Promise.all(
      [join(folder, 'mean'), ...from].map((path) => loadCheckpoint(path)),
    );
    for (const table of ['weights', 'featureNormalization'] as const)
      for (const [key, weight] of mean!.decoder[table]) {
        const values = all.map(({decoder}) => decoder[table].get(key)!.dataSync());
        for (const [at, value] of weight.dataSync().entries())
          expect(value).to.be.closeTo(values.reduce((sum, own) => sum + own[at]!, 0) / 3, 1e-6);
      }
    expect(mean!.decoder.featureNormalization.get('features.mean')!.dataSync()[0]).to.equal(3);
    for (const {decoder} of [mean!, ...all]) decoder.dispose();
  });

  it('saves the mean of what encoders have learnt, and how images are to be looked at', async () => {
    const tuned = async (value: number): Promise<string> => {
      const plain = await loadCheckpoint(await save('plain', 1));
      const tensors = new Map([['last.weight', float32(Float32Array.of(value, 2 * value), [2])]]);
      const to = join(folder, `tuned-${value}`);
      await saveCheckpoint(to, {...plain, fineTuned: {from: 'last', tensors}});
      plain.decoder.dispose();
      return to;
    };
    const to = join(folder, 'tuned');
    await exportCheckpoint([await tuned(1), await tuned(4)], to, {size: 24, views: 2});
    const {decoder, fineTuned, encoder, views} = await loadCheckpoint(to);
    decoder.dispose();
    expect([...toFloat32(fineTuned!.tensors.get('last.weight')!)]).to.deep.equal([2.5, 5]);
    expect(fineTuned!.from).to.equal('last');
    expect([encoder.preprocessing.size, views]).to.deep.equal([24, 2]);
    // What it was told once it still says when it is exported again.
    await exportCheckpoint([to], join(folder, 'again'));
    const again = await loadCheckpoint(join(folder, 'again'));
    again.decoder.dispose();
    expect([again.encoder.preprocessing.size, again.views]).to.deep.equal([24, 2]);
  });

  it('refuses what does not belong together, and says what', async () => {
    const one = await save('first', 1);
    const to = join(folder, 'none');
    const wider = await refusal(exportCheckpoint([one, await save('wider', 1, {units: 9})], to));
    expect(wider.message).to.match(/wider: expected the decoder of .*first, .*"units":8.* got .*"units":9/s);
    const other = await refusal(
      exportCheckpoint([one, await save('other', 1, {captions: ['a blue cat']})], to),
    );
    expect(other.message).to.match(/other: expected the vocabulary of .*first, got another one/);
    expect((await refusal(exportCheckpoint([], to))).code).to.equal('options');
  });

  it('replaces a checkpoint only when it is told to', async () => {
    const [one, to] = [await save('mine', 1), await save('there', 2)];
    const {code, message} = await refusal(exportCheckpoint([one], to));
    expect([code, message]).to.deep.equal([
      'mismatch',
      `${to}: this folder already holds a checkpoint; choose another folder, or set \`replace\``,
    ]);
    await exportCheckpoint([one], to, {replace: true});
    const {decoder} = await loadCheckpoint(to);
    expect(decoder.featureNormalization.get('features.mean')!.dataSync()[0]).to.equal(1);
    decoder.dispose();
  });
});
