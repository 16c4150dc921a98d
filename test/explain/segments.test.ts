import {CaptionerError} from 'captioner';
import {gridCells, superpixels, type Segments} from 'captioner/dist/explain/segments';
import {SeededRandom} from 'captioner/dist/random/random';
import {expect} from 'chai';

const size = 60;

/** Two halves of different colours with a slanted border, and a little noise. */
function halves(): {pixels: Uint8Array; sideOf: (at: number) => number} {
  const random = new SeededRandom(1);
  const sideOf = (at: number): number => Number((at % size) + Math.floor(at / size) / 3 > 38);
  const colours = [
    [200, 60, 40],
    [40, 90, 180],
  ];
  const pixels = Uint8Array.from({length: size * size * 3}, (_, k) =>
    Math.round(colours[sideOf(Math.floor(k / 3))]![k % 3]! + random.between(-6, 6)),
  );
  return {pixels, sideOf};
}

function expectConnected({labels, count, size: side}: Segments): void {
  const seen = new Set<number>();
  const visited = new Uint8Array(labels.length);
  for (let start = 0; start < labels.length; start++) {
    if (visited[start]) continue;
    expect(seen.has(labels[start]!), `segment ${labels[start]!} has two parts`).to.equal(false);
    seen.add(labels[start]!);
    const queue = [start];
    visited[start] = 1;
    for (let at = queue.pop(); at !== undefined; at = queue.pop())
      for (const next of [
        at - side,
        at + side,
        ...(at % side > 0 ? [at - 1] : []),
        ...(at % side < side - 1 ? [at + 1] : []),
      ])
        if (next >= 0 && next < labels.length && !visited[next] && labels[next] === labels[start]) {
          visited[next] = 1;
          queue.push(next);
        }
  }
  expect([...seen].sort((a, b) => a - b)).to.deep.equal([...Array(count).keys()]);
}

describe('superpixels', () => {
  const {pixels, sideOf} = halves();

  it('are connected, numbered without a gap, and about as many as asked for', () => {
    for (const segments of [4, 16, 50, 100]) {
      const found = superpixels(pixels, size, {segments});
      expectConnected(found);
      expect(found.count).to.be.within(segments * 0.5, segments * 1.5);
    }
  });

  it('follow edges, which cells do not', () => {
    const mixed = ({labels, count}: Segments): number => {
      const parts = Array.from({length: count}, () => [0, 0]);
      for (const [at, label] of labels.entries()) parts[label]![sideOf(at)]!++;
      return parts.reduce((sum, part) => sum + Math.min(...part), 0) / (size * size);
    };
    expect(mixed(superpixels(pixels, size, {segments: 36}))).to.be.below(0.005);
    expect(mixed(gridCells(size, 6))).to.be.above(0.03);
  });

  it('become cells when only distance counts', () => {
    const found = superpixels(pixels, size, {segments: 36, compactness: 1e5});
    expect(found.count).to.equal(36);
    const areas = new Uint32Array(36);
    for (const label of found.labels) areas[label]!++;
    for (const area of areas) expect(area).to.be.within(60, 140);
  });
});

describe('gridCells', () => {
  it('divides sides that are no multiple of the cells', () => {
    const {labels, count} = gridCells(10, 3);
    expect(count).to.equal(9);
    expect([...labels.subarray(0, 10)]).to.deep.equal([0, 0, 0, 0, 1, 1, 1, 2, 2, 2]);
    expectConnected({labels, count, size: 10});
  });

  it('refuses more cells than pixels', () => {
    expect(() => gridCells(4, 5)).to.throw(CaptionerError, 'from 1 to 4');
  });
});
