/**
 * Images with captions: a grid for data and results, and a live panel that shows the same images throughout training, each with its
 * caption history and the new words highlighted.
 */
import {html, type Fragment} from './html';
import {breathe, inNotebook, show, Slot, type Bundle} from './output';
import {damagedThumbnail, thumbnail, type ImageSource, type Thumbnail} from './image';
import {captionHtml, itemText, tile, type GridItem} from './tile';

export type {GridItem};

/** Options of `imageGrid` and `captionPanel`. */
export interface GridOptions {
  /** Title above the images. */
  readonly title?: string;
  /** Width of an image in CSS pixels; images may be a little wider or narrower so that the last row is full. @default 200 */
  readonly width?: number;
  /** Number of references that are shown of each image; the others fold away. @default 5, or 1 below a caption */
  readonly openReferences?: number;
}

/**
 * Shows images with their captions in a grid. An image that can't be read is shown as damaged.
 *
 * @param items Images, each with a caption, references, a label or a remark.
 * @param options Title, width of an image, references shown.
 * @example await imageGrid(images.slice(0, 8).map(({file, captions}) => ({image: file, references: captions})));
 */
export async function imageGrid(items: readonly GridItem[], options: GridOptions = {}): Promise<void> {
  const images = await Promise.all(items.map(({image}) => gridThumbnail(image, options)));
  const shape = commonShape(images);
  const tiles = items.map((item, at) =>
    tile(item, images[at]!, shape, item.caption && captionHtml(item, item.caption), undefined, options),
  );
  show(
    grid(
      tiles,
      options,
      items.map((item, at) => itemText(item, images[at]!.damage)),
    ),
  );
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

/** Creates a thumbnail with more pixels than its CSS width, for high-density screens; a blank one of an image that can't be read. */
function gridThumbnail(image: ImageSource, {width = 200}: GridOptions): Promise<Thumbnail> {
  return thumbnail(image, Math.round(width * 1.6)).catch(damagedThumbnail);
}

/** Returns the aspect ratio of the frames: the median of the images', limited to 0.8 to 1.5. */
function commonShape(images: readonly Thumbnail[]): number {
  const shapes = images.map(({width, height}) => width / height).sort((a, b) => a - b);
  const median = shapes[Math.floor(shapes.length / 2)] ?? 1;
  return Math.round(100 * Math.min(1.5, Math.max(0.8, median))) / 100;
}

/** Width that is there for tiles: in JupyterLab beside its file browser, at 1,280 pixels. */
const page = 860;
const gap = 16;

/**
 * Returns the number of columns, near to what the width of an image allows, that leaves the fewest holes in the last row, and how wide a
 * tile then is at least.
 */
function columnsFor(count: number, width: number): {readonly columns: number; readonly least: number} {
  const usual = Math.max(1, Math.floor((page + gap) / (width + gap)));
  if (count <= usual) return {columns: usual, least: width};
  const holes = (columns: number): number => columns * Math.ceil(count / columns) - count;
  const near = [usual, usual + 1, usual - 1].filter((columns) => columns >= 1);
  const columns = near.reduce((best, other) => (holes(other) < holes(best) ? other : best));
  return {columns, least: columns === usual ? width : Math.floor((page - gap * (columns - 1)) / columns)};
}

function grid(
  tiles: readonly Fragment[],
  {title, width = 200}: GridOptions,
  texts: readonly string[],
): Bundle {
  const {columns, least} = columnsFor(tiles.length, width);
  // On a phone two images stand side by side.
  const share = tiles.length > 1 ? '46%' : '100%';
  const layout = `display:grid;grid-template-columns:repeat(auto-fill,minmax(min(${least}px,${share}),1fr));gap:18px ${gap}px`;
  // Wider, another column would fit in, and the last row would have holes.
  const most = `max-width:${(columns + 1) * (least + gap) - gap - 1}px`;
  const heading =
    title !== undefined && html`<div style="font-weight:600;font-size:14px;margin:0 0 10px">${title}</div>`;
  const content = html`<div style="margin:6px 0 14px;line-height:1.4">
    ${heading}
    <div style="${layout};${most}">
      ${tiles.length > 0 ? tiles : html`<i style="opacity:.6">no images</i>`}
    </div>
  </div>`;
  return {
    'text/html': content.text,
    'text/plain': [title, ...texts].filter((line) => line !== undefined).join('\n'),
  };
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
