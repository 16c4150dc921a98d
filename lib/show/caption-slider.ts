/**
 * The same images with their captions after each epoch, and a slider through the epochs. It works in the page alone, without a kernel and
 * without scripts: each epoch is a radio button, and a style sheet shows the captions of the one that is chosen. JupyterLab removes style
 * sheets from untrusted notebooks; there the newest captions are shown, and no slider.
 */
import {compareWords} from './changed-words';
import {html, raw, type Fragment} from './html';
import type {Thumbnail} from './image';
import {palette, shade} from './palette';
import type {PanelEpoch, PanelImage} from './training-state';
import {uniqueName} from './unique-name';

/** Colour of words that changed; readable on white and on black. */
const changedColor = '#c2560a';
/** Epochs on the slider; of more, every second, third, … is shown, and the newest. */
const most = 60;

/** An image of the slider. */
export interface SliderImage extends PanelImage {
  /** Undefined if the image can't be read. */
  readonly thumbnail: Thumbnail | undefined;
}

/** Returns a name for the radio buttons of a display. */
export function sliderName(content: string): string {
  return uniqueName('epochs', content);
}

/**
 * Renders the panel.
 *
 * @param name Name of the radio buttons, unique in the page.
 */
export function captionSliderHtml(
  images: readonly SliderImage[],
  epochs: readonly PanelEpoch[],
  name: string,
): Fragment {
  if (images.length === 0 || epochs.length === 0) return html``;
  const steps = sliderSteps(epochs.length);
  const newest = epochs.at(-1)!;
  const slider = steps.length > 1;
  const tiles = images.map((image) => tile(image, epochs, steps));
  return html`<div class="${name}" style="margin:6px 0">
    ${styleSheet(name, slider ? steps : [], columnsFor(images.length))}
    ${
      slider &&
      steps.map(
        (at) =>
          html`<input
            type="radio"
            name="${name}"
            id="${name}-${at}"
            hidden="hidden"
            ${at === epochs.length - 1 && raw('checked="checked"')}
            aria-label="epoch ${epochs[at]!.epoch}"
          />`,
      )
    }
    <div style="display:flex;flex-wrap:wrap;align-items:center;gap:4px 12px;margin:0 0 8px;font-size:13px">
      <span class="plain" style="font-weight:600">Captions after epoch ${newest.epoch}</span>
      ${
        slider &&
        html`<div class="ticks" hidden="hidden">
          <span style="font-weight:600;margin-right:10px">Captions after epoch</span>
          ${steps.map((at) => html`<label for="${name}-${at}">${epochs[at]!.epoch}</label>`)}
        </div>`
      }
    </div>
    <div class="tiles" style="display:flex;flex-wrap:wrap;gap:10px 14px">${tiles}</div>
  </div>`;
}

/** Returns the positions of the epochs on the slider. */
export function sliderSteps(count: number): number[] {
  const every = Math.ceil(count / most);
  return Array.from({length: count}, (_, at) => at).filter((at) => (count - 1 - at) % every === 0);
}

/** Returns the number of columns with which rows come out even on a wide page. */
function columnsFor(images: number): number {
  return images <= 5 ? Math.max(images, 3) : ([4, 3, 5].find((columns) => images % columns === 0) ?? 4);
}

function styleSheet(name: string, steps: readonly number[], columns: number): Fragment {
  const of = (at: number): string => `.${name}>#${name}-${at}`;
  const chosen = (selector: (at: number) => string): string => steps.map(selector).join(',');
  const grid = (least: string): string =>
    `.${name}>.tiles{display:grid!important;grid-template-columns:repeat(auto-fill,minmax(${least},1fr))}`;
  const layout = [
    grid(`max(150px,${Math.floor(100 / columns) - 4}%)`),
    `.${name} figure{width:auto!important}`,
    `@media(max-width:600px){${grid('135px')}}`,
  ];
  const css =
    steps.length === 0
      ? layout
      : [
          ...layout,
          // Radio buttons can be reached with the keyboard, but their place is taken by the labels.
          `.${name}>input{display:inline-block!important;position:absolute;opacity:0;width:1px;height:1px;margin:0}`,
          `.${name} .plain{display:none}`,
          `.${name} .ticks{display:flex!important;flex-wrap:wrap;align-items:center;gap:3px}`,
          `.${name} .ticks label{min-width:15px;padding:1px 6px;text-align:center;border:1px solid ${shade.line};border-radius:4px;cursor:pointer;font-variant-numeric:tabular-nums}`,
          `${chosen((at) => `${of(at)}:checked~div .ticks label[for="${name}-${at}"]`)}{background:${palette.blue};color:#fff;border-color:${palette.blue}}`,
          `${chosen((at) => `${of(at)}:focus-visible~div .ticks label[for="${name}-${at}"]`)}{outline:2px solid ${palette.orange};outline-offset:1px}`,
          `.${name} .frame{display:none}`,
          `${chosen((at) => `${of(at)}:checked~.tiles .frame-${at}`)}{display:block!important}`,
          `@media print{.${name} .ticks label{display:none}}`,
        ];
  // All parts are made here: the name is of letters, digits and hyphens.
  return raw(`<style>${css.join('')}</style>`);
}

function tile(
  {id, thumbnail, references = []}: SliderImage,
  epochs: readonly PanelEpoch[],
  steps: readonly number[],
): Fragment {
  const last = epochs.length - 1;
  const frames = steps.map((at) => {
    const caption = epochs[at]!.captions.get(id) ?? '';
    const before = at === 0 ? undefined : epochs[at - 1]!.captions.get(id);
    const hide = at !== last && raw('hidden="hidden"');
    return html`<div class="frame frame-${at}" ${hide}>
      <div style="font-weight:600">${captionHtml(caption, before)}</div>
      ${before !== undefined && html`<div style="font-size:11.5px;opacity:.65">before: ${before || 'no words'}</div>`}
    </div>`;
  });
  const caption = epochs[last]!.captions.get(id) ?? '';
  const frame = `width:100%;height:116px;object-fit:contain;object-position:left;border-radius:4px;display:block;margin:0;max-width:none`;
  const imageTag = thumbnail
    ? html`<img src="${thumbnail.uri}" alt="${caption}" style="${frame}" />`
    : html`<div
        style="height:116px;line-height:116px;text-align:center;border-radius:4px;background:${shade.fill}"
      >
        no image
      </div>`;
  return html`<figure style="margin:0;width:190px;overflow-wrap:break-word;min-width:0">
    ${imageTag}
    <figcaption style="margin:4px 0 0;font-size:13px;line-height:1.35">
      ${frames}
      ${
        references.length > 0 &&
        html`<details style="font-size:11.5px">
          <summary style="opacity:.65">references</summary>
          ${references.map((reference) => html`<div style="margin-top:2px;opacity:.8">${reference}</div>`)}
        </details>`
      }
    </figcaption>
  </figure>`;
}

function captionHtml(caption: string, before: string | undefined): Fragment {
  const mark = `font-weight:700;color:${changedColor};border-bottom:2px solid ${changedColor}`;
  const words = compareWords(caption, before);
  if (words.length === 0) return html`<i style="opacity:.65">no words</i>`;
  return html`${words.map(
    ({word, changed}, at) => html`${at > 0 && ' '}${changed ? html`<b style="${mark}">${word}</b>` : word}`,
  )}`;
}

/** Formats the newest captions as text, each with the one before. */
export function captionsText(images: readonly PanelImage[], epochs: readonly PanelEpoch[]): string {
  const [before, newest] = [epochs.at(-2), epochs.at(-1)];
  if (!newest) return '';
  const lines = images.map(({id}) => {
    const [caption = '', old] = [newest.captions.get(id), before?.captions.get(id)];
    return `  ${id}: ${caption || '(no words)'}${old === undefined || old === caption ? '' : ` (before: ${old || 'no words'})`}`;
  });
  return [`Captions after epoch ${newest.epoch}:`, ...lines].join('\n');
}
