/** Scores as dots, and their intervals as whiskers. */
import {html, type Fragment} from '../show/html';
import {palette, shade} from '../show/palette';
import {decimals, type CardScore} from './blocks';

const width = 640;
const row = 26;
const [left, right] = [120, width - 64];

/** Renders scores; metrics from 0 to 1 share a scale, and CIDEr-D has its own. */
export function scoresSvg(scores: readonly CardScore[]): Fragment {
  const height = scores.length * row + 22;
  const label = scores.map(
    ({name, value, low, high}) => `${name} ${decimals(value)} (${decimals(low)} to ${decimals(high)})`,
  );
  const axis = scores.length * row + 2;
  return html`<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${label.join(', ')}">
    ${[0, 0.25, 0.5, 0.75, 1].map((part) => {
      const x = left + part * (right - left);
      return html`<line x1="${x}" y1="0" x2="${x}" y2="${axis}" stroke="${shade.line}" />
        <text x="${x}" y="${axis + 15}" text-anchor="middle" font-size="11" fill="currentColor" opacity=".7"
          >${part}</text
        >`;
    })}
    ${scores.map((score, at) => line(score, at * row + row / 2))}
  </svg>`;
}

function line({name, value, low, high}: CardScore, y: number): Fragment {
  const scale = name.startsWith('CIDEr') ? [1, 2, 4, 10].find((most) => most >= high)! : 1;
  const x = (score: number): number => Math.round(10 * (left + (score / scale) * (right - left))) / 10;
  const title = scale === 1 ? name : `${name} (of ${scale})`;
  const end = (at: number): Fragment =>
    html`<line
      x1="${x(at)}"
      y1="${y - 5}"
      x2="${x(at)}"
      y2="${y + 5}"
      stroke="${palette.blue}"
      stroke-width="2"
    />`;
  return html`<text x="${left - 12}" y="${y + 4}" text-anchor="end" font-size="13" fill="currentColor"
      >${title}</text
    >
    <line
      x1="${x(low)}"
      y1="${y}"
      x2="${x(high)}"
      y2="${y}"
      stroke="${palette.blue}"
      stroke-width="2"
    />${end(low)}${end(high)}
    <circle cx="${x(value)}" cy="${y}" r="5" fill="${palette.blue}" />
    <text x="${right + 12}" y="${y + 4}" font-size="13" font-weight="600" fill="currentColor"
      >${decimals(value)}</text
    >`;
}
