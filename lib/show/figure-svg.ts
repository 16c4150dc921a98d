/**
 * Draws a figure as a static SVG with the same data, title, axes and colours as Plotly's, for viewers that run no script: GitHub, nbconvert,
 * a page without JavaScript. Its colours suit light and dark pages.
 */
import {axesOf, type Axis} from './figure-axes';
import {legendOf, letter, lineHeight, shorten, width} from './figure-legend';
import {barLimit, marksOf, type Marks} from './figure-traces';
import {html, type Fragment} from './html';
import {ink, shade} from './palette';
import {list, number, record, text, type Figure, type Json} from './plotly';
import {round} from './svg-axis';
import {drawColourBar, drawMarks} from './svg-marks';
import {formatNumber} from './text';

/** Returns a figure as SVG; undefined where it has traces of a kind that can't be drawn. */
export function figureSvg(figure: Figure): string | undefined {
  const marks = marksOf(figure);
  if (marks === undefined) return undefined;
  const layout = figure.layout ?? {};
  const axes = axesOf(marks, layout);
  const title = figure.title ?? text(record(layout['title'])['text']) ?? '';
  const legend = layout['showlegend'] === false ? {entries: [], rows: 0} : legendOf(marks, title);
  const height = heightOf(marks, layout);
  const frame = frameOf(axes, marks, height, (title === '' ? 14 : 38) + lineHeight * legend.rows);
  const description = figure.text ?? title;
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    style="max-width:100%;height:auto"
    role="img"
    aria-label="${title || 'Figure'}"
    font-family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
    font-size="12"
    fill="${ink}"
  >
    <desc>${description.slice(0, 1000)}</desc>
    ${title !== '' && html`<text x="14" y="20" font-size="14" font-weight="bold">${title}</text>`}
    ${legend.entries}${[...axes.values()].map((axis) => drawAxis(axis, axes, frame))}
    ${marks.map((one, at) => drawTrace(one, at, marks, axes, frame))}${drawTexts(layout, frame)}
  </svg>`.text;
}

/** The drawing area, in pixels. */
interface Frame {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

function heightOf(marks: readonly Marks[], layout: Json): number {
  const height = number(layout['height']) ?? 340;
  // A chart of more bars than are drawn is as high as those that are.
  const cut = marks.some((one) => one.type === 'bars' && one.horizontal && one.omitted > 0);
  return Math.max(120, cut ? Math.min(height, 110 + 22 * barLimit) : height);
}

function frameOf(
  axes: ReadonlyMap<string, Axis>,
  marks: readonly Marks[],
  height: number,
  top: number,
): Frame {
  const outer = [...axes.values()].filter(({name}) => name.startsWith('y') && !isInner(axes, name));
  const labels = outer.flatMap(({ticks}) => ticks.map(({label}) => shorten(label).length));
  const titled = outer.some(({title}) => title !== '');
  const below = [...axes.values()].filter(({name}) => name.startsWith('x'));
  const turned = below.some((axis) => isTurned(axis, width - 120));
  const longest = Math.max(0, ...below.flatMap(({ticks}) => ticks.map(({label}) => shorten(label).length)));
  const hasTexts = marks.some((one) => one.type === 'bars' && one.horizontal && one.texts.length > 0);
  const hasCells = marks.some(({type}) => type === 'cells');
  return {
    left: Math.round((titled ? 26 : 8) + 14 + letter * Math.max(2, ...labels)),
    right: width - (hasCells ? 84 : hasTexts ? 72 : 18),
    top,
    bottom:
      height -
      (below.some(({title}) => title !== '') ? 24 : 4) -
      (turned ? Math.min(150, 14 + 0.75 * letter * longest) : 20),
  };
}

/** Whether a vertical axis stands inside of the drawing area. */
function isInner(axes: ReadonlyMap<string, Axis>, name: string): boolean {
  return (axes.get(axes.get(name)!.anchor)?.domain[0] ?? 0) > 0;
}

function isTurned(axis: Axis, space: number): boolean {
  const [from, to] = axis.domain;
  const each = ((to - from) * space) / Math.max(1, axis.ticks.length);
  return axis.named && axis.ticks.some(({label}) => letter * shorten(label).length > each - 4);
}

/** Returns the pixels of an axis, from its beginning to its end. */
function span({name, domain: [from, to]}: Axis, {left, right, top, bottom}: Frame): [number, number] {
  return name.startsWith('x')
    ? [left + from * (right - left), left + to * (right - left)]
    : [bottom - from * (bottom - top), bottom - to * (bottom - top)];
}

function pixel(axis: Axis, frame: Frame): (fraction: number) => number {
  const [from, to] = span(axis, frame);
  return (fraction) => from + fraction * (to - from);
}

function drawAxis(axis: Axis, axes: ReadonlyMap<string, Axis>, frame: Frame): Fragment {
  const horizontal = axis.name.startsWith('x');
  const at = pixel(axis, frame);
  const touched = axes.get(axis.anchor);
  const base = touched ? span(touched, frame)[0] : horizontal ? frame.bottom : frame.left;
  // Lines cross everything that shares the axis.
  const partners = [...axes.values()].filter((one) => one.anchor === axis.name || one.name === axis.anchor);
  const stretches = (partners.length > 0 ? partners : touched ? [touched] : []).map((one) =>
    span(one, frame),
  );
  const turned = isTurned(axis, frame.right - frame.left);
  const [from, to] = span(axis, frame);
  const every = Math.max(1, Math.ceil((axis.ticks.length * 11) / Math.max(1, Math.abs(to - from))));
  const ticks = axis.ticks.filter((_, number) => !axis.named || number % every === 0);
  const drawn = ticks.map(({at: fraction, label}) => {
    const place = round(at(fraction));
    if (fraction < -1e-6 || fraction > 1 + 1e-6) return '';
    const lines =
      axis.grid && !axis.named
        ? stretches.map(([a, b]) =>
            horizontal
              ? html`<line
                  x1="${place}"
                  x2="${place}"
                  y1="${round(a)}"
                  y2="${round(b)}"
                  stroke="${shade.line}"
                />`
              : html`<line
                  x1="${round(a)}"
                  x2="${round(b)}"
                  y1="${place}"
                  y2="${place}"
                  stroke="${shade.line}"
                />`,
          )
        : '';
    const shown = shorten(label);
    if (!horizontal)
      return html`${lines}<text x="${round(base - 8)}" y="${place + 4}" text-anchor="end">${shown}</text>`;
    return turned
      ? html`<text
          x="${place}"
          y="${round(base + 12)}"
          text-anchor="end"
          transform="rotate(-45 ${place} ${round(base + 12)})"
          >${shown}</text
        >`
      : html`${lines}<text x="${place}" y="${round(base + 16)}" text-anchor="middle">${shown}</text>`;
  });
  const middle = round((from + to) / 2);
  const title =
    axis.title !== '' &&
    (horizontal
      ? html`<text x="${middle}" y="${round(turned ? frame.bottom + 150 : base + 36)}" text-anchor="middle"
          >${axis.title}</text
        >`
      : html`<text x="14" y="${middle}" text-anchor="middle" transform="rotate(-90 14 ${middle})"
          >${axis.title}</text
        >`);
  return html`${drawn}${title}`;
}

function drawTrace(
  marks: Marks,
  at: number,
  all: readonly Marks[],
  axes: ReadonlyMap<string, Axis>,
  frame: Frame,
): Fragment {
  const [x, y] = [axes.get(marks.xAxis)!, axes.get(marks.yAxis)!];
  const [toX, toY] = [pixel(x, frame), pixel(y, frame)];
  const length = (axis: Axis): number => Math.abs(span(axis, frame)[1] - span(axis, frame)[0]) * axis.unit;
  const group = all.filter(
    (one) => one.type === 'bars' && one.xAxis === marks.xAxis && one.yAxis === marks.yAxis,
  );
  const bar =
    marks.type === 'cells' &&
    drawColourBar(marks, {x: frame.right + 14, y: frame.top, height: frame.bottom - frame.top});
  const drawn = drawMarks(marks, {
    x: (value) => toX(x.position(value)),
    y: (value) => toY(y.position(value)),
    unitX: length(x),
    unitY: length(y),
    group: [Math.max(0, group.indexOf(all[at]!)), Math.max(1, group.length)],
  });
  const more =
    marks.type === 'bars' &&
    marks.omitted > 0 &&
    html`<text x="${frame.left}" y="${frame.bottom + 16}">… and ${formatNumber(marks.omitted)} more</text>`;
  return html`${drawn}${bar}${more}`;
}

/** Draws the annotations of a figure whose place is given as a part of the drawing area. */
function drawTexts({annotations}: Json, frame: Frame): Fragment[] {
  return (list(annotations) ?? []).map(record).flatMap((one) => {
    const [x, y] = [number(one['x']), number(one['y'])];
    if (one['xref'] !== 'paper' || one['yref'] !== 'paper' || x === undefined || y === undefined) return [];
    const left = round(frame.left + x * (frame.right - frame.left));
    const top = round(frame.bottom - y * (frame.bottom - frame.top));
    const anchor = {left: 'start', right: 'end'}[String(one['xanchor'])] ?? 'middle';
    return html`<text x="${left}" y="${top - 5}" text-anchor="${anchor}">${text(one['text'])}</text>`;
  });
}
