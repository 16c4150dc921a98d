/**
 * A chart of panels over the same horizontal axis. It is drawn twice with one look: as an SVG while its data grow, since JupyterLab's
 * Plotly renderer never redraws a figure, and as a Plotly figure in the end.
 */
import type {Figure} from './figure';
import type {LinePoint} from './series';
import {shade} from './palette';
import {padded, rangeOf, ticksIn, type Range} from './svg-axis';
import {formatNumber} from './text';

export interface ChartLine {
  readonly name: string;
  /** Whether it has an entry in the legend. @default true */
  readonly inLegend?: boolean;
  readonly color: string;
  readonly width: number;
  readonly opacity?: number;
  /** Whether to mark each point with a dot. */
  readonly dots?: boolean;
  /** Whether to draw steps: each value holds until the next point. */
  readonly steps?: boolean;
  readonly points: readonly LinePoint[];
}

export interface ChartPanel {
  readonly title: string;
  /** Place in the chart, as fractions from the left and from the top. */
  readonly across: readonly [from: number, to: number];
  readonly down: readonly [from: number, to: number];
  readonly lines: readonly ChartLine[];
  /** Whether the vertical axis begins at 0. */
  readonly fromZero?: boolean;
  /** Number of ticks to aim at on the horizontal and vertical axis. */
  readonly ticks: readonly [x: number, y: number];
  /** Title of the horizontal axis; without one it has no labels either. */
  readonly x?: string;
}

export interface Chart {
  readonly title: string;
  /** The horizontal axis: from 0 to here. */
  readonly to: number;
  /** CSS pixels. The width is that of the page. */
  readonly height: number;
  readonly panels: readonly ChartPanel[];
  /** Text alternative. */
  readonly text: string;
}

/** CSS pixels around the panels. */
export const chartMargins = {left: 48, right: 16, top: 66, bottom: 40} as const;

/** Baseline of the legend, in CSS pixels from the top: below the title, which it would cover on a phone. */
export const legendBaseline = 40;

/** Font size of the panels' titles, in pixels. */
export const panelTitleSize = 11;

/** A panel's axes with their ticks. */
export interface PanelAxes {
  readonly x: Range & {readonly ticks: readonly number[]};
  readonly y: Range & {readonly ticks: readonly number[]};
}

export function axesOf({lines, fromZero = false, ticks}: ChartPanel, to: number): PanelAxes {
  const values = lines.flatMap(({points}) => points.map(({y}) => y));
  const range = padded(rangeOf(values), 0.06);
  const y = fromZero ? {from: 0, to: Math.max(range.to, 1e-12)} : range;
  const x = {from: 0, to};
  return {x: {...x, ticks: ticksIn(x, ticks[0])}, y: {...y, ticks: ticksIn(y, ticks[1])}};
}

/** Formats a tick of a vertical axis: `1.5`, `0.002`, `5e-5`. */
export function tickText(value: number): string {
  return value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : formatNumber(value);
}

/** Returns the chart as a Plotly figure. */
export function chartFigure({title, to, height, panels, text}: Chart): Figure {
  const {left: l, right: r, top: t, bottom: b} = chartMargins;
  const axes: Record<string, unknown> = {};
  const annotations: Record<string, unknown>[] = [];
  const data = panels.flatMap((panel, at) => {
    const name = (letter: string): string => `${letter}${at === 0 ? '' : at + 1}`;
    const {x, y} = axesOf(panel, to);
    const [top, bottom] = [1 - panel.down[0], 1 - panel.down[1]];
    const first = at === 0;
    const grid = {gridcolor: shade.line, zeroline: false, automargin: false};
    axes[`xaxis${name('x').slice(1)}`] = {
      ...grid,
      domain: panel.across,
      anchor: name('y'),
      range: [x.from, x.to],
      nticks: panel.ticks[0],
      tickformat: ',d',
      showticklabels: panel.x !== undefined,
      title: {text: panel.x ?? '', standoff: 4, font: {size: 12}},
      fixedrange: !first,
    };
    axes[`yaxis${name('y').slice(1)}`] = {
      ...grid,
      domain: [bottom, top],
      anchor: name('x'),
      range: [y.from, y.to],
      // Ticks of its own would spoil zooming.
      ...(first ? {nticks: panel.ticks[1]} : {tickvals: y.ticks, ticktext: y.ticks.map(tickText)}),
      fixedrange: !first,
    };
    annotations.push({
      text: panel.title,
      xref: 'paper',
      yref: 'paper',
      x: panel.across[0],
      y: top,
      xanchor: 'left',
      yanchor: 'bottom',
      yshift: 1,
      showarrow: false,
      font: {size: panelTitleSize},
    });
    return panel.lines.map((line) => trace(line, name('x'), name('y')));
  });
  const legend = {yref: 'container', y: 1 - (legendBaseline - 16) / height, yanchor: 'top'};
  return {title, text, data, layout: {height, margin: {l, r, t, b}, ...axes, annotations, legend}};
}

function trace(line: ChartLine, xaxis: string, yaxis: string): Record<string, unknown> {
  const {name, inLegend = true, color, width, opacity = 1, dots = false, steps = false, points} = line;
  return {
    type: 'scatter',
    mode: dots ? 'lines+markers' : 'lines',
    name,
    xaxis,
    yaxis,
    x: points.map(({x}) => x),
    y: points.map(({y}) => y),
    line: {color, width, ...(steps && {shape: 'hv'})},
    ...(dots && {marker: {size: 7, color}, cliponaxis: false}),
    opacity,
    showlegend: inLegend,
    ...(opacity < 1
      ? {hoverinfo: 'skip'}
      : {hovertemplate: `step %{x:,}<br>%{y:.4~g}<extra>${name}</extra>`}),
  };
}
