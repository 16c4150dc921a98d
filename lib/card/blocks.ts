/** The contents of a card, before it becomes Markdown or HTML: both say the same. */
import type {Row} from '../show/table';

/** An image of a card. */
export interface CardImage {
  readonly id: string;
  readonly file: string;
  readonly caption: string;
  readonly references: readonly string[];
  /** Remark below the caption. */
  readonly note?: string | undefined;
}

/** A score with its 95 % interval. */
export interface CardScore {
  readonly name: string;
  readonly value: number;
  readonly low: number;
  readonly high: number;
}

/** A part of a section. Texts are plain: neither Markdown nor HTML. */
export type Block =
  | {readonly kind: 'text'; readonly text: string}
  | {readonly kind: 'list'; readonly items: readonly string[]}
  | {readonly kind: 'table'; readonly rows: readonly Row[]}
  | {readonly kind: 'code'; readonly lines: readonly string[]}
  | {readonly kind: 'scores'; readonly scores: readonly CardScore[]}
  | {readonly kind: 'images'; readonly images: readonly CardImage[]};

export interface Section {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface CardContent {
  readonly title: string;
  /** One paragraph that says what the model is. */
  readonly lead: string;
  readonly sections: readonly Section[];
  /** Last line. */
  readonly footer: string;
}

export function text(content: string): Block {
  return {kind: 'text', text: content};
}

/** A list without the items that don't apply. */
export function list(...items: readonly (string | false | undefined)[]): Block {
  return {kind: 'list', items: items.filter((item) => typeof item === 'string')};
}

export function table(rows: readonly Row[]): Block {
  return {kind: 'table', rows};
}

/** A fraction as a percentage, with a space that doesn't break: `24 %`. */
export function percent(fraction: number): string {
  const value = 100 * fraction;
  return `${value > 0 && value < 1 ? value.toFixed(1) : Math.round(value)}\u00a0%`;
}

/** A score with three decimals. */
export function decimals(value: number): string {
  return value.toFixed(3);
}

/** Said where images are named only. */
export const notShown =
  'The images belong to the dataset and are not copied here; look them up there by their names.';
