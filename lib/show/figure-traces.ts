/** Reads the traces of a Plotly figure as marks that can be drawn as SVG: points joined by lines, bars, and the cells of heat maps. */
import {series} from './palette';
import {list, number, record, text, type Figure, type Json} from './plotly';
import {rangeOf} from './svg-axis';

/** A value of an axis: a number, or the name of a category. */
export type Value = number | string;

interface Common {
  /** Name in the legend; undefined for no entry. */
  readonly name: string | undefined;
  readonly color: string;
  readonly opacity: number;
  /** Names of the axes, such as `x2`. */
  readonly xAxis: string;
  readonly yAxis: string;
}

/** Points, joined by a line, marked by dots, or both. */
export interface Points extends Common {
  readonly type: 'points';
  readonly x: readonly Value[];
  readonly y: readonly Value[];
  readonly line: {readonly width: number; readonly dash: boolean; readonly stepped: boolean} | undefined;
  /** Diameters; undefined without dots. */
  readonly dots: readonly number[] | undefined;
  /** Whiskers along the horizontal and the vertical axis, as distances from the point. */
  readonly whiskers: Readonly<Partial<Record<'x' | 'y', Whiskers>>>;
}

export interface Whiskers {
  readonly plus: readonly number[];
  readonly minus: readonly number[];
}

/** Bars; a bar of a histogram spans its bin. */
export interface Bars extends Common {
  readonly type: 'bars';
  readonly horizontal: boolean;
  /** Positions along the axis of the names. */
  readonly at: readonly Value[];
  readonly lengths: readonly number[];
  /** Width of a bar, in units of its axis. */
  readonly thickness: number;
  /** Texts at the ends. */
  readonly texts: readonly string[];
  /** Number of bars beyond `barLimit`, which are left out. */
  readonly omitted: number;
}

/** Cells of a heat map, the first row first. */
export interface Cells extends Common {
  readonly type: 'cells';
  readonly rows: readonly (readonly number[])[];
  readonly x: readonly Value[];
  readonly y: readonly Value[];
}

export type Marks = Points | Bars | Cells;

/** Bars that a static image shows at most. */
export const barLimit = 200;
/** Rows and columns of a heat map that a static image shows at most; larger ones are averaged. */
const cellLimit = 100;

/** Returns the marks of a figure's traces; undefined where one of them is of a kind that can't be drawn as SVG. */
export function marksOf({data, layout = {}}: Figure): Marks[] | undefined {
  const marks = data.map((trace, at) => marksOfTrace(trace, at, layout));
  return marks.every((one) => one !== undefined) ? marks : undefined;
}

function marksOfTrace(trace: Json, at: number, layout: Json): Marks | undefined {
  const marker = record(trace['marker']);
  const line = record(trace['line']);
  const color = text(line['color']) ?? text(marker['color']) ?? series[at % series.length]!;
  const common: Common = {
    name: trace['showlegend'] === false ? undefined : text(trace['name']),
    color,
    opacity: number(trace['opacity']) ?? number(marker['opacity']) ?? 1,
    xAxis: text(trace['xaxis']) ?? 'x',
    yAxis: text(trace['yaxis']) ?? 'y',
  };
  switch (trace['type'] ?? 'scatter') {
    case 'scatter':
      return pointsOf(trace, common);
    case 'bar':
      return barsOf(trace, common, layout);
    case 'histogram':
      return binsOf(trace, common, layout);
    case 'heatmap':
      return cellsOf(trace, common);
    default:
      return undefined;
  }
}

function pointsOf(trace: Json, common: Common): Points {
  const y = values(trace['y']);
  const x = trace['x'] === undefined ? y.map((_, at) => at) : values(trace['x']);
  const mode = text(trace['mode']) ?? 'lines+markers';
  const line = record(trace['line']);
  const {size = 6} = record(trace['marker']) as {size?: unknown};
  const diameters = list(size)?.map((one) => number(one) ?? 6) ?? x.map(() => number(size) ?? 6);
  const whiskers = Object.fromEntries(
    (['x', 'y'] as const).flatMap((axis) => {
      const error = record(trace[`error_${axis}`]);
      const plus = list(error['array'])?.map((one) => number(one) ?? 0);
      if (plus === undefined) return [];
      const minus = list(error['arrayminus'])?.map((one) => number(one) ?? 0) ?? plus;
      return [[axis, {plus, minus}]];
    }),
  );
  return {
    ...common,
    type: 'points',
    x,
    y,
    line: mode.includes('lines')
      ? {
          width: number(line['width']) ?? 2,
          dash: line['dash'] !== undefined && line['dash'] !== 'solid',
          stepped: line['shape'] === 'hv',
        }
      : undefined,
    dots: mode.includes('markers') ? diameters : undefined,
    whiskers,
  };
}

function barsOf(trace: Json, common: Common, layout: Json): Bars {
  const horizontal = trace['orientation'] === 'h';
  const [positions, lengths] = horizontal ? [trace['y'], trace['x']] : [trace['x'], trace['y']];
  return {
    ...common,
    type: 'bars',
    horizontal,
    at: values(positions).slice(0, barLimit),
    lengths: numbers(lengths).slice(0, barLimit),
    thickness: 1 - (number(layout['bargap']) ?? 0.2),
    texts: (list(trace['text']) ?? []).map(String),
    omitted: Math.max(0, values(positions).length - barLimit),
  };
}

/** Counts the values of a histogram as Plotly does: in the given bins, or in about as many round ones as are asked for. */
function binsOf(trace: Json, common: Common, layout: Json): Bars {
  const given = numbers(trace['x']).filter(Number.isFinite);
  const bins = record(trace['xbins']);
  const range = rangeOf(given);
  const size = number(bins['size']) ?? roundUp((range.to - range.from) / (number(trace['nbinsx']) ?? 20));
  const start = number(bins['start']) ?? Math.floor(range.from / size) * size;
  const count = Math.min(1000, Math.max(1, Math.floor((range.to - start) / size + 1e-9) + 1));
  const lengths = new Array<number>(count).fill(0);
  for (const value of given) {
    const bin = Math.min(count - 1, Math.floor((value - start) / size + 1e-9));
    if (bin >= 0) lengths[bin]!++;
  }
  return {
    ...common,
    type: 'bars',
    horizontal: false,
    at: lengths.map((_, bin) => start + (bin + 0.5) * size),
    lengths,
    thickness: size * (1 - (number(layout['bargap']) ?? 0)),
    texts: [],
    omitted: 0,
  };
}

function cellsOf(trace: Json, common: Common): Cells {
  const rows = (list(trace['z']) ?? []).map(numbers);
  const height = Math.max(1, Math.ceil(rows.length / cellLimit));
  const width = Math.max(1, Math.ceil((rows[0]?.length ?? 0) / cellLimit));
  const averaged = groups(rows, height).map((some) =>
    groups([...(some[0] ?? []).keys()], width).map((columns) =>
      meanOf(some.flatMap((row) => columns.map((column) => row[column]!))),
    ),
  );
  const names = (given: unknown, count: number, step: number): Value[] => {
    const named = list(given)?.map(valueOf) ?? Array.from({length: count}, (_, at) => at);
    return named.filter((_, at) => at % step === 0);
  };
  return {
    ...common,
    type: 'cells',
    rows: averaged,
    x: names(trace['x'], rows[0]?.length ?? 0, width),
    y: names(trace['y'], rows.length, height),
  };
}

/** Returns the next number that is 1, 2 or 5 times a power of ten. */
function roundUp(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value));
  return power * ([1, 2, 5].find((factor) => factor * power >= value - 1e-12) ?? 10);
}

function groups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({length: Math.ceil(items.length / size)}, (_, at) =>
    items.slice(at * size, (at + 1) * size),
  );
}

function meanOf(all: readonly number[]): number {
  return all.reduce((sum, value) => sum + value, 0) / all.length;
}

function values(value: unknown): Value[] {
  return (list(value) ?? []).map(valueOf);
}

function valueOf(value: unknown): Value {
  return typeof value === 'number' ? value : typeof value === 'string' ? value : NaN;
}

function numbers(value: unknown): number[] {
  return (list(value) ?? []).map((item) => (typeof item === 'number' ? item : NaN));
}
