/**
 * Colours of all figures. They have a contrast ratio of at least 3 to white and to JupyterLab's dark background. Consecutive colours
 * also differ in lightness, for colour-blind readers and greyscale print.
 */
export const palette = {
  blue: '#3a7fd0',
  orange: '#d9770f',
  green: '#1f9d78',
  purple: '#a65fc0',
  red: '#d9485f',
  grey: '#858c96',
} as const;

/** Default colours of series, in order. */
export const series: readonly string[] = [
  palette.blue,
  palette.orange,
  palette.green,
  palette.purple,
  palette.red,
  palette.grey,
];

/** Colour of texts and axes, readable in light and dark themes, which a figure doesn't know. */
export const ink = '#747b86';

/** Translucent colours of lines and backgrounds, for light and dark themes. */
export const shade = {
  line: 'rgba(133,140,150,.28)',
  fill: 'rgba(133,140,150,.10)',
  mark: 'rgba(217,119,15,.22)',
} as const;

/** Colours of texts that say right or wrong, with a contrast ratio of at least 4 to white and to JupyterLab's dark background. */
export const verdict = {right: '#1b8c68', wrong: '#d9485f'} as const;

/** Colours of marked words: opaque, because an untrusted notebook loses inherited colours. */
export const marked = {background: '#fbdfb8', text: '#3b2500'} as const;

/** Colour scale of heat maps: Viridis, which is perceptually uniform. */
export const scale = 'Viridis';
