/**
 * Plotly figures: data and layout go to the notebook as JSON, which JupyterLab and our reports draw, together with a text that says the same
 * where nothing draws it. Colours, fonts and grid are set here once, so that a figure fits light and dark pages.
 */
import {show, type Bundle} from './output';
import {series, shade} from './palette';

/** A Plotly figure with a text that replaces it. */
export interface Figure {
  /** Plotly traces. Typed arrays are welcome. */
  readonly data: readonly Readonly<Record<string, unknown>>[];
  /** Plotly layout, on top of the house style. */
  readonly layout?: Readonly<Record<string, unknown>>;
  readonly title?: string;
  /** What the figure says, for viewers that can't draw it. @default The title. */
  readonly text?: string;
}

/**
 * Draws a figure below the cell. It is never redrawn: JupyterLab's renderer ignores updates of a figure that it has drawn.
 *
 * @example showFigure({title: 'Caption lengths', data: [{type: 'histogram', x: lengths}], text: 'Mean 10.8 words.'});
 */
export function showFigure(figure: Figure): void {
  show(figureBundle(figure));
}

/** A figure as `showFigure` displays it: Plotly JSON with its text. */
export function figureBundle({data, layout = {}, title, text}: Figure): Bundle {
  const figure = {
    data: plain(data),
    layout: merge(houseStyle(title), plain(layout) as Record<string, unknown>),
    config: {displaylogo: false, responsive: true, scrollZoom: false},
  };
  return {'application/vnd.plotly.v1+json': figure, 'text/plain': text ?? title ?? 'Figure'};
}

const ink = '#747b86'; // readable on white and on black: a figure does not know the page's theme

function houseStyle(title: string | undefined): Record<string, unknown> {
  const axis = {gridcolor: shade.line, zerolinecolor: shade.line, linecolor: shade.line, automargin: true};
  return {
    ...(title !== undefined && {
      title: {
        text: `<b>${escapeText(title)}</b>`,
        font: {size: 14},
        x: 0,
        xref: 'paper',
        xanchor: 'left',
        y: 0.97,
        yanchor: 'top',
      },
    }),
    paper_bgcolor: 'rgba(0,0,0,0)',
    plot_bgcolor: 'rgba(0,0,0,0)',
    font: {color: ink, size: 12, family: 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif'},
    colorway: series,
    height: 340,
    margin: {l: 56, r: 24, t: title === undefined ? 24 : 52, b: 48},
    xaxis: axis,
    yaxis: axis,
    hoverlabel: {font: {size: 12}, align: 'left'},
    legend: {orientation: 'h', x: 1, xanchor: 'right', y: 1.02, yanchor: 'bottom'},
  };
}

/** Plotly reads a little HTML in its texts; data must not reach it. */
function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\n/g, '<br>');
}

/** As JSON will carry it: typed arrays as arrays, holes as null, texts escaped except for the templates, which are ours. */
function plain(value: unknown, key = ''): unknown {
  if (typeof value === 'string') return key.endsWith('template') ? value : escapeText(value);
  if (ArrayBuffer.isView(value)) return Array.from(value as Float32Array, (item) => plain(item));
  if (Array.isArray(value)) return value.map((item) => plain(item, key));
  if (typeof value === 'number') return Number.isFinite(value) ? value : null;
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, plain(item, name)]));
}

function merge(base: Record<string, unknown>, over: Record<string, unknown>): Record<string, unknown> {
  const merged = {...base};
  for (const [key, value] of Object.entries(over)) {
    const below = merged[key];
    merged[key] = isRecord(below) && isRecord(value) ? merge(below, value) : value;
  }
  return merged;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
