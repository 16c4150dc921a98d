import {expect} from 'chai';
import {beamSearch, special, tf, type BeamNode, type BeamTree} from 'captioner';
import {beamTreeSteps} from 'captioner/dist/search/beam-tree';
import {depth, features, lively} from '../decoders/small';

const vocabulary = 7;

function treeOf(...given: Parameters<typeof beamTreeSteps>): BeamTree {
  const steps = beamTreeSteps(...given);
  for (;;) {
    const {done, value} = steps.next();
    if (done) return value;
  }
}

/** All nodes with the tokens on the way to them. */
function all(
  nodes: readonly BeamNode[],
  before: readonly number[] = [],
): {node: BeamNode; tokens: number[]}[] {
  return nodes.flatMap((node) => {
    const tokens = [...before, node.token];
    return [{node, tokens}, ...all(node.children, tokens)];
  });
}

describe('beamTreeSteps', () => {
  const model = lively(vocabulary);
  const image = tf.slice(features(3), [1, 0], [1, depth]);
  after(() => {
    model.dispose();
    image.dispose();
  });

  for (const options of [
    {beams: 3, maximumLength: 5},
    {beams: 4, beamGroups: 2, maximumLength: 4},
    {beams: 3, maximumLength: 5, requiredPhrases: [[5]], noRepeatNgramSize: 2},
    {beams: 1, maximumLength: 5},
  ])
    it(`finds the same captions, bit for bit: ${JSON.stringify(options)}`, () => {
      const plain = beamSearch(model, image, options)[0]!;
      const {hypotheses, children} = treeOf(model, image, options);
      expect(hypotheses).to.deep.equal(plain);
      const ends = all(children).filter(({node}) => node.rank !== undefined);
      expect(ends.sort((a, b) => a.node.rank! - b.node.rank!).map(({tokens}) => tokens)).to.deep.equal(
        plain.filter(({finished}) => finished).map(({tokens}) => [...tokens, special.end]),
      );
      for (const {node} of ends) {
        const {logProbabilities} = plain[node.rank! - 1]!;
        const sum = logProbabilities.reduce((total, one) => total + one, 0);
        expect(node.total).to.be.closeTo(Math.exp(sum), 1e-6);
        expect(node.kept).to.equal(true);
      }
    });

  it('keeps at most as many words a step as there are beams, and extends only those', () => {
    const nodes = all(treeOf(model, image, {beams: 3, maximumLength: 5}).children);
    for (let length = 1; length <= 5; length++) {
      const step = nodes.filter(({tokens}) => tokens.length === length);
      const open = step.filter(({node}) => node.kept && node.token !== special.end);
      expect(open.length).to.be.at.most(3);
      const extended = step.filter(({node}) => node.children.length > 0);
      for (const {node} of extended) expect(node.kept && node.token !== special.end).to.equal(true);
    }
    expect(nodes.some(({node}) => !node.kept)).to.equal(true);
  });

  it('multiplies probabilities along the way', () => {
    const check = (nodes: readonly BeamNode[], before: number): void => {
      for (const {probability, total, children} of nodes) {
        expect(total).to.be.closeTo(before * probability, 1e-6);
        check(children, total);
      }
    };
    check(treeOf(model, image, {beams: 3, maximumLength: 4}).children, 1);
  });
});
