/** Painting over parts of the image, by pointer or by keyboard. The server hides what is painted over. */
import type {Hiding} from './api.js';
import {byId} from './dom.js';

let hiding: Hiding = {side: 1, grey: 0};
let hidden: boolean[] = [];
/** Cell that the arrow keys move. */
let cursor = 0;

/** Prepares the tools. @param change Called when a stroke has ended, or all is shown again. */
export function preparePainting(offered: Hiding, change: () => void): void {
  hiding = offered;
  hidden = Array<boolean>(hiding.side ** 2).fill(false);
  const [tool, all, canvases] = [byId<HTMLButtonElement>('paint'), byId('show-all'), byId('canvases')];
  let stroke = false;
  const setOn = (on: boolean): void => {
    tool.setAttribute('aria-pressed', `${on}`);
    canvases.classList.toggle('painting', on);
    canvases.tabIndex = on ? 0 : -1;
  };
  tool.addEventListener('click', () => setOn(tool.getAttribute('aria-pressed') !== 'true'));
  all.addEventListener('click', () => {
    clearPainting();
    tool.focus();
    change();
  });
  canvases.addEventListener('pointerdown', (event) => {
    if (!isOn() || event.button !== 0) return;
    event.preventDefault();
    stroke = true;
    canvases.setPointerCapture(event.pointerId);
    paintAt(event);
  });
  canvases.addEventListener('pointermove', (event) => stroke && paintAt(event));
  for (const end of ['pointerup', 'pointercancel'])
    canvases.addEventListener(end, () => {
      if (stroke) change();
      stroke = false;
    });
  canvases.addEventListener('keydown', (event) => {
    if (!isOn()) return;
    const {side} = hiding;
    const [row, column] = [Math.floor(cursor / side), cursor % side];
    const to = {
      ArrowLeft: [row, Math.max(0, column - 1)],
      ArrowRight: [row, Math.min(side - 1, column + 1)],
      ArrowUp: [Math.max(0, row - 1), column],
      ArrowDown: [Math.min(side - 1, row + 1), column],
    }[event.key];
    if (to) cursor = to[0]! * side + to[1]!;
    else if (event.key === ' ' || event.key === 'Enter') hideAround(row, column);
    else return;
    event.preventDefault();
    draw(true);
    if (!to) change();
  });
  canvases.addEventListener('blur', () => draw());
}

/** The hidden cells as the server reads them; undefined if nothing is hidden. */
export function hiddenCells(): string | undefined {
  return hidden.includes(true) ? hidden.map(Number).join('') : undefined;
}

/** Shows all of the image again. */
export function clearPainting(): void {
  hidden.fill(false);
  cursor = Math.floor(hidden.length / 2 + hiding.side / 2);
  draw();
}

function isOn(): boolean {
  return byId('paint').getAttribute('aria-pressed') === 'true';
}

function paintAt({clientX, clientY}: PointerEvent): void {
  const canvas = byId<HTMLCanvasElement>('image');
  const {left, top, width, height} = canvas.getBoundingClientRect();
  // The image lies in the middle of its element.
  const scale = Math.min(width / canvas.width, height / canvas.height);
  const x = (clientX - left - (width - canvas.width * scale) / 2) / (canvas.width * scale);
  const y = (clientY - top - (height - canvas.height * scale) / 2) / (canvas.height * scale);
  if (x < 0 || y < 0 || x >= 1 || y >= 1) return;
  hideAround(Math.floor(y * hiding.side), Math.floor(x * hiding.side));
  draw();
}

/** Hides a cell and those around it. */
function hideAround(row: number, column: number): void {
  const {side} = hiding;
  for (let y = Math.max(0, row - 1); y <= Math.min(side - 1, row + 1); y++)
    for (let x = Math.max(0, column - 1); x <= Math.min(side - 1, column + 1); x++)
      hidden[y * side + x] = true;
}

function draw(withCursor = false): void {
  const image = byId<HTMLCanvasElement>('image');
  const canvas = byId<HTMLCanvasElement>('painted');
  [canvas.width, canvas.height] = [image.width, image.height];
  byId('show-all').hidden = !hidden.includes(true);
  const context = canvas.getContext('2d')!;
  const {side, grey} = hiding;
  const [wide, tall] = [canvas.width / side, canvas.height / side];
  const edges = (at: number): [number, number, number, number] => {
    const [x, y] = [Math.round((at % side) * wide), Math.round(Math.floor(at / side) * tall)];
    return [
      x,
      y,
      Math.round(((at % side) + 1) * wide) - x,
      Math.round((Math.floor(at / side) + 1) * tall) - y,
    ];
  };
  context.fillStyle = `rgb(${grey} ${grey} ${grey})`;
  for (const [at, one] of hidden.entries()) if (one) context.fillRect(...edges(at));
  if (!withCursor) return;
  context.lineWidth = Math.max(2, wide / 6);
  context.strokeStyle = '#fff';
  context.strokeRect(...edges(cursor));
}
