/** The matrix of words to words: which earlier words made each word more or less likely. */
import {html, type Fragment} from './html';
import type {ViewedMethod, ViewedWord} from './explanation-view';
import {shortNumber} from './number-format';
import {signs} from './signed-map';

/** @param name Class of the explorer that the matrix is a part of. */
export function influenceMatrix(
  {influence, label, maps}: ViewedMethod,
  words: readonly ViewedWord[],
  name: string,
): Fragment {
  if (influence === undefined)
    return html`<div style="font-size:13px;opacity:.75">
      The method “${label}” tells of the image alone, not of earlier words.
    </div>`;
  const {rows, largest} = influence;
  const columns = words.slice(0, Math.max(...maps.map(({word}) => word)));
  if (columns.length === 0 || largest === 0) return html``;
  const plus = rows.some((row) => row.some((value) => value < 0)) ? '+' : '';
  const cell = (value: number): Fragment => {
    const [colour, alpha] = [value < 0 ? signs.oppose : signs.support, Math.abs(value) / largest];
    const text = `${value < 0 ? '−' : plus}${shortNumber(Math.abs(value), largest)}`;
    return html`<td style="background:rgba(${colour.join(',')},${Number((0.75 * alpha).toFixed(2))})">
      ${alpha >= 0.1 ? text : html`<span class="unseen">${text}</span>`}
    </td>`;
  };
  return html`<div class="matrix" tabindex="0" role="region" aria-label="Influence of earlier words">
    <div style="font-size:13px;font-weight:600">Influence of earlier words (columns) on each word (rows)</div>
    <table>
      <thead>
        <tr>
          <td class="none"></td>
          ${columns.map(({text}) => html`<th scope="col">${text}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${maps.map(
          ({word}, row) =>
            html`<tr>
              <th scope="row">
                <label class="t word w${word} r${word}" for="${name}-w${word}">${words[word]!.text}</label>
              </th>
              ${columns.map((_, column) => (column < word ? cell(rows[row]![column]!) : html`<td class="none"></td>`))}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}
