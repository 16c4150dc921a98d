/**
 * Draws the map of a word over the image. Attention: bright where the decoder attends, dark where it doesn't. Explanations: orange what made
 * the word more likely, blue what made it less likely.
 */
import type {CaptionReply, Word} from './api.js';
import {byId, percent} from './dom.js';

/** Darkness where attention is lowest, from 0 to 1. */
const darkest = 0.78;

/** Keeps a place for what is said of the attention, where there is any. */
export function keepPlace(attends: boolean): void {
  byId('about-attention').hidden = !attends;
}

/** Colours of what supports and what opposes a word. */
const [support, oppose] = [
  [245, 133, 24],
  [38, 116, 224],
] as const;

/** Shows what made a word more or less likely. @param map Values of a square map, row by row. */
export function showSigned(text: string, map: readonly number[], fit: CaptionReply['fit']): void {
  const overlay = byId<HTMLCanvasElement>('overlay');
  const image = byId<HTMLCanvasElement>('image');
  [overlay.width, overlay.height] = [image.width, image.height];
  const sizes = map.map(Math.abs).sort((a, b) => a - b);
  // Single cells must not make all others pale.
  const largest = sizes[Math.floor(0.995 * (sizes.length - 1))] || 1;
  const signed = map.some((value) => value < 0);
  const where = map.indexOf(Math.max(...map));
  byId('about-attention').classList.remove('idle');
  byId('scale').classList.add('signed');
  byId('canvases').classList.add('mapped');
  byId('lowest').textContent = signed ? 'less likely' : 'matters little';
  byId('highest').textContent = signed ? 'more likely' : 'matters much';
  const said = `“${text}”: most of what speaks for it is ${placeOf(where, Math.sqrt(map.length))}.`;
  byId('explanation').textContent = said;
  byId('canvases').setAttribute('aria-label', `${byId('name').textContent}. ${said}`);
  const context = overlay.getContext('2d')!;
  const cells = map.map((value) => {
    const alpha = 255 * 0.85 * Math.min(1, Math.abs(value) / largest);
    return [...(value < 0 ? oppose : support), alpha] as const;
  });
  drawCells(context, cells, areaOf(overlay, fit));
}

/** Shows where the decoder attends while it writes a word; without a word, the image as it is. */
export function showAttention(word: Word | undefined, fit: CaptionReply['fit']): void {
  const overlay = byId<HTMLCanvasElement>('overlay');
  const image = byId<HTMLCanvasElement>('image');
  const weights = word?.attention;
  // Setting the size clears it.
  overlay.width = image.width;
  overlay.height = image.height;
  const name = byId('name').textContent;
  byId('about-attention').classList.toggle('idle', weights === undefined);
  byId('scale').classList.remove('signed');
  byId('canvases').classList.remove('mapped');
  byId('explanation').textContent = word && weights ? inWords(word.text, weights) : '';
  byId('canvases').setAttribute(
    'aria-label',
    word && weights ? `${name}. ${inWords(word.text, weights)}` : name,
  );
  if (!weights) return;
  const [low, high] = [Math.min(...weights), Math.max(...weights)];
  byId('lowest').textContent = percent(low);
  byId('highest').textContent = `${percent(high)} in a cell`;
  draw(overlay, weights, low, high - low || 1, fit);
}

function draw(
  overlay: HTMLCanvasElement,
  weights: readonly number[],
  low: number,
  range: number,
  fit: CaptionReply['fit'],
): void {
  const context = overlay.getContext('2d')!;
  const [left, top, across, down] = areaOf(overlay, fit);
  context.fillStyle = `rgba(0, 0, 0, ${darkest})`;
  // The network never sees what the crop removes.
  context.fillRect(0, 0, overlay.width, overlay.height);
  context.clearRect(left, top, across, down);
  const cells = weights.map((weight) => [0, 0, 0, 255 * darkest * (1 - (weight - low) / range)] as const);
  drawCells(context, cells, [left, top, across, down]);
}

type Area = readonly [left: number, top: number, across: number, down: number];

/** The part of the image that the cells cover. */
function areaOf({width, height}: HTMLCanvasElement, fit: CaptionReply['fit']): Area {
  const square = Math.min(width, height);
  const [across, down] = fit === 'crop' ? [square, square] : [width, height];
  return [(width - across) / 2, (height - down) / 2, across, down];
}

/** Draws a square grid of cells, each red, green, blue and opacity from 0 to 255, with smooth edges. */
function drawCells(
  context: CanvasRenderingContext2D,
  cells: readonly (readonly [number, number, number, number])[],
  area: Area,
): void {
  const side = Math.sqrt(cells.length);
  const data = new ImageData(side, side);
  for (const [at, cell] of cells.entries()) data.data.set(cell.map(Math.round), 4 * at);
  const small = document.createElement('canvas');
  [small.width, small.height] = [side, side];
  small.getContext('2d')!.putImageData(data, 0, 0);
  context.imageSmoothingQuality = 'high';
  context.drawImage(small, ...area);
}

/** Says where most of the attention is, for those who don't see the image. */
function inWords(text: string, weights: readonly number[]): string {
  const side = Math.sqrt(weights.length);
  const most = weights.indexOf(Math.max(...weights));
  const where = placeOf(most, side);
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const rest = sum < 0.99 ? `; ${percent(sum)} of it is on the image` : '';
  return `“${text}”: attention is strongest ${where}${rest}.`;
}

/** Says in which ninth of a square grid a cell is. */
function placeOf(cell: number, side: number): string {
  const third = (index: number): number => Math.min(2, Math.floor((3 * (index + 0.5)) / side));
  const row = ['top', 'middle', 'bottom'][third(Math.floor(cell / side))]!;
  const column = ['left', 'centre', 'right'][third(cell % side)]!;
  return row === 'middle' && column === 'centre' ? 'in the centre' : `at the ${row} ${column}`;
}
