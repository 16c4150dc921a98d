/**
 * Line charts as SVG, rendered in a millisecond, for live charts: replacing an image doesn't flicker and costs the viewer little. Final
 * charts use Plotly.
 */
import {html, type Fragment} from './html';
import {shade} from './palette';
import {formatNumber} from './text';

/** A point of a line. */
export interface LinePoint {
  readonly x: number;
  readonly y: number;
}

export interface Line {
  /** Name in the legend; '' for no entry. */
  readonly name: string;
  readonly color: string;
  readonly width: number;
  readonly opacity?: number;
  /** Whether to mark each point with a dot. */
  readonly dots?: boolean;
  /** Whether to draw steps: each value holds until the next point. */
  readonly steps?: boolean;
  readonly points: readonly LinePoint[];
}

export interface LinesOptions {
  readonly title: string;
  /** Title of the horizontal axis, which all panels share. */
  readonly x: string;
  /** Panels from top to bottom; the first is the tallest. */
  readonly panels: readonly {readonly title: string; readonly lines: readonly Line[]}[];
}

const width = 820;
const left = 64;
const right = width - 14;
const tall = 250;
const low = 64;
const gap = 26;
const top = 46;
const ink = '#747b86';

/** Renders line charts as SVG. */
export function linesSvg({title, x: xTitle, panels}: LinesOptions): string {
  const lines = panels.flatMap((panel) => panel.lines);
  const across = axis(
    lines.flatMap(({points}) => points.map(({x}) => x)),
    false,
  );
  const toX = (value: number): number =>
    left + ((value - across.from) / (across.to - across.from)) * (right - left);
  let y = top;
  const drawn = panels.map((panel, at) => {
    const height = at === 0 ? tall : low;
    const fragment = drawPanel(panel.title, panel.lines, toX, y, height, at === 0 ? 5 : 2);
    y += height + gap;
    return fragment;
  });
  const bottom = y - gap;
  const grid = across.ticks.map(
    (tick) =>
      html`<line
          x1="${round(toX(tick))}"
          x2="${round(toX(tick))}"
          y1="${top}"
          y2="${bottom}"
          stroke="${shade.line}"
        /><text x="${round(toX(tick))}" y="${bottom + 16}" text-anchor="middle">${formatNumber(tick)}</text>`,
  );
  const height = bottom + 40;
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    viewBox="0 0 ${width} ${height}"
    width="${width}"
    height="${height}"
    style="max-width:100%;height:auto"
    role="img"
    aria-label="${title}"
    font-family="system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif"
    font-size="12"
    fill="${ink}"
  >
    <text x="${left}" y="20" font-size="14" font-weight="bold">${title}</text>
    ${legend(lines)}${grid}${drawn}
    <text x="${(left + right) / 2}" y="${bottom + 36}" text-anchor="middle">${xTitle}</text>
  </svg>`.text;
}

function drawPanel(
  title: string,
  lines: readonly Line[],
  toX: (x: number) => number,
  y: number,
  height: number,
  count: number,
): Fragment {
  const up = axis(
    lines.flatMap(({points}) => points.map((point) => point.y)).filter(Number.isFinite),
    true,
    count,
  );
  const toY = (value: number): number => y + height - ((value - up.from) / (up.to - up.from)) * height;
  const grid = up.ticks.map(
    (tick) =>
      html`<line
          x1="${left}"
          x2="${right}"
          y1="${round(toY(tick))}"
          y2="${round(toY(tick))}"
          stroke="${shade.line}"
        /><text x="${left - 8}" y="${round(toY(tick) + 4)}" text-anchor="end">${formatNumber(tick)}</text>`,
  );
  const middle = y + height / 2;
  return html`${grid}<text x="14" y="${middle}" text-anchor="middle" transform="rotate(-90 14 ${middle})"
      >${title}</text
    >${lines.map((line) => drawLine(line, toX, toY))}`;
}

function drawLine(
  {points, color, width, opacity = 1, dots, steps}: Line,
  toX: (x: number) => number,
  toY: (y: number) => number,
): Fragment {
  const finite = points.filter(({y}) => Number.isFinite(y));
  const pixels = finite.map(({x, y}) => ({x: round(toX(x)), y: round(toY(y))}));
  const path = pixels
    .map(({x, y}, at) => (at === 0 ? `M${x} ${y}` : steps ? `H${x}V${y}` : `L${x} ${y}`))
    .join('');
  return html`<path
      d="${path}"
      fill="none"
      stroke="${color}"
      stroke-width="${width}"
      stroke-linejoin="round"
      opacity="${opacity}"
    />${dots && pixels.map(({x, y}) => html`<circle cx="${x}" cy="${y}" r="3.5" fill="${color}" />`)}`;
}

function legend(lines: readonly Line[]): Fragment[] {
  const named = lines.filter(({name, points}) => name !== '' && points.length > 0).reverse();
  let end = right;
  return named.map(({name, color}) => {
    const at = end;
    end -= 7 * name.length + 44;
    return html`<text x="${at}" y="20" text-anchor="end">${name}</text
      ><line
        x1="${at - 7 * name.length - 26}"
        x2="${at - 7 * name.length - 6}"
        y1="16"
        y2="16"
        stroke="${color}"
        stroke-width="3"
      />`;
  });
}

/** Returns a range around the values and round tick values in it. */
function axis(
  values: readonly number[],
  padded: boolean,
  count = 6,
): {from: number; to: number; ticks: number[]} {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    least = Math.min(least, value);
    most = Math.max(most, value);
  }
  if (least > most) [least, most] = [0, 1];
  if (least === most) [least, most] = least > 0 ? [0, 1.25 * most] : [least - 1, most + 1];
  const space = padded ? 0.05 * (most - least) : 0;
  const [from, to] = [least - space, most + space];
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(from / step);
  const last = Math.floor(to / step + 1e-9);
  return {
    from,
    to,
    ticks: Array.from({length: last - first + 1}, (_, at) => Number(((first + at) * step).toPrecision(12))),
  };
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
