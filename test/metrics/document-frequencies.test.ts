import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {ciderD} from 'captioner/dist/metrics/cider';
import {CaptionerError, DocumentFrequencies} from 'captioner';
import {imageScores} from 'captioner/dist/metrics/statistics';
import {expect} from 'chai';
import {temporaryFolder} from '../support';

const words = (caption: string): string[] => caption.split(' ');
const references = [
  ['a dog runs on grass', 'a brown dog'],
  ['a cat sits', 'the cat is on a sofa'],
  ['two constructor __proto__ toString'],
].map((own) => own.map(words));

describe('DocumentFrequencies', () => {
  it('count images, not captions', () => {
    const found = DocumentFrequencies.of(references);
    expect(found.idf('a')).to.be.closeTo(Math.log(3 / 2), 1e-12);
    expect(found.idf('a dog')).to.be.closeTo(Math.log(3), 1e-12);
    expect(found.idf('a bird')).to.be.closeTo(Math.log(3), 1e-12);
  });

  it('are saved and loaded, so that a single caption scores as in the whole set', async () => {
    const file = join(temporaryFolder(), 'frequencies.json');
    await DocumentFrequencies.of(references).save(file);
    const loaded = DocumentFrequencies.load(file);
    const candidates = ['a dog on grass', 'the cat', 'two __proto__ toString'].map(words);
    const together = imageScores(ciderD(candidates, references, DocumentFrequencies.of(references)));
    for (const [at, candidate] of candidates.entries()) {
      const [alone] = imageScores(ciderD([candidate], [references[at]!], loaded));
      expect(alone).to.deep.equal(together[at]);
      expect(alone!['CIDEr-D']).to.be.above(0.5);
    }
  });

  it('reject a file of another format', () => {
    const folder = temporaryFolder();
    for (const [name, text, said] of [
      ['none.json', undefined, 'found nothing'],
      ['text.json', 'x', 'expected document frequencies'],
      ['list.json', '[]', 'expected document frequencies'],
      ['zero.json', '{"images": 0, "counts": {}}', '`images`'],
      ['part.json', '{"images": 2, "counts": {"a": 0.5}}', '`counts.a`'],
    ] as const) {
      if (text !== undefined) writeFileSync(join(folder, name), text);
      expect(() => DocumentFrequencies.load(join(folder, name)), name).to.throw(CaptionerError, said);
    }
  });
});
