/** Takes an image by choosing, dropping or pasting, and shows it. It is kept in memory only. */
import {byId} from './dom.js';

/** Longest side of what is drawn: large enough for any window, small enough for a photograph of 50 megapixels. */
const longest = 1600;

/** Calls `take` with each image that is chosen, dropped or pasted. */
export function onImage(take: (file: File) => void): void {
  const input = byId<HTMLInputElement>('file');
  const drop = byId('drop');
  const takeFirst = (files: FileList | undefined): void => {
    const [file] = files ?? [];
    if (file) take(file);
  };
  input.addEventListener('change', () => {
    takeFirst(input.files ?? undefined);
    // Choosing the same file again is a change, too.
    input.value = '';
  });
  document.addEventListener('paste', (event) => {
    const files = event.clipboardData?.files;
    if (files?.length) event.preventDefault();
    takeFirst(files);
  });
  // Dropped beside the frame, a file must not replace the page.
  document.addEventListener('dragover', (event) => {
    event.preventDefault();
    drop.classList.add('over');
  });
  for (const end of ['dragleave', 'dragend', 'drop'])
    document.addEventListener(end, () => drop.classList.remove('over'));
  document.addEventListener('drop', (event) => {
    event.preventDefault();
    takeFirst(event.dataTransfer?.files);
  });
}

/** Draws an image with its name. @returns Whether the browser can read it. */
export async function showImage(file: File): Promise<boolean> {
  const canvas = byId<HTMLCanvasElement>('image');
  const bitmap = await createImageBitmap(file).catch(() => undefined);
  byId('figure').hidden = bitmap === undefined;
  byId('drop').classList.toggle('small', bitmap !== undefined);
  if (bitmap) {
    byId('invitation').textContent = 'Choose another image';
    byId('formats').textContent = 'or drop or paste one';
  }
  if (bitmap === undefined) return false;
  const scale = Math.min(1, longest / Math.max(bitmap.width, bitmap.height));
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const context = canvas.getContext('2d')!;
  context.imageSmoothingQuality = 'high';
  // Transparent images are read on white.
  context.fillStyle = '#fff';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  bitmap.close();
  byId('name').textContent = file.name;
  byId('canvases').setAttribute('aria-label', file.name);
  return true;
}
