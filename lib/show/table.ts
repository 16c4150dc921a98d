/** Tables below the cell as HTML, with a plain-text version for terminals and viewers without HTML. */
import {html, type Fragment, type Insertable} from './html';
import {columnFormat} from './number-format';
import {show} from './output';
import {palette, shade} from './palette';
import {columns as textColumns, formatNumber} from './text';

/** A row of a table: values by column name. */
export type Row = Readonly<Record<string, unknown>>;

/** Whether the highest or the lowest value is the best. */
export type Best = 'high' | 'low';

/** Options of `showTable`. */
export interface TableOptions {
  /** Caption above the table. */
  readonly caption?: string;
  /** Maximum number of rows to show; the number of omitted rows is shown below. @default 50 */
  readonly limit?: number;
  /**
   * Columns whose best value is bold: a list of columns whose highest value is the best, or `high` or `low` by column.
   *
   * @default none
   */
  readonly best?: readonly string[] | Readonly<Record<string, Best>>;
  /** Columns that are compared with each other in every row; the highest value of a row is bold. @default none */
  readonly bestOfRow?: readonly string[];
  /** Columns whose numbers are drawn as bars too. A bar is full at 1, or at the column's highest value if that is above 1. @default none */
  readonly bars?: readonly string[];
}

/**
 * Shows rows as a table with one column per property name. The numbers of a column have the same number of decimals.
 *
 * @param rows Objects with values by column name.
 * @param options Caption, columns whose best value is bold, columns with bars.
 * @example showTable([{split: 'train', images: 6000}, {split: 'test', images: 1000}], {caption: 'Flickr8k'});
 * @example showTable([{loss: 2.1, METEOR: 0.2}, {loss: 1.9, METEOR: 0.22}], {best: {loss: 'low', METEOR: 'high'}});
 */
export function showTable(rows: readonly object[], options: TableOptions = {}): void {
  const table = rows as readonly Row[]; // allows interfaces, which have no index signature
  show({'text/html': tableHtml(table, options).text, 'text/plain': tableText(table, options)});
}

/** Returns the table of `showTable` as HTML. */
export function tableHtml(rows: readonly Row[], options: TableOptions = {}): Fragment {
  const {caption, limit = 50} = options;
  const columns = columnsOf(rows, options);
  const wide = columns.length >= 8 && 'width:100%;';
  // Not a <caption>, which would be no wider than a narrow table.
  return html`${caption !== undefined && html`<div style="font-size:14px;font-weight:600;margin:4px 0 6px">${caption}</div>`}
    <div style="overflow-x:auto;margin:4px 0 12px">
      <table
        aria-label="${caption ?? 'table'}"
        style="border-collapse:collapse;table-layout:auto;margin:0;font-size:13px;line-height:1.45;${wide}background:none"
      >
        <thead>
          <tr style="background:none">
            ${columns.map(({name, right}, at) => html`<th scope="col" style="${cellStyle(right, at, columns.length)};${columns.length < 10 ? wrapping(name) : 'white-space:normal'};font-weight:600;opacity:.75">${name.split(' ').map(unbroken)}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${rows.slice(0, limit).map(
            (row, at) =>
              html`<tr style="background:none">
                ${columns.map((column, of) => cellHtml(column, row, at, of, columns.length))}
              </tr>`,
          )}
        </tbody>
      </table>
    </div>
    ${rows.length > limit && html`<p style="font-size:12px;margin:-6px 0 12px;opacity:.7">${omitted(rows, limit)}</p>`}`;
}

/** Returns the table of `showTable` as text; the best values are followed by a star. */
export function tableText(rows: readonly Row[], options: TableOptions = {}): string {
  const {caption, limit = 50} = options;
  const columns = columnsOf(rows, options);
  const starred = columns.map(({best}) => best.size > 0);
  const cells = rows.slice(0, limit).map((row, at) =>
    columns.map(({name, format, best}, of) => {
      const text = cell(row[name], format).replace(/\s+/g, ' ');
      return starred[of] ? `${text}${best.has(at) ? '*' : ' '}` : text;
    }),
  );
  const names = columns.map(({name}, of) => (starred[of] ? `${name} ` : name));
  const lines = textColumns(
    [names, ...cells],
    columns.map(({right}) => right),
  );
  const more = rows.length > limit ? omitted(rows, limit) : undefined;
  const legend = starred.includes(true) ? '* best' : undefined;
  return [caption, lines, more, legend].filter((part) => part !== undefined).join('\n');
}

interface Column {
  readonly name: string;
  /** Whether the column holds numbers, which are aligned to the right. */
  readonly right: boolean;
  readonly format: (value: number) => string;
  /** Numbers of the rows whose value is bold. */
  readonly best: ReadonlySet<number>;
  /** The number that fills a bar; undefined for a column without bars. */
  readonly full: number | undefined;
}

function columnsOf(rows: readonly Row[], {best = [], bestOfRow = [], bars = []}: TableOptions): Column[] {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const wanted = new Map(isList(best) ? best.map((name) => [name, 'high' as const]) : Object.entries(best));
  const compared = [...rows.entries()].map(([at, row]) => {
    const values = bestOfRow.flatMap((name) => numberOf(row[name]) ?? []);
    return [at, values.length > 1 ? Math.max(...values) : undefined] as const;
  });
  return names.map((name) => {
    const values = rows.map((row) => numberOf(row[name]));
    const known = values.filter((value) => value !== undefined);
    const right = rows.every((row) => isMissing(row[name]) || typeof row[name] === 'number');
    const bold = wanted.has(name) ? bestRows(values, wanted.get(name)!) : [];
    const bolder = bestOfRow.includes(name)
      ? compared.flatMap(([at, most]) => (most !== undefined && values[at] === most ? [at] : []))
      : [];
    const full = bars.includes(name) ? Math.max(1, ...known) : undefined;
    return {name, right, format: columnFormat(name, known), best: new Set([...bold, ...bolder]), full};
  });
}

/** Returns the rows with the best value; none where all values are equal, or there is only one. */
function bestRows(values: readonly (number | undefined)[], best: Best): number[] {
  const known = values.filter((value) => value !== undefined);
  const wanted = best === 'high' ? Math.max(...known) : Math.min(...known);
  if (known.every((value) => value === wanted)) return [];
  return values.flatMap((value, at) => (value === wanted ? [at] : []));
}

/** A word of a heading that has a hyphen, as the name of a metric, stays on one line. */
function unbroken(word: string, at: number): Fragment {
  const shown = word.includes('-') ? html`<span style="white-space:nowrap">${word}</span>` : word;
  return html`${at > 0 && ' '}${shown}`;
}

/** Short texts stay on one line; long ones wrap. */
const shortText = 20;

/** Long ones have at least this width, so that a phone scrolls a table instead of breaking each word. */
const longText = 24;

/** Returns the style by which a text stays on one line or wraps. */
function wrapping(text: string): string {
  if (text.length <= shortText) return 'white-space:nowrap';
  return text.length > longText ? 'white-space:normal;min-width:14em' : 'white-space:normal';
}

function cellStyle(right: boolean, at: number, count: number): string {
  const space = count >= 12 ? 6 : count >= 10 ? 9 : 16;
  const padding = `5px ${space}px 5px ${at === 0 ? 0 : space}px`;
  return (
    `padding:${padding};text-align:${right ? 'right' : 'left'};font-variant-numeric:tabular-nums;max-width:32em;` +
    `overflow-wrap:break-word;vertical-align:top;border-bottom:1px solid ${shade.line}`
  );
}

function cellHtml(
  {name, right, format, best, full}: Column,
  row: Row,
  at: number,
  of: number,
  count: number,
): Fragment {
  const text = cell(row[name], format);
  const shown = best.has(at) ? html`<b style="font-weight:700">${text}</b>` : text;
  const value = numberOf(row[name]);
  const bar = full !== undefined && value !== undefined;
  return html`<td style="${cellStyle(right, of, count)};${wrapping(text)}">
    ${bar ? barHtml(value, full, shown) : shown}
  </td>`;
}

function barHtml(value: number, full: number, shown: Insertable): Fragment {
  const width = Math.round(1000 * Math.min(1, Math.max(0, value / full))) / 10;
  return html`<div style="display:flex;align-items:center;gap:10px;justify-content:flex-end">
    <div style="width:110px;height:9px;border-radius:2px;background:${shade.fill}">
      <div style="width:${width}%;height:9px;border-radius:2px;background:${palette.blue}"></div>
    </div>
    <span style="min-width:52px;text-align:right">${shown}</span>
  </div>`;
}

function omitted(rows: readonly Row[], limit: number): string {
  return `… and ${formatNumber(rows.length - limit)} more rows`;
}

function numberOf(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isList(best: NonNullable<TableOptions['best']>): best is readonly string[] {
  return Array.isArray(best);
}

function cell(value: unknown, format: (value: number) => string = formatNumber): string {
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return format(value);
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
