/** The bar that displays of progress share. */
import {html, type Fragment} from './html';
import {palette, shade} from './palette';

/**
 * Returns a label, a bar and details in one row, which wraps where there is no room.
 *
 * @param fraction Progress from 0 to 1; the bar turns green at 1.
 */
export function progressBar(label: string, fraction: number, details: readonly string[]): Fragment {
  const percent = Number((100 * fraction).toFixed(1));
  const track = `flex:0 1 200px;min-width:80px;height:8px;border-radius:4px;background:${shade.line};overflow:hidden`;
  const fill = `width:${percent}%;height:8px;background:${fraction === 1 ? palette.green : palette.blue}`;
  return html`<div
    style="display:flex;flex-wrap:wrap;align-items:center;gap:2px 14px;font-size:13px;line-height:1.5;margin:4px 0"
  >
    <span style="font-weight:600">${label}</span>
    <div
      role="progressbar"
      aria-label="${label}"
      aria-valuemin="0"
      aria-valuemax="100"
      aria-valuenow="${percent}"
      style="${track}"
    >
      <div style="${fill}"></div>
    </div>
    ${details.map((detail) => html`<span style="font-variant-numeric:tabular-nums">${detail}</span>`)}
  </div>`;
}
