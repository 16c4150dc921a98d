/** Tables below the cell as HTML, with a plain-text version for terminals and viewers without HTML. */
import {html, type Fragment} from './html';
import {show} from './output';
import {shade} from './palette';
import {columns, formatNumber} from './text';

/** A row of a table: values by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** Options of `showTable`. */
export interface TableOptions {
  /** Caption above the table. */
  readonly caption?: string;
  /** Maximum number of rows to show; the number of omitted rows is shown below. @default 50 */
  readonly limit?: number;
}

/**
 * Shows rows as a table with one column per property name.
 *
 * @example showTable([{split: 'train', images: 6000}, {split: 'test', images: 1000}], {caption: 'Flickr8k'});
 */
export function showTable(rows: readonly object[], options: TableOptions = {}): void {
  const table = rows as readonly Row[]; // allows interfaces, which have no index signature
  show({'text/html': tableHtml(table, options).text, 'text/plain': tableText(table, options)});
}

/** Returns the table of `showTable` as HTML. */
export function tableHtml(rows: readonly Row[], {caption, limit = 50}: TableOptions = {}): Fragment {
  const names = columnNames(rows);
  const right = numeric(rows, names);
  const rule = `border-bottom:1px solid ${shade.line}`;
  const style = (at: number): string =>
    `padding:4px 14px 4px 0;text-align:${right[at] ? 'right' : 'left'};font-variant-numeric:tabular-nums;` +
    `max-width:32em;overflow-wrap:break-word;white-space:normal;vertical-align:top;${rule}`;
  return html`<table
      style="border-collapse:collapse;margin:4px 0 12px;font-size:13px;background:none;color:inherit"
    >
      ${
        caption !== undefined &&
        html`<caption
          style="text-align:left;font-weight:600;padding:0 0 6px;color:inherit;white-space:nowrap"
        >
          ${caption}
        </caption>`
      }
      <thead>
        <tr style="background:none">
          ${names.map((name, at) => html`<th scope="col" style="${style(at)};font-weight:600;opacity:.75">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.slice(0, limit).map(
          (row) =>
            html`<tr style="background:none">
              ${names.map((name, at) => html`<td style="${style(at)}">${cell(row[name])}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
    ${rows.length > limit && html`<p style="font-size:12px;opacity:.7">… and ${formatNumber(rows.length - limit)} more rows</p>`}`;
}

/** Returns the table of `showTable` as text. */
export function tableText(rows: readonly Row[], {caption, limit = 50}: TableOptions = {}): string {
  const names = columnNames(rows);
  const lines = columns(
    [names, ...rows.slice(0, limit).map((row) => names.map((name) => cell(row[name]).replace(/\s+/g, ' ')))],
    numeric(rows, names),
  );
  const more = rows.length > limit ? `… and ${formatNumber(rows.length - limit)} more rows` : undefined;
  return [caption, lines, more].filter((part) => part !== undefined).join('\n');
}

function columnNames(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap((row) => Object.keys(row)))];
}

function numeric(rows: readonly Row[], names: readonly string[]): boolean[] {
  return names.map((name) => rows.every((row) => row[name] === undefined || typeof row[name] === 'number'));
}

function cell(value: unknown): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return formatNumber(value);
  if (typeof value === 'string') return value;
  // Commas separate the items of a list, so its integers are not grouped: a shape reads 1, 49, 1280.
  if (Array.isArray(value))
    return value.map((item) => (Number.isInteger(item) ? String(item) : cell(item))).join(', ');
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value !== 'object') return JSON.stringify(value) ?? '';
  return Object.entries(value)
    .map(([name, item]) => `${name} ${cell(item)}`)
    .join(', ');
}
