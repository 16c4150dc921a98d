/** The legend of a figure as SVG, and how wide its texts are. */
import type {Marks} from './figure-traces';
import {html, type Fragment} from './html';
import {round} from './svg-axis';

/** Width of a figure in pixels. */
export const width = 900;
export const lineHeight = 20;
/** Mean width of a character at 12 pixels. */
export const letter = 6.7;
/** Characters of a label that are shown. */
const labelLimit = 40;

interface Legend {
  readonly entries: readonly Fragment[];
  /** Rows below the title. */
  readonly rows: number;
}

/** Places the names of the traces at the right, beside the title where they fit. */
export function legendOf(marks: readonly Marks[], title: string): Legend {
  const named = marks.filter(({name}) => name !== undefined);
  if (named.length < 2) return {entries: [], rows: 0};
  const rows: Marks[][] = [[]];
  const widthOf = (some: readonly Marks[]): number =>
    some.reduce((sum, {name}) => sum + letter * shorten(name!).length + 40, 0);
  const beside = width - 40 - 8 * title.length;
  for (const one of named) {
    const space = rows.length === 1 ? beside : width - 40;
    if (widthOf([...rows.at(-1)!, one]) > space && (rows.at(-1)!.length > 0 || rows.length === 1))
      rows.push([]);
    rows.at(-1)!.push(one);
  }
  const entries = rows.flatMap((row, number) => {
    let x = width - 14 - widthOf(row);
    return row.map(({name, color, opacity}) => {
      const from = (x += 14);
      x += letter * shorten(name!).length + 26;
      const y = 20 + number * lineHeight;
      return html`<line
          x1="${round(from)}"
          x2="${round(from + 18)}"
          y1="${y - 4}"
          y2="${y - 4}"
          stroke="${color}"
          stroke-width="3"
          opacity="${opacity}"
        /><text x="${round(from + 24)}" y="${y}">${shorten(name!)}</text>`;
    });
  });
  return {entries, rows: rows.length - 1};
}

/** Cuts a label that is too long. */
export function shorten(label: string): string {
  const letters = [...label];
  return letters.length > labelLimit ? `${letters.slice(0, labelLimit - 1).join('')}…` : label;
}
