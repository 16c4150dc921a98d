/** The axes of a Plotly figure, for drawing it as SVG: where values lie on them, and their ticks. */
import type {Marks, Value} from './figure-traces';
import {list, number, record, text, type Json} from './plotly';
import {multiplesIn, padded, rangeOf, ticksIn, type Range} from './svg-axis';
import {formatNumber} from './text';

export interface Tick {
  /** Position from 0, the beginning of the axis, to 1. */
  readonly at: number;
  readonly label: string;
}

export interface Axis {
  /** Name as traces give it: `x`, `y2`. */
  readonly name: string;
  readonly title: string;
  /** Part of the drawing area that it covers, from the left or from the bottom. */
  readonly domain: readonly [number, number];
  /** The axis that it touches. */
  readonly anchor: string;
  readonly ticks: readonly Tick[];
  /** Whether its ticks are names. */
  readonly named: boolean;
  readonly grid: boolean;
  /** Returns the position of a value, from 0 to 1; NaN where it has none. */
  readonly position: (value: Value) => number;
  /** Length of a unit, as a fraction of the axis. */
  readonly unit: number;
}

/** Returns the axes of a figure by name. */
export function axesOf(marks: readonly Marks[], layout: Json): Map<string, Axis> {
  const names = new Set(marks.flatMap(({xAxis, yAxis}) => [xAxis, yAxis]));
  if (names.size === 0) ['x', 'y'].forEach((name) => names.add(name));
  return new Map([...names].map((name) => [name, axisOf(name, marks, layout)]));
}

function axisOf(name: string, marks: readonly Marks[], layout: Json): Axis {
  const along = name[0] as 'x' | 'y';
  const given = record(layout[`${along}axis${name.slice(1)}`]);
  const own = marks.filter(({xAxis, yAxis}) => (along === 'x' ? xAxis : yAxis) === name);
  const values = own.flatMap((one) => valuesOn(one, along));
  const other = own[0] && (along === 'x' ? own[0].yAxis : own[0].xAxis);
  const domain = list(given['domain']) as [number, number] | undefined;
  const title = text(given['title']) ?? text(record(given['title'])['text']) ?? '';
  const common = {
    name,
    title,
    domain: domain ?? ([0, 1] as const),
    anchor: text(given['anchor']) ?? other ?? (along === 'x' ? 'y' : 'x'),
    grid: given['showgrid'] !== false,
  };
  const named = given['type'] === 'category' || values.some((value) => typeof value === 'string');
  return {...common, ...(named ? categories(values, given) : numeric(values, own, along, given))};
}

type Scale = Pick<Axis, 'ticks' | 'named' | 'position' | 'unit'>;

function categories(values: readonly Value[], given: Json): Scale {
  const places = new Map<string, number>();
  for (const value of values) {
    const name = String(value);
    if (!places.has(name)) places.set(name, places.size);
  }
  const count = Math.max(1, places.size);
  const place = (at: number): number => (isReversed(given) ? 1 - (at + 0.5) / count : (at + 0.5) / count);
  return {
    named: true,
    unit: 1 / count,
    position: (value) => place(places.get(String(value)) ?? NaN),
    ticks: [...places].map(([label, at]) => ({at: place(at), label})),
  };
}

function numeric(values: readonly Value[], marks: readonly Marks[], along: 'x' | 'y', given: Json): Scale {
  const log = given['type'] === 'log';
  const scaled = (value: number): number => (log ? Math.log10(value) : value);
  const numbers = values.map((value) => scaled(Number(value))).filter(Number.isFinite);
  const range = givenRange(given) ?? dataRange(numbers, marks, along, given);
  const turned = isReversed(given);
  const fraction = (value: number): number => {
    const at = (value - range.from) / (range.to - range.from);
    return turned ? 1 - at : at;
  };
  return {
    named: false,
    unit: 1 / (range.to - range.from),
    position: (value) => fraction(scaled(Number(value))),
    ticks: ticksOf(range, log, numbers, given).map(({at, label}) => ({at: fraction(at), label})),
  };
}

function dataRange(
  numbers: readonly number[],
  marks: readonly Marks[],
  along: 'x' | 'y',
  given: Json,
): Range {
  if (marks.some(({type}) => type === 'cells')) {
    const {from, to} = rangeOf(numbers);
    return numbers.length < 2 ? {from: -0.5, to: 0.5} : {from: from - 0.5, to: to + 0.5};
  }
  const isLength = marks.some((one) => one.type === 'bars' && one.horizontal === (along === 'x'));
  const range = rangeOf(isLength || given['rangemode'] === 'tozero' ? [0, ...numbers] : numbers);
  if (isLength) return {from: range.from < 0 ? range.from : 0, to: range.to + 0.04 * (range.to - range.from)};
  // Bars and dots need space beside them; a line may touch the frame.
  const half = Math.max(0, ...marks.map((one) => (one.type === 'bars' ? one.thickness / 2 : 0)));
  if (half > 0) return {from: range.from - 1.2 * half, to: range.to + 1.2 * half};
  const dotted = marks.some((one) => one.type === 'points' && one.dots !== undefined);
  const spaced = padded(range, along === 'y' ? 0.06 : dotted ? 0.03 : 0);
  return given['rangemode'] === 'tozero' && range.from === 0 ? {from: 0, to: spaced.to} : spaced;
}

function ticksOf(range: Range, log: boolean, numbers: readonly number[], given: Json): Tick[] {
  const values = list(given['tickvals']);
  if (values !== undefined) {
    const labels = list(given['ticktext']) ?? values;
    return values.map((value, at) => ({
      at: Number(value),
      label: text(labels[at]) ?? String(Number(labels[at])),
    }));
  }
  if (given['showticklabels'] === false) return [];
  const shown = (at: number): Tick => ({at, label: label(log ? 10 ** at : at, given)});
  if (log) return ticksIn(range, 6, true).map(shown);
  const step = number(given['dtick']);
  const regular = step === undefined ? [] : multiplesIn(range, step);
  if (regular.length > 0 && regular.length <= 30) return regular.map(shown);
  const whole = numbers.length > 0 && numbers.every(Number.isInteger) && range.to - range.from < 12;
  return ticksIn(range, number(given['nticks']) ?? 6, whole).map(shown);
}

function label(value: number, {tickformat}: Json): string {
  return typeof tickformat === 'string' && tickformat.endsWith('%')
    ? `${formatNumber(Math.round(1000 * value) / 10)} %`
    : formatNumber(value);
}

function isReversed(given: Json): boolean {
  const range = list(given['range']);
  return given['autorange'] === 'reversed' || (range !== undefined && Number(range[0]) > Number(range[1]));
}

function givenRange(given: Json): Range | undefined {
  const range = list(given['range'])?.map(Number);
  if (range === undefined || !range.every(Number.isFinite) || range[0] === range[1]) return undefined;
  return {from: Math.min(...range), to: Math.max(...range)};
}

function valuesOn(marks: Marks, along: 'x' | 'y'): readonly Value[] {
  if (marks.type === 'bars') return marks.horizontal === (along === 'x') ? marks.lengths : marks.at;
  if (marks.type === 'cells') return marks[along];
  const whisker = marks.whiskers[along];
  if (whisker === undefined) return marks[along];
  return marks[along].flatMap((value, at): Value[] =>
    typeof value === 'string'
      ? [value]
      : [value - (whisker.minus[at] ?? 0), value, value + (whisker.plus[at] ?? 0)],
  );
}
