/** A Plotly figure, whose traces and layout are plain JSON, and how to read values of JSON whose type is not known. */
import {rangeOf} from './svg-axis';

/** A Plotly figure with a text alternative. */
export interface Figure {
  /** Plotly traces; may contain typed arrays. */
  readonly data: readonly Readonly<Record<string, unknown>>[];
  /** Plotly layout, merged into the default style. */
  readonly layout?: Readonly<Record<string, unknown>>;
  readonly title?: string;
  /** Text alternative for viewers that can't render the figure. @default the title */
  readonly text?: string;
}

export type Json = Readonly<Record<string, unknown>>;

/** Returns the items of an array or a typed array; undefined for anything else. */
export function list(value: unknown): unknown[] | undefined {
  if (Array.isArray(value)) return value as unknown[];
  return ArrayBuffer.isView(value) ? Array.from(value as Float32Array) : undefined;
}

/** Returns an object; an empty one for anything else. */
export function record(value: unknown): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : {};
}

/** Returns a finite number; undefined for anything else. */
export function number(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** Returns a text that is not empty; undefined for anything else. */
export function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** Returns the settings of an axis on which only integers make sense, such as epochs, so that its ticks are integers. */
export function wholeTicks(values: readonly number[]): {readonly dtick?: number} {
  const {from, to} = rangeOf(values);
  return values.length > 0 && values.every(Number.isInteger) && to - from < 12 ? {dtick: 1} : {};
}
