/**
 * A beam search as a tree to read, without a kernel and without scripts: point at a word, or choose it with the arrow keys, to read the
 * sentence up to it. Where style sheets are removed, as in untrusted notebooks, the kept words are shown as text.
 */
import type {BeamNode, BeamTree} from '../search/beam-tree';
import {special, type Vocabulary} from '../text/vocabulary';
import {layOut, nodeHeight, type BeamLayout, type PlacedNode} from './beam-layout';
import {html, raw, type Fragment} from './html';
import {percent} from './number-format';
import {breathe, show} from './output';
import {palette, shade} from './palette';
import {uniqueName} from './unique-name';

/** Options of `showBeamTree`. */
export interface BeamTreeOptions {
  readonly title?: string;
  /** Number of dropped words that are shown after each sentence. @default 2 */
  readonly dropped?: number;
}

/**
 * Shows a beam search: which words it kept after each word and which it dropped, with their probabilities.
 *
 * @param tree What `captioner.searchTree` returns.
 * @param words The vocabulary.
 * @example await showBeamTree(await captioner.searchTree('photo.jpg', {beams: 3}), captioner.vocabulary);
 */
export async function showBeamTree(
  tree: BeamTree,
  words: Pick<Vocabulary, 'word'>,
  {title, dropped = 2}: BeamTreeOptions = {},
): Promise<void> {
  const word = (token: number): string => (token === special.end ? 'end' : words.word(token));
  const lines = treeLines(tree.children, word, 0).join('\n');
  const layout = layOut(tree, word, dropped);
  const name = uniqueName('beams', lines);
  const content = html`<div class="${name}" style="margin:6px 0 14px">
    ${styleSheet(name, layout)}
    ${title !== undefined && html`<div style="font-weight:600;font-size:14px;margin:0 0 6px">${title}</div>`}
    <div class="drawn" hidden="hidden">${drawn(layout, name)}</div>
    <pre class="plain" style="margin:0;font-size:12.5px">${lines}</pre>
  </div>`;
  show({'text/html': content.text, 'text/plain': title === undefined ? lines : `${title}\n${lines}`});
  await breathe();
}

function drawn(layout: BeamLayout, name: string): Fragment {
  const {nodes, width, height, hidden} = layout;
  const first = Math.max(
    0,
    nodes.findIndex(({node}) => node.rank === 1),
  );
  return html`<div class="reading">
      ${nodes.map((placed, at) => html`<div class="r r${at}">${reading(placed)}</div>`)}
    </div>
    <div class="scroll">
      <div
        class="field"
        style="width:${width}px;height:${height}px"
        role="radiogroup"
        aria-label="Words that the search considered"
      >
        <svg width="${width}" height="${height}" aria-hidden="true">
          ${nodes.map((placed, at) => edge(placed, at, nodes))}
        </svg>
        ${nodes.map((placed, at) => chip(placed, at, at === first, name))}
      </div>
    </div>
    <div class="key">
      <span class="chip best">the caption</span> <span class="chip kept">kept</span>
      <span class="chip dropped">dropped</span> The percentages are probabilities, given the image and the
      words before. ${hidden > 0 && html`${hidden} other words that were dropped are not shown.`}
    </div>`;
}

/** The sentence up to a word and what became of it. */
function reading({node, sentence}: PlacedNode): Fragment {
  const end = node.token === special.end;
  return html`<b>${sentence.join(' ') || '(no words)'}</b>${!end && ' …'}
    <small>${fateOf(node)}, ${small(node.total)} for all of it</small>`;
}

function fateOf({kept, rank, token}: BeamNode): string {
  if (rank !== undefined) return `caption ${rank}`;
  if (!kept) return 'dropped';
  return token === special.end ? 'ended, but others were better' : 'kept';
}

/** Formats the probability of a sentence, which may be tiny. */
function small(probability: number): string {
  const value = 100 * probability;
  return `${value >= 0.01 ? Number(value.toPrecision(2)) : `less than 0.01`} %`;
}

function kindOf({best, node}: PlacedNode): string {
  return best ? 'best' : node.kept ? 'kept' : 'dropped';
}

function chip(placed: PlacedNode, at: number, first: boolean, name: string): Fragment {
  const {node, text, sentence, x, y, width} = placed;
  const filled = Math.round(100 * node.probability);
  const place = `left:${x}px;top:${y}px;width:${Math.round(width)}px`;
  const bar = `background-image:linear-gradient(90deg,${shade.line} ${filled}%,transparent ${filled}%)`;
  const end = node.token === special.end;
  return html`<label class="chip ${kindOf(placed)} n${at}" style="${place};${bar}"
    ><input
      type="radio"
      name="${name}"
      class="c${at}"
      ${first && raw('checked="checked"')}
      aria-label="${sentence.join(' ')}${end && ', end'}: ${fateOf(node)}"
    />${end ? html`<i>end</i>` : text} <small>${percent(node.probability)}</small></label
  >`;
}

/** The line from the word before. */
function edge(placed: PlacedNode, at: number, nodes: readonly PlacedNode[]): Fragment {
  const before = placed.path.at(-2);
  if (before === undefined) return html``;
  const from = nodes[before]!;
  const [x1, y1] = [from.x + from.width, from.y + nodeHeight.kept / 2];
  const [x2, y2] = [placed.x, placed.y + (placed.node.kept ? nodeHeight.kept : nodeHeight.dropped) / 2];
  const middle = (x1 + x2) / 2;
  return html`<path
    class="e ${kindOf(placed)} e${at}"
    d="M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}"
  />`;
}

function styleSheet(name: string, {nodes}: BeamLayout): Fragment {
  const root = `.${name}`;
  const grey = palette.grey;
  const layout = [
    ` .drawn{display:block!important;line-height:1.25}`,
    ` .plain{display:none}`,
    ` .reading{font-size:18px;min-height:50px}`,
    ` .reading small{font-size:12.5px;opacity:.8}`,
    ` .r{display:none}`,
    ` .scroll{overflow-x:auto;padding:4px}`,
    ` .field{position:relative}`,
    ` svg{position:absolute;inset:0;overflow:visible}`,
    ` .e{fill:none;stroke:${grey};stroke-width:1.3}`,
    ` .e.dropped{stroke-dasharray:2 3;opacity:.45}`,
    ` .e.best{stroke:${palette.blue};stroke-width:2.5}`,
    ` .chip{box-sizing:border-box;border:1.5px solid ${grey};border-radius:6px;padding:0 8px;height:${nodeHeight.kept}px;line-height:${nodeHeight.kept - 4}px;font-size:14px;white-space:nowrap;overflow:hidden}`,
    ` label.chip{position:absolute;cursor:pointer;display:flex;gap:6px}`,
    ` .key{font-size:12.5px;margin:8px 0 0;line-height:2}`,
    ` .key .chip{display:inline-block;height:auto;line-height:1.5;font-size:12.5px;margin:0 4px 0 0}`,
    ` .chip small{font-size:11px;opacity:.85;font-variant-numeric:tabular-nums}`,
    ` .chip.best{border-color:${palette.blue};border-width:2px;font-weight:600}`,
    ` .chip.dropped{border:1px dashed ${grey};opacity:.8;font-size:12.5px;height:${nodeHeight.dropped}px;line-height:${nodeHeight.dropped - 3}px}`,
    ` label.chip small{margin-left:auto}`,
    ` input{appearance:none;width:0;height:0;margin:0 -6px 0 0;flex:none;border:0;outline:0}`,
    ` label.chip:has(:focus-visible){outline:3px solid ${palette.orange};outline-offset:1px;overflow:visible}`,
  ];
  // The hypothesis that is pointed at, or else the chosen one.
  const chosen = nodes.map(({path}, at) => {
    const of = `${root}:has(.n${at}:hover)`;
    const or = `${root}:not(:has(label.chip:hover)):has(.c${at}:checked)`;
    const way = path.map((one) => `.n${one},.e${one}`).join();
    return `:is(${of},${or}) .r${at}{display:block}:is(${of},${or}) :is(${way}){background-color:${shade.mark};stroke:${palette.orange};opacity:1}`;
  });
  return raw(`<style>${layout.map((rule) => `${root}${rule}`).join('')}${chosen.join('')}</style>`);
}

/** The kept words as text, each indented below the one before it. */
function treeLines(nodes: readonly BeamNode[], word: (token: number) => string, depth: number): string[] {
  return nodes
    .filter(({kept}) => kept)
    .flatMap(({token, probability, rank, children}) => [
      `${'  '.repeat(depth)}${word(token)} ${percent(probability)}${rank === undefined ? '' : `: caption ${rank}`}`,
      ...treeLines(children, word, depth + 1),
    ]);
}
