/** Draws the attention of a word over the image: bright where the decoder attends, dark where it doesn't. */
import type {CaptionReply, Word} from './api.js';
import {byId, percent} from './dom.js';

/** Darkness where attention is lowest, from 0 to 1. */
const darkest = 0.78;

/** Keeps a place for what is said of the attention, where there is any. */
export function keepPlace(attends: boolean): void {
  byId('about-attention').hidden = !attends;
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
  const side = Math.sqrt(weights.length);
  const cells = new ImageData(side, side);
  for (const [at, weight] of weights.entries())
    cells.data[4 * at + 3] = Math.round(255 * darkest * (1 - (weight - low) / range));
  const small = document.createElement('canvas');
  [small.width, small.height] = [side, side];
  small.getContext('2d')!.putImageData(cells, 0, 0);
  const context = overlay.getContext('2d')!;
  const {width, height} = overlay;
  const square = Math.min(width, height);
  const [across, down] = fit === 'crop' ? [square, square] : [width, height];
  const [left, top] = [(width - across) / 2, (height - down) / 2];
  context.fillStyle = `rgba(0, 0, 0, ${darkest})`;
  // The network never sees what the crop removes.
  context.fillRect(0, 0, width, height);
  context.clearRect(left, top, across, down);
  context.imageSmoothingQuality = 'high';
  context.drawImage(small, left, top, across, down);
}

/** Says where most of the attention is, for those who don't see the image. */
function inWords(text: string, weights: readonly number[]): string {
  const side = Math.sqrt(weights.length);
  const most = weights.indexOf(Math.max(...weights));
  const third = (index: number): number => Math.min(2, Math.floor((3 * (index + 0.5)) / side));
  const row = ['top', 'middle', 'bottom'][third(Math.floor(most / side))]!;
  const column = ['left', 'centre', 'right'][third(most % side)]!;
  const where = row === 'middle' && column === 'centre' ? 'in the centre' : `at the ${row} ${column}`;
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const rest = sum < 0.99 ? `; ${percent(sum)} of it is on the image` : '';
  return `“${text}”: attention is strongest ${where}${rest}.`;
}
