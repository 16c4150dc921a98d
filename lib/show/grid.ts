/**
 * Images with captions: a grid for data and results, and a live panel that shows the same images throughout training, each with its
 * caption history and the new words highlighted.
 */
import {html, type Fragment} from './html';
import {breathe, inNotebook, show, Slot, type Bundle} from './output';
import {palette, shade} from './palette';
import {thumbnail, type ImageSource, type Thumbnail} from './image';

/** An image of a grid, with the text below it. */
export interface GridItem {
  readonly image: ImageSource;
  /** Caption; also the image's alternative text. */
  readonly caption?: string;
  /** Previous caption. Words of `caption` that it lacks are highlighted. */
  readonly previous?: string;
  /** Reference captions. */
  readonly references?: readonly string[];
  /** Short line above the caption, such as a file name, a class or a score. */
  readonly label?: string;
  /** Whether the caption is correct, shown as a tick or a cross. */
  readonly correct?: boolean;
  /** Remark below the captions. */
  readonly note?: string;
}

/** Options of `imageGrid` and `captionPanel`. */
export interface GridOptions {
  /** Title above the images. */
  readonly title?: string;
  /** Width of an image in CSS pixels. @default 200 */
  readonly width?: number;
}

/**
 * Shows images with their captions in a grid.
 *
 * @example await imageGrid(images.slice(0, 8).map(({file, captions}) => ({image: file, references: captions})));
 * @throws CaptionerError `image` when an image can't be read.
 */
export async function imageGrid(items: readonly GridItem[], options: GridOptions = {}): Promise<void> {
  const images = await Promise.all(items.map(({image}) => gridThumbnail(image, options)));
  const shape = commonShape(images);
  const tiles = items.map((item, at) =>
    tile(item, images[at]!, shape, item.caption && captionHtml(item, item.caption)),
  );
  show(grid(tiles, options, items.map(itemText)));
  await breathe();
}

/** A panel of images whose captions are updated in place. */
export interface CaptionPanel {
  /**
   * Shows the images with new captions. It is bound, so you can pass it as a callback. Pass the images in the same order each time.
   *
   * @param label Time of the captions, such as `epoch 3`.
   */
  readonly show: (items: readonly GridItem[], label: string) => Promise<void>;
}

/**
 * Creates a panel that is updated in place: the newest caption of each image with new words highlighted, then earlier captions in grey.
 *
 * @example
 * const panel = captionPanel();
 * const items = (entries: readonly PanelEntry[]) => entries.map(({file, caption}) => ({image: file, caption}));
 * await trainer.train({epochs: 5, onEpoch: (report) => panel.show(items(report.panel), `epoch ${report.epoch}`)});
 */
export function captionPanel(options: GridOptions = {}): CaptionPanel {
  const slot = new Slot();
  const images: Thumbnail[] = [];
  const history: {label: string; captions: string[]}[] = [];

  const showItems = async (items: readonly GridItem[], label: string): Promise<void> => {
    for (let at = images.length; at < items.length; at++)
      images.push(await gridThumbnail(items[at]!.image, options));
    const shape = commonShape(images);
    const before = history.at(-1)?.captions;
    history.push({label, captions: items.map(({caption = ''}) => caption)});
    const tiles = items.map((item, at) => {
      const previous = item.previous ?? before?.[at];
      const current = {...item, ...(previous !== undefined && {previous})};
      const past = historyHtml(history.slice(0, -1), at);
      return tile(current, images[at]!, shape, captionHtml(current, item.caption ?? ''), past);
    });
    const texts = items.map((item, at) =>
      itemText({...item, ...(before?.[at] !== undefined && {previous: before[at]})}),
    );
    const bundle = grid(tiles, {...options, title: `${options.title ?? 'Captions'}, ${label}`}, texts);
    if (inNotebook()) slot.show(bundle);
    else show(bundle);
    await breathe();
  };
  return {show: showItems};
}

/** Creates a thumbnail with more pixels than its CSS width, for high-density screens. */
function gridThumbnail(image: ImageSource, {width = 200}: GridOptions): Promise<Thumbnail> {
  return thumbnail(image, Math.round(width * 1.6));
}

/** Returns the aspect ratio of the frames: the median of the images', limited to 0.8 to 1.5. */
function commonShape(images: readonly Thumbnail[]): number {
  const shapes = images.map(({width, height}) => width / height).sort((a, b) => a - b);
  const median = shapes[Math.floor(shapes.length / 2)] ?? 1;
  return Math.round(100 * Math.min(1.5, Math.max(0.8, median))) / 100;
}

function grid(
  tiles: readonly Fragment[],
  {title, width = 200}: GridOptions,
  texts: readonly string[],
): Bundle {
  const layout = `display:grid;grid-template-columns:repeat(auto-fill,minmax(min(${width}px,100%),1fr));gap:18px 16px`;
  const heading =
    title !== undefined && html`<div style="font-weight:600;font-size:14px;margin:0 0 10px">${title}</div>`;
  const page = html`<div style="margin:6px 0 14px;line-height:1.4">
    ${heading}
    <div style="${layout}">${tiles.length > 0 ? tiles : html`<i style="opacity:.6">no images</i>`}</div>
  </div>`;
  return {
    'text/html': page.text,
    'text/plain': [title, ...texts].filter((line) => line !== undefined).join('\n'),
  };
}

function tile(
  item: GridItem,
  image: Thumbnail,
  shape: number,
  caption: Fragment | string | undefined,
  past?: Fragment,
): Fragment {
  const {references = [], label, note} = item;
  const alt = item.caption ?? references[0] ?? label ?? 'image';
  const frame = `width:100%;aspect-ratio:${shape};object-fit:contain;border-radius:6px;display:block;margin:0;max-width:none`;
  const quote = 'font-size:12px;margin-top:3px;opacity:.72';
  return html`<figure style="margin:0;min-width:0;overflow-wrap:anywhere">
    <img src="${image.uri}" alt="${alt}" style="${frame};background:${shade.fill}" />
    <figcaption style="margin:6px 0 0;font-size:13.5px">
      ${label !== undefined && html`<div style="font-size:11.5px;opacity:.65">${label}</div>`} ${caption}
      ${past} ${references.map((reference) => html`<div style="${quote}">“${reference}”</div>`)}
      ${note !== undefined && html`<div style="font-size:12px;margin-top:3px;color:${item.correct === false ? palette.red : palette.grey}">${note}</div>`}
    </figcaption>
  </figure>`;
}

/** Renders a caption with its verdict and highlights new words. */
function captionHtml({previous, correct}: GridItem, caption: string): Fragment {
  const before = previous === undefined ? undefined : new Set(previous.toLowerCase().split(/\s+/));
  const words = caption.split(/\s+/).map((word, at) => {
    const isNew = before !== undefined && !before.has(word.toLowerCase());
    return html`${at > 0 && ' '}${isNew ? html`<mark style="background:${shade.mark};color:inherit;border-radius:3px;padding:0 2px">${word}</mark>` : word}`;
  });
  const verdict =
    correct !== undefined &&
    html`<span
      role="img"
      aria-label="${correct ? 'right' : 'wrong'}"
      style="color:${correct ? palette.green : palette.red};font-weight:700"
      >${correct ? '✓' : '✗'}</span
    > `;
  return html`<div style="font-weight:550">
    ${verdict}${caption === '' ? html`<i style="opacity:.6">no words</i>` : words}
  </div>`;
}

/** Renders earlier captions, newest first; all but three are collapsed. */
function historyHtml(history: readonly {label: string; captions: string[]}[], at: number): Fragment {
  const lines = [...history]
    .reverse()
    .map(
      ({label, captions}) =>
        html`<div style="font-size:12px;opacity:.55;margin-top:2px">
          <span style="font-size:10.5px">${label}</span> ${captions[at] || 'no words'}
        </div>`,
    );
  const rest = lines.slice(3);
  return html`${lines.slice(0, 3)}${
    rest.length > 0 &&
    html`<details style="font-size:12px;opacity:.8">
      <summary>${rest.length} earlier</summary>
      ${rest}
    </details>`
  }`;
}

function itemText({image, label, caption, previous, references = [], correct, note}: GridItem): string {
  const name = typeof image === 'string' ? image.replace(/^.*[\\/]/, '') : 'image';
  const verdict = correct === undefined ? '' : correct ? ' ✓' : ' ✗';
  const before = previous === undefined || previous === caption ? '' : ` (before: ${previous})`;
  return [
    `${name}${label === undefined ? '' : ` [${label}]`}:${verdict} ${caption ?? ''}${before}`.trimEnd(),
    ...references.map((reference) => `    “${reference}”`),
    ...(note === undefined ? [] : [`    ${note}`]),
  ].join('\n');
}
