/**
 * Draws a chart as an SVG in a millisecond. As a fluid image it takes the width of the page without scaling texts, like the Plotly
 * figure that replaces it in the end; with a fixed width it serves viewers that show neither.
 */
import {html, type Fragment} from './html';
import {
  axesOf,
  chartMargins,
  legendBaseline,
  panelTitleSize,
  tickText,
  type Chart,
  type ChartLine,
  type ChartPanel,
  type PanelAxes,
} from './chart';
import {shade} from './palette';
import {round} from './svg-axis';

const ink = '#747b86'; // readable in light and dark themes
const font = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

/** Draws a chart as SVG, as wide as the page or `width` pixels. */
export function chartSvg(chart: Chart, width?: number): string {
  const {title, height, panels} = chart;
  const {left, right, top, bottom} = chartMargins;
  const inner = height - top - bottom;
  const [size, box] = width === undefined ? ['100%', ''] : [String(width), `0 0 ${width} ${height}`];
  const across = width === undefined ? `calc(100% - ${left + right}px)` : `${width - left - right}px`;
  const drawn = panels.map((panel) => drawPanel(panel, chart.to, inner));
  return html`<svg
    xmlns="http://www.w3.org/2000/svg"
    width="${size}"
    height="${height}"
    ${box !== '' && html`viewBox="${box}"`}
    role="img"
    aria-label="${title}"
    font-family="${font}"
    font-size="12"
    fill="${ink}"
  >
    <text x="${left}" y="21" font-size="14" font-weight="bold">${title}</text>
    <svg x="100%" overflow="visible">${legend(panels)}</svg>
    <svg x="${left}" y="${top}" width="92%" height="${inner}" style="width:${across}" overflow="visible">
      ${drawn}
    </svg>
  </svg>`.text;
}

/** Returns a fluid chart as an image of a page, which also an untrusted notebook shows. */
export function chartImage(chart: Chart): Fragment {
  const uri = `data:image/svg+xml;base64,${Buffer.from(chartSvg(chart)).toString('base64')}`;
  const style = `display:block;width:100%;max-width:none;height:${chart.height}px`;
  return html`<img src="${uri}" alt="${chart.text}" style="${style}" />`;
}

function drawPanel(panel: ChartPanel, to: number, inner: number): Fragment {
  const axes = axesOf(panel, to);
  const percent = (fraction: number): string => `${round(100 * fraction)}%`;
  const [from, end] = panel.across;
  const height = round(inner * (panel.down[1] - panel.down[0]));
  const lines = panel.lines.map((line) => drawLine(line, axes, height));
  const dots = panel.lines.filter((line) => line.dots).map((line) => drawDots(line, axes, height));
  return html`<svg
    x="${percent(from)}"
    y="${round(inner * panel.down[0])}"
    width="${percent(end - from)}"
    height="${height}"
    overflow="visible"
  >
    <text x="0" y="-6" font-size="${panelTitleSize}">${panel.title}</text>
    ${grid(panel, axes, height)}
    <svg width="100%" height="${height}" viewBox="0 0 1000 ${height}" preserveAspectRatio="none">
      ${lines}
    </svg>
    ${dots}
  </svg>`;
}

function grid({x: title}: ChartPanel, {x, y}: PanelAxes, height: number): Fragment {
  const across = x.ticks.map((tick) => {
    const at = `${round((1000 * tick) / x.to) / 10}%`;
    return html`<line x1="${at}" x2="${at}" y1="0" y2="${height}" stroke="${shade.line}" />${
        title !== undefined &&
        html`<text x="${at}" y="${height + 16}" text-anchor="middle">${tick.toLocaleString('en-GB')}</text>`
      }`;
  });
  const up = y.ticks.map((tick) => {
    const at = toY(tick, y, height);
    return html`<line x1="0" x2="100%" y1="${at}" y2="${at}" stroke="${shade.line}" /><text
        x="-6"
        y="${round(at + 4)}"
        text-anchor="end"
        >${tickText(tick)}</text
      >`;
  });
  const name =
    title !== undefined && html`<text x="50%" y="${height + 33}" text-anchor="middle">${title}</text>`;
  return html`${across}${up}${name}`;
}

function drawLine(
  {points, color, width, opacity = 1, steps}: ChartLine,
  {x, y}: PanelAxes,
  height: number,
): Fragment {
  const path = points
    .map((point, at) => {
      const [across, up] = [round((1000 * point.x) / x.to), toY(point.y, y, height)];
      return at === 0 ? `M${across} ${up}` : steps ? `H${across}V${up}` : `L${across} ${up}`;
    })
    .join('');
  return html`<path
    d="${path}"
    fill="none"
    stroke="${color}"
    stroke-width="${width}"
    stroke-linejoin="round"
    vector-effect="non-scaling-stroke"
    opacity="${opacity}"
  />`;
}

/** Dots are drawn apart, since a line is stretched to the width of the page. */
function drawDots({points, color}: ChartLine, {x, y}: PanelAxes, height: number): Fragment[] {
  return points.map(
    (point) =>
      html`<circle
        cx="${round((1000 * point.x) / x.to) / 10}%"
        cy="${toY(point.y, y, height)}"
        r="3.5"
        fill="${color}"
      />`,
  );
}

function toY(value: number, {from, to}: PanelAxes['y'], height: number): number {
  return round(height - ((value - from) / (to - from)) * height);
}

/** Entries from right to left, ending at the right margin. */
function legend(panels: readonly ChartPanel[]): Fragment[] {
  const lines = panels.flatMap((panel) => panel.lines);
  const named = lines.filter(({inLegend = true, points}) => inLegend && points.length > 0).reverse();
  let end: number = -chartMargins.right;
  return named.map(({name, color}) => {
    const at = end;
    const line = at - 6.5 * name.length - 8;
    end = line - 42;
    return html`<text x="${at}" y="${legendBaseline}" text-anchor="end">${name}</text
      ><line
        x1="${line - 26}"
        x2="${line}"
        y1="${legendBaseline - 4}"
        y2="${legendBaseline - 4}"
        stroke="${color}"
        stroke-width="2.5"
      />`;
  });
}
