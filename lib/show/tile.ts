/** A tile of a grid: an image, and below it its caption, references and remarks. */
import {cssGradient, inferno} from './colour-scale';
import {html, type Fragment} from './html';
import type {ImageSource, Thumbnail} from './image';
import {ink, marked, shade, verdict} from './palette';
import {shortNumber} from './number-format';

/** An image of a grid, with the text below it. */
export interface GridItem {
  readonly image: ImageSource;
  /** Caption; also the image's alternative text. */
  readonly caption?: string;
  /** Previous caption. Words of `caption` that it lacks are highlighted. */
  readonly previous?: string;
  /** Reference captions. */
  readonly references?: readonly string[];
  /** Headline above the image, such as a word. */
  readonly headline?: string;
  /** Values of the darkest and the brightest colour of the image, where it is a map of values; a scale is drawn below it. */
  readonly scale?: {readonly low: number; readonly high: number};
  /** Short line above the caption, such as a file name, a class or a score. */
  readonly label?: string;
  /** Whether the caption is correct, shown as a tick or a cross. */
  readonly correct?: boolean;
  /** Remark below the captions. */
  readonly note?: string;
}

/** Renders a tile. @param past Earlier captions. */
export function tile(
  item: GridItem,
  image: Thumbnail,
  shape: number,
  caption: Fragment | string | undefined,
  past?: Fragment,
  {openReferences = item.caption === undefined ? 5 : 1}: {readonly openReferences?: number} = {},
): Fragment {
  const {headline, label, note, references = []} = item;
  const alt = item.caption ?? references[0] ?? headline ?? label ?? 'image';
  const frame = `width:100%;aspect-ratio:${shape};object-fit:contain;border-radius:6px;display:block;margin:0;max-width:none`;
  return html`<figure style="margin:0;min-width:0;overflow-wrap:break-word">
    ${headline !== undefined && html`<div style="font-size:15px;font-weight:600;margin:0 0 5px">${headline}</div>`}
    <img
      src="${image.uri}"
      alt="${image.damage === undefined ? alt : 'damaged image'}"
      style="${frame};background:${shade.fill}"
    />
    <figcaption style="margin:6px 0 0;font-size:13.5px">
      ${item.scale && scaleHtml(item.scale)} ${image.damage !== undefined && damageHtml(image.damage)}
      ${label !== undefined && html`<div style="font-size:11.5px;opacity:.65">${label}</div>`} ${caption}
      ${past} ${referencesHtml(references, openReferences)}
      ${note !== undefined && html`<div style="font-size:12px;margin-top:3px;color:${item.correct === false ? verdict.wrong : ink}">${note}</div>`}
    </figcaption>
  </figure>`;
}

/** Renders the first references; the others fold away. */
function referencesHtml(references: readonly string[], open: number): Fragment {
  const quote = 'font-size:12px;margin-top:3px;opacity:.75';
  const lines = references.map((reference) => html`<div style="${quote}">“${reference}”</div>`);
  const rest = lines.slice(open);
  const summary =
    open > 0 ? `${rest.length} more` : `${rest.length} reference${rest.length === 1 ? '' : 's'}`;
  return html`${lines.slice(0, open)}${
    rest.length > 0 &&
    html`<details style="font-size:12px;margin-top:3px">
      <summary style="opacity:.75">${summary}</summary>
      ${rest}
    </details>`
  }`;
}

/** Renders the colours of a map from its lowest to its highest value. */
function scaleHtml({low, high}: {readonly low: number; readonly high: number}): Fragment {
  const bar = `flex:1 1 40px;height:7px;border:1px solid ${shade.line};border-radius:3px;background:${cssGradient(inferno)}`;
  return html`<div style="display:flex;align-items:center;gap:6px;font-size:11px">
    <span style="opacity:.75">${shortNumber(low, high - low)}</span>
    <div style="${bar}"></div>
    <span style="opacity:.75">${shortNumber(high, high - low)}</span>
  </div>`;
}

function damageHtml(reason: string): Fragment {
  return html`<div style="font-size:12px;color:${verdict.wrong}">
    <b style="font-weight:600">damaged:</b> ${reason}
  </div>`;
}

/** Renders a caption with its verdict and highlights new words. */
export function captionHtml({previous, correct}: GridItem, caption: string): Fragment {
  const before = previous === undefined ? undefined : new Set(previous.toLowerCase().split(/\s+/));
  const mark = `background:${marked.background};color:${marked.text};border-radius:3px;padding:0 3px`;
  const words = caption.split(/\s+/).map((word, at) => {
    const isNew = before !== undefined && !before.has(word.toLowerCase());
    return html`${at > 0 && ' '}${isNew ? html`<mark style="${mark}">${word}</mark>` : word}`;
  });
  const sign =
    correct !== undefined &&
    html`<span
      role="img"
      aria-label="${correct ? 'right' : 'wrong'}"
      style="color:${correct ? verdict.right : verdict.wrong};font-weight:700"
      >${correct ? '✓' : '✗'}</span
    > `;
  return html`<div style="font-weight:600">
    ${sign}${caption === '' ? html`<i style="opacity:.6">no words</i>` : words}
  </div>`;
}

/** Describes a tile as text. */
export function itemText(
  {image, headline, label, caption, previous, references = [], correct, note}: GridItem,
  damage?: string,
): string {
  const name = headline ?? (typeof image === 'string' ? image.replace(/^.*[\\/]/, '') : 'image');
  const sign = correct === undefined ? '' : correct ? ' ✓' : ' ✗';
  const before = previous === undefined || previous === caption ? '' : ` (before: ${previous})`;
  return [
    `${name}${label === undefined ? '' : ` [${label}]`}:${sign} ${caption ?? ''}${before}`.trimEnd(),
    ...(damage === undefined ? [] : [`    damaged: ${damage}`]),
    ...references.map((reference) => `    “${reference}”`),
    ...(note === undefined ? [] : [`    ${note}`]),
  ].join('\n');
}
