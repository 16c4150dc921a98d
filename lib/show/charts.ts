/** Charts for notebooks, one call each: bars, histogram, heat map, lines and scatter. Each includes its numbers as text. */
import {showFigure} from './figure';
import {columnFormat} from './number-format';
import {palette, scale} from './palette';
import {wholeTicks} from './plotly';
import {columns, formatNumber} from './text';

/** Options of charts. */
export interface ChartOptions {
  readonly title?: string;
  /** Title of the horizontal axis. */
  readonly x?: string;
  /** Title of the vertical axis. */
  readonly y?: string;
}

/**
 * Draws horizontal bars, one per name, from top to bottom.
 *
 * @param bars Names and values: pairs, or a `Map`.
 * @param options Titles of the chart and its axes.
 * @example showBars([['dog', 12], ['cat', 3]], {title: 'Words', x: 'occurrences'});
 */
export function showBars(
  bars: Iterable<readonly [string, number]>,
  {title = '', x, y}: ChartOptions = {},
): void {
  const rows = [...bars];
  const format = columnFormat(
    '',
    rows.map(([, value]) => value),
  );
  showFigure({
    title,
    text: textOf(
      title,
      rows.map(([name, value]) => [name, format(value)]),
    ),
    data: [
      {
        type: 'bar',
        orientation: 'h',
        y: rows.map(([name]) => name),
        x: rows.map(([, value]) => value),
        text: rows.map(([, value]) => format(value)),
        textposition: 'outside',
        cliponaxis: false,
        marker: {color: palette.blue},
        hovertemplate: '%{y}: %{x}<extra></extra>',
      },
    ],
    layout: {
      height: 110 + 22 * rows.length,
      margin: {r: 64},
      bargap: 0.35,
      xaxis: {title: {text: x ?? ''}},
      yaxis: {
        title: {text: y ?? ''},
        autorange: 'reversed',
        type: 'category',
        showgrid: false,
        dtick: 1,
      },
    },
  });
}

/**
 * Draws a histogram. Integers within a range of 60 get one bar each; other values are binned.
 *
 * @param values Numbers, in any order.
 * @param options Titles of the chart and its axes.
 * @example showHistogram(lengths, {title: 'Caption length', x: 'words', y: 'captions'});
 */
export function showHistogram(
  values: Iterable<number>,
  {title = '', x, y = 'count'}: ChartOptions = {},
): void {
  const numbers = Float64Array.from(values).sort();
  const least = numbers.at(0) ?? 0;
  const most = numbers.at(-1) ?? 0;
  const whole = numbers.every(Number.isInteger) && most - least < 60;
  const mean = numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
  const quantile = (fraction: number): string =>
    formatNumber(numbers[Math.round(fraction * (numbers.length - 1))] ?? NaN);
  showFigure({
    title,
    text: textOf(title, [
      ['values', formatNumber(numbers.length)],
      ['least', formatNumber(least)],
      ['5 %', quantile(0.05)],
      ['median', quantile(0.5)],
      ['mean', formatNumber(mean)],
      ['95 %', quantile(0.95)],
      ['most', formatNumber(most)],
    ]),
    data: [
      {
        type: 'histogram',
        x: numbers,
        ...(whole ? {xbins: {start: least - 0.5, end: most + 0.5, size: 1}} : {nbinsx: 40}),
        marker: {color: palette.blue},
        hovertemplate: '%{x}: %{y:,}<extra></extra>',
      },
    ],
    layout: {bargap: 0.08, xaxis: {title: {text: x ?? ''}}, yaxis: {title: {text: y}}},
  });
}

/** Options of `showHeatmap`. */
export interface HeatmapOptions extends ChartOptions {
  /** Names of the columns. */
  readonly columns?: readonly string[];
  /** Names of the rows. */
  readonly rows?: readonly string[];
}

/**
 * Draws a matrix as a heat map, the first row on top.
 *
 * @param matrix Rows of numbers, all of the same length.
 * @param options Titles, and names of the rows and columns.
 * @example showHeatmap([[0.1, 0.9], [0.6, 0.4]], {title: 'Attention', rows: ['a', 'dog'], x: 'cell'});
 */
export function showHeatmap(
  matrix: readonly ArrayLike<number>[],
  {title = '', x, y, columns: columnNames, rows: rowNames}: HeatmapOptions = {},
): void {
  const depth = matrix[0]?.length ?? 0;
  const flat = matrix.flatMap((row) => Array.from(row));
  const [least, most] = flat.reduce(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Infinity, -Infinity],
  );
  showFigure({
    title,
    text: `${title} [${matrix.length}, ${depth}], from ${formatNumber(least)} to ${formatNumber(most)}`.trim(),
    data: [
      {
        type: 'heatmap',
        z: matrix.map((row) => Array.from(row)),
        ...(columnNames && {x: columnNames}),
        ...(rowNames && {y: rowNames}),
        colorscale: scale,
        colorbar: {thickness: 12, outlinewidth: 0},
        hovertemplate: '%{y}, %{x}: %{z:.4g}<extra></extra>',
      },
    ],
    layout: {
      height: Math.max(220, Math.min(640, 120 + matrix.length * (rowNames ? 24 : 8))),
      xaxis: {title: {text: x ?? ''}, showgrid: false, ...(!columnNames && wholeTicks([0, depth]))},
      yaxis: {
        title: {text: y ?? ''},
        autorange: 'reversed',
        showgrid: false,
        ...(!rowNames && wholeTicks([0, matrix.length])),
      },
    },
  });
}

/**
 * Draws lines by name.
 *
 * @param lines A list of y values, or of `[x, y]` pairs, for each name.
 * @param options Titles of the chart and its axes.
 * @example showLines({training: [3.1, 2.2], validation: [3.0, 2.4]}, {title: 'Loss', x: 'epoch'});
 */
export function showLines(
  lines: Readonly<Record<string, readonly number[] | readonly (readonly [number, number])[]>>,
  {title = '', x, y}: ChartOptions = {},
): void {
  const named = Object.entries(lines).map(([name, values]) => {
    const pairs = values.map((value, at) => (typeof value === 'number' ? ([at, value] as const) : value));
    return {name, pairs};
  });
  showFigure({
    title,
    text: textOf(
      title,
      named.map(({name, pairs}) => [
        name,
        pairs.length === 0 ? 'empty' : `${formatNumber(pairs[0]![1])} … ${formatNumber(pairs.at(-1)![1])}`,
      ]),
    ),
    data: named.map(({name, pairs}) => ({
      type: 'scatter',
      mode: pairs.length < 40 ? 'lines+markers' : 'lines',
      name,
      x: pairs.map(([at]) => at),
      y: pairs.map(([, value]) => value),
    })),
    layout: {
      xaxis: {title: {text: x ?? ''}, ...wholeTicks(named.flatMap(({pairs}) => pairs.map(([at]) => at)))},
      yaxis: {title: {text: y ?? ''}},
      showlegend: named.length > 1,
    },
  });
}

/** A point of `showScatter`. */
export interface Point {
  readonly x: number;
  readonly y: number;
  /** Hover text. */
  readonly text?: string;
  /** Points of the same group share a colour. */
  readonly group?: string;
}

/**
 * Draws points, coloured by group.
 *
 * @param points Their places, each with a hover text and a group if it has one.
 * @param options Titles of the chart and its axes.
 * @example showScatter([{x: 9, y: 0.61, text: 'a dog runs'}, {x: 12, y: 0.42}], {title: 'Scores', x: 'words', y: 'CIDEr-D'});
 */
export function showScatter(points: readonly Point[], {title = '', x, y}: ChartOptions = {}): void {
  const groups = new Map<string, Point[]>();
  for (const point of points) {
    const group = point.group ?? '';
    groups.set(group, [...(groups.get(group) ?? []), point]);
  }
  showFigure({
    title,
    text: textOf(
      title,
      [...groups].map(([group, members]) => [group || 'points', formatNumber(members.length)]),
    ),
    data: [...groups].map(([name, members]) => ({
      type: 'scatter',
      mode: 'markers',
      name,
      x: members.map((point) => point.x),
      y: members.map((point) => point.y),
      text: members.map(({text = ''}) => text),
      marker: {size: 7, opacity: 0.75},
      hovertemplate: '%{text}<extra>%{fullData.name}</extra>',
    })),
    layout: {
      height: 440,
      xaxis: {title: {text: x ?? ''}, zeroline: false, ...wholeTicks(points.map((point) => point.x))},
      yaxis: {title: {text: y ?? ''}, zeroline: false},
      showlegend: groups.size > 1,
    },
  });
}

function textOf(title: string, rows: readonly (readonly [string, string])[]): string {
  return [...(title === '' ? [] : [title]), columns(rows, [false, true])].join('\n');
}
