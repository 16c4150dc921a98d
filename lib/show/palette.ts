/**
 * The colours of every figure. They keep a contrast of at least 3 to white and to JupyterLab's dark background, and neighbours differ in lightness
 * too, so that they stay apart for colour-blind readers and in grey print.
 */
export const palette = {
  blue: '#3a7fd0',
  orange: '#d9770f',
  green: '#1f9d78',
  purple: '#a65fc0',
  red: '#d9485f',
  grey: '#858c96',
} as const;

/** For series without a meaning of their own, in this order. */
export const series: readonly string[] = [
  palette.blue,
  palette.orange,
  palette.green,
  palette.purple,
  palette.red,
  palette.grey,
];

/** Lines and backgrounds that have to work on light and dark alike. */
export const shade = {
  line: 'rgba(133,140,150,.28)',
  fill: 'rgba(133,140,150,.10)',
  mark: 'rgba(217,119,15,.22)',
} as const;

/** From nothing to much, for heat maps: Plotly's Viridis, uniform in lightness. */
export const scale = 'Viridis';
