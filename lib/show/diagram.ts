/** Diagrams of labelled boxes in columns and rows, joined by arrows, in colours for light and dark themes. */
import {html, type Fragment} from './html';
import {show} from './output';
import {ink, palette, shade} from './palette';
import {round} from './svg-axis';

/** A box of a diagram. */
export interface DiagramBox {
  readonly label: string;
  /** A second, smaller line, such as a shape. */
  readonly note?: string;
  /** Column and row, counted from 0; fractions lie between them. */
  readonly at: readonly [column: number, row: number];
  /** What it stands for: data have no frame. @default 'part' */
  readonly kind?: 'part' | 'learnt' | 'data';
}

/** A diagram: boxes by name, and arrows from one to another. */
export interface Diagram {
  readonly title: string;
  readonly boxes: Readonly<Record<string, DiagramBox>>;
  readonly arrows: readonly (readonly [from: string, to: string])[];
}

const size = {width: 108, height: 40, acrossGap: 26, downGap: 24, margin: 6} as const;
const font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const colours = {part: palette.grey, learnt: palette.blue, data: 'none'} as const;

interface Point {
  readonly x: number;
  readonly y: number;
}

/**
 * Shows a diagram. Its text form lists the arrows.
 *
 * @example
 * showDiagram({
 *   title: 'A captioner',
 *   boxes: {image: {label: 'image', at: [0, 0], kind: 'data'}, encoder: {label: 'encoder', at: [1, 0]}},
 *   arrows: [['image', 'encoder']],
 * });
 */
export function showDiagram(diagram: Diagram): void {
  const {title} = diagram;
  const [svg, text] = [diagramSvg(diagram), diagramText(diagram)];
  const uri = `data:image/svg+xml;base64,${Buffer.from(svg).toString('base64')}`;
  const image = html`<img
    src="${uri}"
    alt="${text}"
    style="display:block;max-width:100%;margin:6px 0 14px"
  />`;
  show({
    'text/html': html`<div style="font-weight:600;font-size:14px;margin:6px 0">${title}</div>
      ${image}`.text,
    'text/plain': `${title}\n${text}`,
  });
}

function diagramText({boxes, arrows}: Diagram): string {
  const named = (name: string): string => boxes[name]?.label ?? name;
  return arrows.map(([from, to]) => `${named(from)} → ${named(to)}`).join('\n');
}

/** Draws the diagram as an SVG. */
export function diagramSvg({boxes, arrows}: Diagram): string {
  const all = Object.values(boxes);
  const most = (axis: 0 | 1): number => Math.max(...all.map(({at}) => at[axis]));
  const width = most(0) * (size.width + size.acrossGap) + size.width + 2 * size.margin;
  const height = most(1) * (size.height + size.downGap) + size.height + 2 * size.margin;
  const lines = arrows.map(([from, to]) => drawArrow(placeOf(boxes, from), placeOf(boxes, to)));
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    width="${round(width)}"
    height="${round(height)}"
    viewBox="0 0 ${round(width)} ${round(height)}"
    font-family="${font}"
    fill="${ink}"
  >
    <defs>
      <marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
        <path d="M0 0L8 4L0 8z" fill="${ink}" />
      </marker>
    </defs>
    ${lines}${all.map((box) => drawBox(box))}
  </svg>`.text;
}

/** Returns the middle of a box. */
function placeOf(boxes: Diagram['boxes'], name: string): Point {
  const box = boxes[name];
  if (box === undefined) throw new RangeError(`A diagram's arrow: expected a box, got "${name}"`);
  const [column, row] = box.at;
  return {
    x: size.margin + column * (size.width + size.acrossGap) + size.width / 2,
    y: size.margin + row * (size.height + size.downGap) + size.height / 2,
  };
}

function drawBox(box: DiagramBox): Fragment {
  const {label, note, kind = 'part'} = box;
  const {x, y} = placeOf({box}, 'box');
  const [left, top] = [round(x - size.width / 2), round(y - size.height / 2)];
  const frame =
    kind !== 'data' &&
    html`<rect
      x="${left}"
      y="${top}"
      width="${size.width}"
      height="${size.height}"
      rx="6"
      fill="${shade.fill}"
      stroke="${colours[kind]}"
      stroke-width="1.4"
    />`;
  const below = note !== undefined;
  return html`${frame}<text
      x="${round(x)}"
      y="${round(below ? y - 2 : y + 4)}"
      font-size="13"
      font-weight="${kind === 'data' ? 400 : 600}"
      text-anchor="middle"
      >${label}</text
    >${below && html`<text x="${round(x)}" y="${round(y + 13)}" font-size="11" text-anchor="middle">${note}</text>`}`;
}

/** Draws an arrow from the side of one box to the nearest side of the other. */
function drawArrow(from: Point, to: Point): Fragment {
  const upright = Math.abs(to.x - from.x) < size.width;
  const start = edge(from, to, upright);
  const end = edge(to, from, upright);
  return html`<line
    x1="${round(start.x)}"
    y1="${round(start.y)}"
    x2="${round(end.x)}"
    y2="${round(end.y)}"
    stroke="${ink}"
    stroke-width="1.3"
    marker-end="url(#tip)"
  />`;
}

function edge(of: Point, towards: Point, upright: boolean): Point {
  const gap = 2;
  if (upright) return {x: of.x, y: of.y + Math.sign(towards.y - of.y) * (size.height / 2 + gap)};
  return {x: of.x + Math.sign(towards.x - of.x) * (size.width / 2 + gap), y: of.y};
}
