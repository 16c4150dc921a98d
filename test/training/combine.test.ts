import {join} from 'node:path';
import {createDecoder} from 'captioner/dist/decoders/registry';
import {tf} from 'captioner/dist/runtime/native';
import {Vocabulary} from 'captioner/dist/text/vocabulary';
import {loadCheckpoint, saveCheckpoint} from 'captioner/dist/training/checkpoint';
import {exportCheckpoint} from 'captioner/dist/training/combine';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';
import {toyEncoder} from './toy';

const folder = temporaryFolder();
const {name, digest, preprocessing, depth} = toyEncoder;
const words = ['a red square on blue', 'a green one'];

async function save(to: string, seed: number, {units = 8, captions = words} = {}): Promise<string> {
  const vocabulary = Vocabulary.from(captions, {minimumCount: 1});
  const decoder = createDecoder('lstm', vocabulary.size, depth, {embedding: 8, units, seed});
  const shift = tf.tidy(() => tf.fill([depth], seed));
  decoder.constants.get('features.mean')!.assign(shift);
  shift.dispose();
  await saveCheckpoint(join(folder, to), {decoder, vocabulary, encoder: {name, digest, preprocessing}});
  decoder.dispose();
  return join(folder, to);
}

describe('exportCheckpoint', () => {
  it('saves the mean of all weights and constants', async () => {
    const from = [await save('one', 1), await save('two', 2), await save('three', 6)];
    await exportCheckpoint(from, join(folder, 'mean'), {precision: 'float32'});
    const [mean, ...all] = await Promise.all(
      [join(folder, 'mean'), ...from].map((path) => loadCheckpoint(path)),
    );
    for (const table of ['weights', 'constants'] as const)
      for (const [key, weight] of mean!.decoder[table]) {
        const values = all.map(({decoder}) => decoder[table].get(key)!.dataSync());
        for (const [at, value] of weight.dataSync().entries())
          expect(value).to.be.closeTo(values.reduce((sum, own) => sum + own[at]!, 0) / 3, 1e-6);
      }
    expect(mean!.decoder.constants.get('features.mean')!.dataSync()[0]).to.equal(3);
    for (const {decoder} of [mean!, ...all]) decoder.dispose();
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
});
