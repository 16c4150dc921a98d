import {join} from 'node:path';
import {
  attentionHeads,
  Captioner,
  createDecoder,
  drawScenes,
  loadEncoder,
  saveCheckpoint,
  Vocabulary,
} from 'captioner';
import {readScenes} from 'captioner/dist/datasets/synthetic/scenes';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';

const sizes = {
  transformer: {units: 24, heads: 3, layers: 2},
  adaptive: {units: 16, embedding: 8},
  attention: {units: 16, embedding: 8},
  lstm: {units: 16, embedding: 8},
} as const;

describe('attentionHeads', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const image = join(folder, 'test-0001.jpg');
  const load = async (kind: keyof typeof sizes): Promise<Captioner> => {
    const captions = readScenes(folder).images.flatMap((one) => one.captions);
    const vocabulary = Vocabulary.from(captions, {minimumCount: 1});
    const decoder = createDecoder(kind, vocabulary.size, 1280, sizes[kind]);
    const loaded = await loadEncoder('efficientnet-lite2');
    const {name, digest, preprocessing} = loaded;
    loaded.dispose();
    await saveCheckpoint(join(folder, kind), {decoder, vocabulary, encoder: {name, digest, preprocessing}});
    decoder.dispose();
    return Captioner.load(join(folder, kind), {size: 96});
  };
  before(() => drawScenes(folder, {train: 0, validation: 0, test: 8}));

  it('gives each head of each layer of a transformer; the mean of the last layer is what search attends to', async () => {
    const captioner = await load('transformer');
    const [found] = await captioner.caption([image]);
    if ('error' in found!) throw found.error;
    const {attention, tokens} = found!.hypotheses[0]!;
    const {heads, captionWords, sentinel} = await attentionHeads(captioner, image);
    captioner.dispose();
    expect(captionWords).to.have.length(tokens.length);
    expect(heads.map(({layer, head}) => `${layer}.${head}`)).to.deep.equal([
      '1.1',
      '1.2',
      '1.3',
      '2.1',
      '2.2',
      '2.3',
    ]);
    expect(sentinel).to.equal(undefined);
    const last = heads.slice(3).map(({maps}) => maps.values);
    const cells = heads[0]!.maps.shape[1] ** 2;
    for (let word = 0; word < tokens.length; word++)
      for (let cell = 0; cell < cells; cell++) {
        const mean = last.reduce((sum, values) => sum + values[word * cells + cell]!, 0) / 3;
        expect(mean).to.be.closeTo(attention![word]![cell]!, 1e-5);
      }
    expect(heads[0]!.maps.values).not.to.deep.equal(heads[1]!.maps.values);
  });

  it('gives the sentinel its part where there is one', async () => {
    for (const kind of ['adaptive', 'attention'] as const) {
      const captioner = await load(kind);
      const {heads, sentinel} = await attentionHeads(captioner, image, {caption: 'a red ball'});
      captioner.dispose();
      expect(heads).to.have.length(1);
      const {values, shape} = heads[0]!.maps;
      expect(shape[0]).to.equal(3);
      const cells = values.length / 3;
      for (let word = 0; word < 3; word++) {
        const sum = values.subarray(word * cells, (word + 1) * cells).reduce((all, one) => all + one, 0);
        expect(sum + (sentinel?.[word] ?? 0)).to.be.closeTo(1, 1e-5);
        if (sentinel) expect(sentinel[word]).to.be.within(0.01, 0.99);
      }
      expect(sentinel !== undefined).to.equal(kind === 'adaptive');
    }
  });

  it('refuses decoders that look at no grid, and words they do not know', async () => {
    const captioner = await load('lstm');
    expect((await refusal(attentionHeads(captioner, image))).message).to.include(
      'expected one decoder with attention',
    );
    captioner.dispose();
    const other = await load('adaptive');
    expect((await refusal(attentionHeads(other, image, {caption: 'a zyx'}))).code).to.equal('options');
    other.dispose();
  });
});
