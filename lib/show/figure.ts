/**
 * Plotly figures, sent to the notebook as JSON together with a static SVG and a text alternative. JupyterLab and the reports render the
 * JSON; GitHub and nbconvert show the SVG. Colours, fonts and grid are defined here and suit light and dark themes.
 */
import {figureSvg} from './figure-svg';
import {show, type Bundle} from './output';
import {ink, series, shade} from './palette';
import type {Figure} from './plotly';

export type {Figure};

/**
 * Draws a figure below the cell. It can't be updated: JupyterLab's renderer ignores updates of a figure.
 *
 * @example showFigure({title: 'Caption lengths', data: [{type: 'histogram', x: lengths}], text: 'Mean 10.8 words.'});
 */
export function showFigure(figure: Figure): void {
  show(figureBundle(figure));
}

/** Returns a figure as Plotly JSON, static SVG (unless a trace is of a kind that can't be drawn) and text. */
export function figureBundle(given: Figure): Bundle {
  const {data, layout = {}, title, text} = given;
  const figure = {
    data: plain(data),
    layout: merge(defaultLayout(title, hasLegend(given), layout), plain(layout) as Record<string, unknown>),
    config: {displaylogo: false, responsive: true, scrollZoom: false},
  };
  const svg = figureSvg(given);
  return {
    'application/vnd.plotly.v1+json': figure,
    ...(svg !== undefined && {'image/svg+xml': svg}),
    'text/plain': text ?? title ?? 'Figure',
  };
}

/** Whether Plotly names the traces of a figure. */
function hasLegend({data, layout}: Figure): boolean {
  return layout?.['showlegend'] !== false && data.filter(({showlegend}) => showlegend !== false).length > 1;
}

function defaultLayout(
  title: string | undefined,
  legend: boolean,
  layout: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const further = Object.keys(layout).filter((name) => /^[xy]axis\d+$/.test(name));
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
    // The legend stands below the title, which it would cover on a phone.
    margin: {l: 56, r: 24, t: (title === undefined ? 24 : 52) + (legend ? 18 : 0), b: 48},
    xaxis: axis,
    yaxis: axis,
    ...Object.fromEntries(further.map((name) => [name, axis])),
    hoverlabel: {font: {size: 12}, align: 'left'},
    legend: {orientation: 'h', x: 1, xanchor: 'right', y: 1.02, yanchor: 'bottom'},
  };
}

/** Escapes data, because Plotly interprets some HTML in texts. */
function escapeText(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;').replace(/\n/g, '<br>');
}

/** Converts to JSON: typed arrays to arrays, non-finite numbers to null, and texts escaped, except for templates, which contain no data. */
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
