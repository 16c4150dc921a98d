/** Places the words of a beam search: a column for each step, the kept words in rows without crossings, the dropped ones below them. */
import type {BeamNode, BeamTree} from '../search/beam-tree';
import {special} from '../text/vocabulary';

/** A word with its place. */
export interface PlacedNode {
  readonly node: BeamNode;
  readonly text: string;
  /** The words up to it, without the end. */
  readonly sentence: readonly string[];
  /** Positions of the words on the way to it in the list of all, and its own. */
  readonly path: readonly number[];
  /** Whether it belongs to the best caption. */
  readonly best: boolean;
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface BeamLayout {
  readonly nodes: readonly PlacedNode[];
  readonly width: number;
  readonly height: number;
  /** Number of dropped words that have no place. */
  readonly hidden: number;
}

/** Height of a word in pixels, and distances. */
export const nodeHeight = {kept: 28, dropped: 20};
const gap = {column: 26, kept: 10, dropped: 4, below: 12};

/** @param dropped Number of dropped words to place after each sentence. */
export function layOut(tree: BeamTree, word: (token: number) => string, dropped: number): BeamLayout {
  const columns: Omit<PlacedNode, 'x' | 'y' | 'width'>[][] = [];
  const order: {column: number; row: number}[] = [];
  let hidden = 0;
  const add = (
    nodes: readonly BeamNode[],
    depth: number,
    before: readonly string[],
    path: readonly number[],
  ): void => {
    const rejected = nodes.filter(({kept}) => !kept);
    hidden += Math.max(0, rejected.length - dropped);
    const kept = nodes.filter((node) => node.kept).sort((a, b) => byRank(a) - byRank(b));
    for (const node of [...kept, ...rejected.slice(0, dropped)]) {
      const text = node.token === special.end ? 'end' : word(node.token);
      const sentence = node.token === special.end ? before : [...before, text];
      const way = [...path, order.length];
      const column = (columns[depth] ??= []);
      order.push({column: depth, row: column.length});
      column.push({node, text, sentence, path: way, best: byRank(node) === 1});
      add(node.children, depth + 1, sentence, way);
    }
  };
  add(tree.children, 0, [], []);

  let [x, height] = [0, 0];
  const placed = columns.map((column) => {
    const width = 62 + Math.max(...column.map(({text}) => 8.4 * text.length));
    const rows = column.filter(({node}) => node.kept).length;
    const below = rows * (nodeHeight.kept + gap.kept) + gap.below;
    let [kept, rejected] = [0, 0];
    const nodes = column.map((one): PlacedNode => {
      const y = one.node.kept
        ? kept++ * (nodeHeight.kept + gap.kept)
        : below + rejected++ * (nodeHeight.dropped + gap.dropped);
      height = Math.max(height, y + nodeHeight.kept);
      return {...one, x, y, width};
    });
    x += width + gap.column;
    return nodes;
  });
  return {
    nodes: order.map(({column, row}) => placed[column]![row]!),
    width: x - gap.column,
    height: height + 2,
    hidden,
  };
}

/** The best rank of the captions that come of a word; a large number if none does. */
function byRank({rank = Number.MAX_SAFE_INTEGER, children}: BeamNode): number {
  return Math.min(rank, ...children.map(byRank));
}
