import {BatchPlan, CaptionerError, type Batch, type Example} from 'captioner';
import {SeededRandom} from 'captioner/dist/random/random';
import {expect} from 'chai';

const perShard = 40;

/** Captions of images in shards; each caption's first word is a number that no other has. */
function examplesOf(shards: number, captions = 2): Example[] {
  const random = new SeededRandom(1);
  return Array.from({length: shards * perShard * captions}, (_, k) => ({
    id: `${Math.floor(k / captions)}`,
    tokens: [4 + k, ...Array.from({length: Math.floor(random.between(0, 12))}, () => 4)],
  }));
}
const shardOf = (id: string): number => Math.floor(Number(id) / perShard);
const batchesOf = (plan: BatchPlan): Batch[] => Array.from({length: plan.length}, (_, at) => plan.batch(at));
const wordsOf = ({targets, size, steps}: Batch): number[] =>
  Array.from({length: size}, (_, row) => targets[row * steps]!);
const shardsOf = ({ids}: Batch): Set<number> => new Set(ids.map(shardOf));

describe('A shuffle within shards', () => {
  const cases = [
    {shards: 24, buffer: 4, lanes: 1, batch: 32},
    {shards: 24, buffer: 4, lanes: 4, batch: 32},
    {shards: 25, buffer: 3, lanes: 2, batch: 50},
    {shards: 24, buffer: 100, lanes: 3, batch: 7},
    {shards: 24, buffer: 4, lanes: 2, batch: 32, captionsPerImage: 2},
  ];
  for (const {shards, batch, captionsPerImage = 1, ...within} of cases)
    it(`visits every caption once: ${JSON.stringify({shards, batch, captionsPerImage, ...within})}`, () => {
      const examples = examplesOf(shards);
      const plan = (epoch: number): BatchPlan =>
        new BatchPlan(examples, batch, {seed: 3, epoch, captionsPerImage, shards: {of: shardOf, ...within}});
      const laneOfShard = new Map<number, number>();
      for (const epoch of [0, 1, 5]) {
        const batches = batchesOf(plan(epoch));
        expect(batches.flatMap(wordsOf).sort((a, b) => a - b)).to.deep.equal(examples.map((_, k) => 4 + k));
        expect(batches.length % within.lanes).to.equal(0);
        for (const [at, found] of batches.entries()) {
          expect(found.size).to.be.within(1, batch + captionsPerImage);
          // A batch at the edge of two buffers has captions of both.
          expect(shardsOf(found).size).to.be.at.most(2 * within.buffer);
          for (const shard of shardsOf(found)) {
            const lane = laneOfShard.get(shard) ?? at % within.lanes;
            laneOfShard.set(shard, lane);
            expect(at % within.lanes, 'in every epoch a shard has the same lane').to.equal(lane);
          }
          if (captionsPerImage > 1) expect(new Set(found.ids).size).to.equal(found.size / captionsPerImage);
        }
        expect(laneOfShard.size).to.equal(shards);
      }
      expect(batchesOf(plan(5))).to.deep.equal(batchesOf(plan(5)));
      expect(batchesOf(plan(5)).flatMap(wordsOf)).not.to.deep.equal(batchesOf(plan(1)).flatMap(wordsOf));
    });

  it('reads a shard in one stretch of each epoch', () => {
    const [buffer, lanes, batch] = [4, 2, 32];
    const examples = examplesOf(40);
    const order = {seed: 1, epoch: 2, shards: {of: shardOf, buffer, lanes}};
    const batches = batchesOf(new BatchPlan(examples, batch, order));
    for (let lane = 0; lane < lanes; lane++) {
      const own = batches.filter((_, at) => at % lanes === lane);
      const held = (buffer * perShard * 2) / batch;
      for (let shard = 0; shard < 40; shard++) {
        const at = [...own.keys()].filter((batch) => shardsOf(own[batch]!).has(shard));
        if (at.length > 0) expect(at.at(-1)! - at[0]!).to.be.at.most(held + 1);
      }
    }
  });

  /** Variance of the mean of a batch, over batches and epochs, where each shard has one random value. */
  function varianceOfMeans(shards: number, batch: number, buffer: number): number {
    const random = new SeededRandom(7);
    const values = Array.from({length: shards}, () => random.next());
    const mean = values.reduce((sum, value) => sum + value, 0) / shards;
    const spread = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / shards;
    let [sum, count] = [0, 0];
    for (let epoch = 0; epoch < 12; epoch++) {
      const within = buffer > 0 ? {shards: {of: shardOf, buffer, lanes: 1}} : {};
      const plan = new BatchPlan(examplesOf(shards, 1), batch, {seed: 5, epoch, ...within});
      for (const {ids, size} of batchesOf(plan)) {
        if (size < batch / 2) continue;
        const own = ids.reduce((all, id) => all + values[shardOf(id)]!, 0) / size;
        sum += (own - mean) ** 2;
        count++;
      }
    }
    return sum / count / spread;
  }

  it('loses as much randomness as it says: a batch is like one of captions of so many random shards', () => {
    const [shards, batch] = [96, 40];
    expect(varianceOfMeans(shards, batch, 0)).to.be.within(0.8 / batch, 1.2 / batch);
    for (const buffer of [4, 8, 16]) {
      const stated = 1 / buffer + 1 / batch;
      expect(varianceOfMeans(shards, batch, buffer), `${buffer} shards`).to.be.within(
        0.6 * stated,
        1.25 * stated,
      );
    }
  });

  it('refuses more batches of a step than there are shards', () => {
    const order = {seed: 1, epoch: 0, shards: {of: shardOf, buffer: 2, lanes: 4}};
    expect(() => new BatchPlan(examplesOf(3), 8, order)).to.throw(
      CaptionerError,
      /each of 4 batches of a step, got 3 shards.*lower `accumulate`/,
    );
  });
});
