import {beamSearch, createDecoder, createEnsemble, type StepDecoder, tf} from 'captioner';
import {normal} from 'captioner/dist/ops/random';
import {expect} from 'chai';

const [vocabulary, depth, cells] = [9, 5, 4];
const member = (kind: string, seed: number): StepDecoder =>
  createDecoder(kind, vocabulary, depth, {embedding: 8, units: 8, seed});

describe('createEnsemble', () => {
  const grid = normal([3, cells, depth], [1, 1]) as tf.Tensor3D;
  const pooled = tf.mean<tf.Tensor2D>(grid, 1);

  it('of one decoder, or of copies, equals that decoder', () => {
    for (const kind of ['lstm', 'attention']) {
      const alone = member(kind, 1);
      const features = alone.features === 'grid' ? grid : pooled;
      for (const ensemble of [
        createEnsemble([member(kind, 1)]),
        createEnsemble([member(kind, 1), member(kind, 1)]),
      ]) {
        const [expected, got] = [alone, ensemble].map((writer) =>
          beamSearch(writer, features, {beams: 3, maximumLength: 6}),
        );
        for (const [image, hypotheses] of expected!.entries())
          for (const [at, {tokens, score, attention}] of hypotheses.entries()) {
            const other = got![image]![at]!;
            expect(other.tokens).to.deep.equal(tokens);
            expect(other.score).to.be.closeTo(score, 1e-5);
            expect(other.attention?.length).to.equal(attention?.length);
          }
        ensemble.dispose();
      }
      alone.dispose();
    }
  });

  it('averages probabilities, whatever features its members read', () => {
    const members = [member('lstm', 1), member('attention', 2), member('adaptive', 3)];
    const ensemble = createEnsemble(members);
    expect(ensemble.features).to.equal('grid');
    const before = tf.memory().numTensors;
    const tokens = tf.tensor1d([1, 4, 6], 'int32');
    const state = ensemble.begin(grid);
    const step = ensemble.step(tokens, state);
    const expected = tf.tidy(() => {
      const all = members.map((one) => {
        const {logits} = one.step(tokens, one.begin(one.features === 'grid' ? grid : pooled));
        return tf.softmax(logits).arraySync();
      });
      return all[0]!.map((row, image) =>
        row.map((_, word) => all.reduce((sum, one) => sum + one[image]![word]!, 0) / 3),
      );
    });
    const got = tf.tidy(() => tf.softmax(step.logits).arraySync());
    for (const [image, row] of expected.entries())
      for (const [word, probability] of row.entries())
        expect(got[image]![word]).to.be.closeTo(probability, 1e-6);
    expect(step.attention!.shape).to.deep.equal([3, cells]);
    tf.dispose([tokens, step.logits, step.attention!, ...state, ...step.state]);
    expect(tf.memory().numTensors).to.equal(before);
    ensemble.dispose();
  });

  it('rejects incompatible members', () => {
    const other = createDecoder('lstm', vocabulary + 1, depth);
    expect(() => createEnsemble([member('lstm', 1), other])).to.throw(
      /expected decoders with 9 words and features of depth 5, got one with 10 and 5/,
    );
    expect(() => createEnsemble([])).to.throw(/expected a decoder, got none/);
    other.dispose();
  });

  after(() => tf.dispose([grid, pooled]));
});
