/** The colours of drawn objects: a base, a light and a dark shade of each, and gradients of these. */
import {colours, type Colour} from './scene';

export interface Shades {
  readonly light: string;
  readonly base: string;
  readonly dark: string;
}

export const palette: Readonly<Record<Colour, Shades>> = {
  red: {light: '#ff6a5c', base: '#e0221f', dark: '#a30f14'},
  blue: {light: '#5c9bff', base: '#1f55dd', dark: '#10318f'},
  yellow: {light: '#ffe95c', base: '#ffcc00', dark: '#cf9200'},
  white: {light: '#ffffff', base: '#f4f4f1', dark: '#c9ccd3'},
  black: {light: '#5b5b62', base: '#26262a', dark: '#0e0e10'},
  brown: {light: '#b07a4a', base: '#86522a', dark: '#573214'},
  orange: {light: '#ffb066', base: '#f08522', dark: '#b85c0c'},
};

/** Returns SVG gradients: `fill="url(#red)"` shades from top to bottom, `fill="url(#red-round)"` like a sphere. */
export function gradients(): string {
  return colours
    .map((colour) => {
      const {light, base, dark} = palette[colour];
      return (
        `<linearGradient id="${colour}" x1="0" y1="0" x2="0" y2="1"><stop offset="0" stop-color="${light}"/>` +
        `<stop offset=".45" stop-color="${base}"/><stop offset="1" stop-color="${dark}"/></linearGradient>` +
        `<radialGradient id="${colour}-round" cx=".35" cy=".3" r=".8"><stop offset="0" stop-color="${light}"/>` +
        `<stop offset=".55" stop-color="${base}"/><stop offset="1" stop-color="${dark}"/></radialGradient>`
      );
    })
    .join('');
}
