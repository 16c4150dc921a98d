/** Reads captions from JSON Lines files: one object per line, with the same keys as the columns of a CSV file. */
import {CaptionerError} from '../../errors';
import {quoted, type CaptionLine, type Format} from './read-captions';
import {captionLine, findColumns, requiredColumns, type Columns} from './csv';
import {eachLine} from '../../files/lines';

/** Reads JSON Lines. The caption is a string or an array of strings. */
export const jsonLines: Format = async (file, take, onBytes) => {
  let known = false;
  await eachLine(
    file,
    (line, at) => {
      const object = readObject(line);
      if (typeof object === 'string') return take(at, object);
      const keys = Object.keys(object);
      const columns = findColumns(keys);
      if (columns) {
        known = true;
        return readCaptions(Object.values(object), columns, (found) => take(at, found));
      }
      const reason = `expected ${requiredColumns}, found ${keys.map(quoted).join(', ') || 'nothing'}`;
      if (!known) throw new CaptionerError('captions', `${file} line ${at}: ${reason}`);
      take(at, reason);
    },
    onBytes,
  );
};

function readCaptions(
  values: readonly unknown[],
  columns: Columns,
  take: (found: CaptionLine | string) => void,
): void {
  const image = values[columns.image];
  const caption = values[columns.caption];
  const split = columns.split === undefined ? '' : (values[columns.split] ?? '');
  const captions: readonly unknown[] = Array.isArray(caption) ? caption : [caption];
  if (typeof image !== 'string') return take(`expected the image to be a string, got ${typeof image}`);
  if (typeof split !== 'string') return take(`expected the split to be a string, got ${typeof split}`);
  if (captions.length === 0 || !captions.every((one) => typeof one === 'string'))
    return take('expected the caption to be a string or an array of strings');
  for (const one of captions) take(captionLine(image, one, split));
}

function readObject(line: string): object | string {
  if (line === '') return 'the line is empty';
  const other = `expected a JSON object, got ${quoted(line)}`;
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : other;
  } catch {
    return other;
  }
}
