import {type Batch, BatchPlan, collate, type Example} from 'captioner';
import {permutation} from 'captioner/dist/random/random';
import {expect} from 'chai';

/** Captions of 1 to 30 words; the first word of each is a number that no other has. */
function examples(count: number): Example[] {
  const order = permutation(count, 3, 3);
  return Array.from({length: count}, (_, k) => ({
    id: `image-${k % 7}`,
    tokens: [4 + k, ...Array.from({length: order[k]! % 30}, (_unused, word) => 4 + word)],
  }));
}

const batchesOf = (plan: BatchPlan): Batch[] => Array.from({length: plan.length}, (_, at) => plan.batch(at));
const rowsOf = (values: Int32Array, {size, steps}: Batch): number[][] =>
  Array.from({length: size}, (_, row) => [...values.subarray(row * steps, (row + 1) * steps)]);
const firstWords = (plan: BatchPlan): number[] =>
  batchesOf(plan).flatMap((batch) => rowsOf(batch.targets, batch).map(([word]) => word!));

describe('BatchPlan', () => {
  const sizes = [
    [1, 1],
    [7, 3],
    [64, 8],
    [1000, 16],
    [1001, 128],
  ] as const;

  it('visits every caption exactly once in every epoch', () => {
    for (const [count, size] of sizes)
      for (const epoch of [0, 1, 17]) {
        const plan = new BatchPlan(examples(count), size, {seed: 1, epoch});
        expect(plan.length).to.equal(Math.ceil(count / size));
        expect(firstWords(plan).sort((a, b) => a - b)).to.deep.equal(
          Array.from({length: count}, (_, k) => 4 + k),
        );
      }
  });

  it('gives the same order for the same seed and epoch, at any batch directly', () => {
    const [one, other] = [0, 1].map(() => new BatchPlan(examples(1000), 16, {seed: 5, epoch: 2}));
    expect(other!.batch(40)).to.deep.equal(batchesOf(one!)[40]);
    expect(batchesOf(one!)).to.deep.equal(batchesOf(other!));
  });

  it('gives another order and other neighbours in another epoch or with another seed', () => {
    const plans = [
      {seed: 5, epoch: 0},
      {seed: 5, epoch: 1},
      {seed: 6, epoch: 0},
    ].map((order) => new BatchPlan(examples(1000), 16, order));
    expect(new Set(plans.map((plan) => firstWords(plan).join())).size).to.equal(3);
    const groups = plans.map((plan) =>
      batchesOf(plan).map((batch) =>
        rowsOf(batch.targets, batch)
          .map(([word]) => word)
          .sort()
          .join(),
      ),
    );
    const repeated = groups[1]!.filter((group) => groups[0]!.includes(group));
    expect(repeated).to.have.length.below(5);
  });

  it('pads only at the end, and moves inputs and targets one step apart', () => {
    for (const batch of batchesOf(new BatchPlan(examples(500), 32, {seed: 1, epoch: 1}))) {
      expect(batch.ids).to.have.length(batch.size);
      const targets = rowsOf(batch.targets, batch);
      for (const [row, inputs] of rowsOf(batch.inputs, batch).entries()) {
        const words = inputs.filter((id) => id > 0).length;
        expect(inputs[0]).to.equal(1);
        expect(inputs.slice(words).every((id) => id === 0)).to.equal(true);
        expect(targets[row]!.slice(0, words)).to.deep.equal([...inputs.slice(1, words), 2]);
        expect(targets[row]!.slice(words).every((id) => id === 0)).to.equal(true);
      }
    }
  });

  it('puts captions of similar length together, so that little is padding', () => {
    const batches = batchesOf(new BatchPlan(examples(20_000), 64, {seed: 1, epoch: 4}));
    const cells = batches.reduce((sum, {targets}) => sum + targets.length, 0);
    const padding = batches.reduce((sum, {targets}) => sum + targets.filter((id) => id === 0).length, 0);
    expect(padding / cells).to.be.below(0.03);
  });

  it('goes through all captions by length where no order is asked for', () => {
    const lengths = batchesOf(new BatchPlan(examples(300), 10)).map(({steps}) => steps);
    expect(lengths).to.deep.equal([...lengths].sort((a, b) => a - b));
  });

  it('plans 30,000 captions in less than a second', () => {
    const captions = examples(30_000);
    const start = performance.now();
    const plan = new BatchPlan(captions, 128, {seed: 1, epoch: 1});
    plan.batch(plan.length - 1);
    expect(performance.now() - start).to.be.below(1000);
  });

  it('has no batches of nothing', () => {
    expect(new BatchPlan([], 8, {seed: 1, epoch: 0}).length).to.equal(0);
  });

  it('keeps captions of an image together where it is told to', () => {
    const all = examples(70).map((example, k) => ({...example, id: `image-${k % 14}`})); // five of each
    for (const epoch of [0, 1]) {
      const plan = new BatchPlan(all, 12, {seed: 1, epoch, captionsPerImage: 5});
      expect(firstWords(plan).sort((a, b) => a - b)).to.deep.equal(all.map(({tokens}) => tokens[0]));
      for (const {ids, size} of batchesOf(plan)) {
        expect(size).to.equal(10);
        for (const id of ids) expect(ids.filter((other) => other === id)).to.have.length(5);
      }
    }
    const pairs = batchesOf(new BatchPlan(all, 12, {seed: 1, epoch: 0, captionsPerImage: 2}));
    for (const {ids} of pairs) {
      const single = ids.filter((id, at) => id !== ids[at ^ 1]);
      expect(single.length).to.be.at.most(ids.length); // an odd caption stays alone
      expect(ids.length).to.be.at.most(12);
    }
  });

  it('refuses a batch size or a position that cannot be', () => {
    expect(() => new BatchPlan(examples(4), 0)).to.throw('Expected a batch size from 1 up, got 0');
    expect(() => new BatchPlan(examples(4), 2).batch(2)).to.throw('expected a batch from 0 to 1, got 2');
  });
});

describe('collate', () => {
  it('keeps an empty caption as start and end', () => {
    const batch = collate([
      {id: 'a', tokens: []},
      {id: 'b', tokens: [9, 8]},
    ]);
    expect([...batch.inputs]).to.deep.equal([1, 0, 0, 1, 9, 8]);
    expect([...batch.targets]).to.deep.equal([2, 0, 0, 9, 8, 2]);
  });
});
