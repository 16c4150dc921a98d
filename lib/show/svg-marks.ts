/** Draws the marks of a figure as SVG. Long series are thinned, so that an image stays small. */
import {cssColourAt, viridis} from './colour-scale';
import type {Bars, Cells, Marks, Points} from './figure-traces';
import {html, type Fragment} from './html';
import {shortNumber} from './number-format';
import {rangeOf, round} from './svg-axis';

/** A figure's axes in pixels, and what bars of other traces take. */
export interface Place {
  /** Returns the pixel of a value; NaN where it has none. */
  readonly x: (value: number | string) => number;
  readonly y: (value: number | string) => number;
  /** Pixels of a unit of the axis. */
  readonly unitX: number;
  readonly unitY: number;
  /** Number of these bars among all that share the axes, and how many share them. */
  readonly group: readonly [number, number];
}

/** Points of a line, and dots, that a static image shows at most. */
export const pointLimit = 600;

/** Draws the marks of a trace. */
export function drawMarks(marks: Marks, place: Place): Fragment {
  if (marks.type === 'bars') return drawBars(marks, place);
  return marks.type === 'cells' ? drawCells(marks, place) : drawPoints(marks, place);
}

interface Pixel {
  readonly x: number;
  readonly y: number;
  readonly size: number;
}

function drawPoints({x, y, line, dots, color, opacity, whiskers}: Points, place: Place): Fragment {
  const pixels = x.map((value, at) => ({
    x: round(place.x(value)),
    y: round(place.y(y[at] ?? NaN)),
    size: dots?.[at] ?? 6,
  }));
  const lines =
    line &&
    html`<path
      d="${pathOf(thinLine(pixels), line.stepped)}"
      fill="none"
      stroke="${color}"
      stroke-width="${line.width}"
      stroke-linejoin="round"
      ${line.dash && html`stroke-dasharray="5 4"`}
    />`;
  const known = pixels.filter(isKnown);
  const every = Math.ceil(known.length / pointLimit);
  const circles =
    dots &&
    known
      .filter((_, at) => at % every === 0)
      .map(
        (pixel) =>
          html`<circle cx="${pixel.x}" cy="${pixel.y}" r="${round(pixel.size / 2)}" fill="${color}" />`,
      );
  const bars = (['x', 'y'] as const).flatMap((axis) => {
    const whisker = whiskers[axis];
    const values = axis === 'x' ? x : y;
    if (whisker === undefined) return [];
    const ends = values.map((value, at) =>
      typeof value === 'number'
        ? [value - (whisker.minus[at] ?? 0), value + (whisker.plus[at] ?? 0)].map((end) =>
            round(place[axis](end)),
          )
        : [NaN, NaN],
    );
    const paths = ends.map(([low, high], at) => {
      const across = axis === 'x' ? pixels[at]!.y : pixels[at]!.x;
      if (![low, high, across].every(Number.isFinite)) return '';
      return axis === 'x'
        ? `M${low} ${across}H${high}M${low} ${across - 4}v8M${high} ${across - 4}v8`
        : `M${across} ${low}V${high}M${across - 4} ${low}h8M${across - 4} ${high}h8`;
    });
    return html`<path d="${paths.join('')}" fill="none" stroke="${color}" stroke-width="1.6" />`;
  });
  return html`<g opacity="${opacity}">${lines}${bars}${circles}</g>`;
}

function pathOf(pixels: readonly Pixel[], stepped: boolean): string {
  let begun = false;
  return pixels
    .map((pixel) => {
      if (!isKnown(pixel)) {
        begun = false;
        return '';
      }
      const command = !begun
        ? `M${pixel.x} ${pixel.y}`
        : stepped
          ? `H${pixel.x}V${pixel.y}`
          : `L${pixel.x} ${pixel.y}`;
      begun = true;
      return command;
    })
    .join('');
}

/** Keeps the lowest and the highest point of each stretch of a long line, in their order, and its gaps. */
export function thinLine<T extends {readonly y: number}>(points: readonly T[]): T[] {
  if (points.length <= pointLimit) return [...points];
  const size = Math.ceil((2 * points.length) / pointLimit);
  const kept: T[] = [];
  for (let from = 0; from < points.length; from += size) {
    const stretch = points.slice(from, from + size);
    const known = stretch.filter(({y}) => Number.isFinite(y));
    const low = known.reduce<T | undefined>((a, b) => (a && a.y <= b.y ? a : b), undefined);
    const high = known.reduce<T | undefined>((a, b) => (a && a.y >= b.y ? a : b), undefined);
    const gap = stretch.find(({y}) => !Number.isFinite(y));
    kept.push(...stretch.filter((point) => point === low || point === high || point === gap));
  }
  if (kept.at(-1) !== points.at(-1)) kept.push(points.at(-1)!);
  return kept;
}

function drawBars({horizontal, at, lengths, thickness, texts, color, opacity}: Bars, place: Place): Fragment {
  const [number, count] = place.group;
  const size = ((horizontal ? place.unitY : place.unitX) * thickness) / count;
  const zero = round(horizontal ? place.x(0) : place.y(0));
  const rectangles = at.flatMap((name, bar) => {
    const end = round(horizontal ? place.x(lengths[bar]!) : place.y(lengths[bar]!));
    const middle = (horizontal ? place.y(name) : place.x(name)) + (number - (count - 1) / 2) * size;
    if (![end, middle].every(Number.isFinite)) return [];
    const from = round(middle - size / 2);
    const wide = round(Math.max(0.5, size));
    const [low, long] = [Math.min(zero, end), Math.abs(end - zero)];
    const label = texts[bar];
    return horizontal
      ? html`<rect x="${low}" y="${from}" width="${round(long)}" height="${wide}" fill="${color}" />${
            label !== undefined && html`<text x="${end + 5}" y="${round(middle + 4)}">${label}</text>`
          }`
      : html`<rect x="${from}" y="${low}" width="${wide}" height="${round(long)}" fill="${color}" />`;
  });
  return html`<g opacity="${opacity}">${rectangles}</g>`;
}

const shades = 32;

/** Draws the cells of each colour as one path. */
function drawCells({rows, x, y, opacity}: Cells, place: Place): Fragment {
  const {from, to} = rangeOf(rows.flat());
  const [wide, high] = [stepOf(x, place.x), stepOf(y, place.y)];
  const paths = new Map<number, string>();
  for (const [row, cells] of rows.entries())
    for (const [column, value] of cells.entries()) {
      if (!Number.isFinite(value)) continue;
      const shade = Math.round(((value - from) / (to - from)) * (shades - 1));
      const left = round(place.x(x[column] ?? column) - wide / 2);
      const top = round(place.y(y[row] ?? row) - high / 2);
      // A little larger than a cell, so that no line shows between neighbours.
      const cell = `M${left} ${top}h${round(wide + 0.4)}v${round(high + 0.4)}h${-round(wide + 0.4)}z`;
      paths.set(shade, (paths.get(shade) ?? '') + cell);
    }
  const drawn = [...paths].map(
    ([shade, path]) => html`<path d="${path}" fill="${cssColourAt(viridis, shade / (shades - 1))}" />`,
  );
  return html`<g opacity="${opacity}">${drawn}</g>`;
}

function stepOf(values: readonly (number | string)[], pixel: (value: number | string) => number): number {
  return values.length < 2
    ? Math.abs(pixel(0.5) - pixel(-0.5)) || 40
    : Math.abs(pixel(values[1]!) - pixel(values[0]!));
}

/** Draws the colours of a heat map with its lowest and highest value. */
export function drawColourBar(
  {rows}: Cells,
  {x, y, height}: {readonly x: number; readonly y: number; readonly height: number},
): Fragment {
  const {from, to} = rangeOf(rows.flat());
  const strip = height / shades;
  const strips = Array.from(
    {length: shades},
    (_, at) =>
      html`<rect
        x="${x}"
        y="${round(y + height - (at + 1) * strip)}"
        width="12"
        height="${round(strip + 0.4)}"
        fill="${cssColourAt(viridis, at / (shades - 1))}"
      />`,
  );
  return html`${strips}<text x="${x + 17}" y="${y + 10}">${shortNumber(to, to - from)}</text
    ><text x="${x + 17}" y="${y + height}">${shortNumber(from, to - from)}</text>`;
}

function isKnown({x, y}: Pixel): boolean {
  return Number.isFinite(x) && Number.isFinite(y);
}
