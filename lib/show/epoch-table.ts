/** The table of a run's epochs: a row of scores each, the best value of each column in bold, and a star at the best epoch so far. */
import {html, type Fragment} from './html';
import {palette, shade} from './palette';
import {columns, formatDuration} from './text';
import type {EpochRow} from './training-state';

/** Rows that are shown at once; earlier ones are folded away. */
const shown = 12;

interface Column {
  readonly name: string;
  readonly values: readonly (number | null | undefined)[];
  readonly format: (value: number) => string;
  /** Whether a small or a large value is the best; absent where there is no best. */
  readonly best?: 'least' | 'most';
}

const decimals = (value: number): string => value.toFixed(3);

function columnsOf(rows: readonly EpochRow[]): Column[] {
  const names = [...new Set(rows.flatMap(({metrics}) => Object.keys(metrics)))];
  return [
    {name: 'epoch', values: rows.map(({epoch}) => epoch), format: String},
    {name: 'loss', values: rows.map(({loss}) => loss), format: decimals, best: 'least'},
    {name: 'validation loss', values: rows.map((row) => row.validationLoss), format: decimals, best: 'least'},
    ...names.map((name): Column => {
      const values = rows.map(({metrics}) => metrics[name]);
      return {name, values, format: decimals, best: 'most'};
    }),
    {name: 'time', values: rows.map(({seconds}) => seconds), format: formatDuration},
  ];
}

/** Returns the position of a column's best value; undefined where there is none, or no other to compare it with. */
function bestOf({values, best}: Column): number | undefined {
  if (!best) return undefined;
  let found: number | undefined;
  for (const [at, value] of values.entries()) {
    if (!isNumber(value)) continue;
    const before = found === undefined ? undefined : values[found]!;
    if (before === undefined || (best === 'least' ? value < before : value > before)) found = at;
  }
  return values.filter(isNumber).length > 1 ? found : undefined;
}

function isNumber(value: number | null | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

/** Formats the table as HTML. */
export function epochTableHtml(rows: readonly EpochRow[], best: number | undefined): Fragment {
  if (rows.length === 0) return html``;
  const all = columnsOf(rows);
  const bests = all.map(bestOf);
  const cell = 'padding:2px 0 2px 14px;text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap';
  const rule = `${cell};border-bottom:1px solid ${shade.line}`;
  const star = html`<span
    role="img"
    aria-label="best epoch"
    title="best epoch"
    style="color:${palette.orange}"
    >★</span
  > `;
  const row = (at: number): Fragment =>
    html`<tr style="background:none">
      ${all.map(({values, format}, column) => {
        const value = values[at];
        const text = isNumber(value) ? format(value) : '';
        const mark = column === 0 && value === best && star;
        return html`<td style="${rule}">
          ${mark}${bests[column] === at ? html`<b style="font-weight:700">${text}</b>` : text}
        </td>`;
      })}
    </tr>`;
  const table = (from: number, to: number): Fragment =>
    html`<table style="border-collapse:collapse;margin:0;font-size:12.5px;line-height:1.4">
      <thead>
        <tr style="background:none">
          ${all.map(({name}) => html`<th scope="col" style="${rule};font-weight:600">${name}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${Array.from({length: to - from}, (_, at) => row(from + at))}
      </tbody>
    </table>`;
  const first = Math.max(0, rows.length - shown);
  return html`<div style="overflow-x:auto;margin:8px 0">
    ${
      first > 0 &&
      html`<details style="font-size:12.5px">
        <summary>${first} earlier epochs</summary>
        ${table(0, first)}
      </details>`
    }${table(first, rows.length)}
  </div>`;
}

/** Formats the table as text; a star marks the best epoch. */
export function epochTableText(rows: readonly EpochRow[], best: number | undefined): string {
  if (rows.length === 0) return '';
  const all = columnsOf(rows);
  const cells = rows.map(({epoch}, at) => [
    epoch === best ? '*' : '',
    ...all.map(({values, format}) => (isNumber(values[at]) ? format(values[at]) : '')),
  ]);
  return columns(
    [['', ...all.map(({name}) => name)], ...cells],
    Array.from({length: all.length + 1}, () => true),
  );
}
