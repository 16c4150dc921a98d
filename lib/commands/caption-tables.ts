/** Captions by image in files of the user: JSON, JSON Lines (.jsonl, .ndjson) as `caption --json` prints them, or a table (.csv, .tsv). */
import Papa from 'papaparse';
import {CaptionerError} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import {readText} from '../files/lines';
import {idNames} from '../metrics/predictions';
import {userPath} from '../paths';
import {readJson, writeJson} from './io';

interface Row {
  readonly image_id: string | number;
  readonly caption: string;
}

const captionColumns = ['caption', 'text', 'sentence', 'comment'];

/** Reads what `score --candidates` names: one caption per image. */
export function readCandidates(file: string): unknown {
  if (isTable(file)) return readTable(file);
  return isJsonLines(file) ? readJsonLines(file) : readJson(file);
}

/** Reads what `score --references` names; in a table, an image has as many rows as references. */
export function readReferences(file: string): unknown {
  return isTable(file) ? {annotations: readTable(file)} : readJson(file);
}

/** Writes captions as COCO's results, or as a table. */
export async function writePredictions(file: string, predictions: readonly Row[]): Promise<void> {
  if (!isTable(file)) return writeJson(file, predictions);
  const delimiter = /tsv$/i.test(file) ? '\t' : ',';
  const text = Papa.unparse([...predictions], {
    columns: ['image_id', 'caption'],
    newline: '\n',
    delimiter,
  });
  await writeFileAtomic(userPath(file), `${text}\n`);
}

function isJsonLines(file: string): boolean {
  return /\.(jsonl|ndjson)$/i.test(file);
}

/** @throws CaptionerError `captions` if a line is not JSON; `not-found` */
function readJsonLines(file: string): unknown[] {
  const path = userPath(file);
  return textOf(path)
    .split('\n')
    .flatMap((line, at) => {
      if (line.trim() === '') return [];
      try {
        return [JSON.parse(line) as unknown];
      } catch (cause) {
        const {message} = cause as Error;
        throw new CaptionerError('captions', `${path} line ${at + 1}: expected JSON: ${message}`, {cause});
      }
    });
}

function isTable(file: string): boolean {
  return /\.(csv|tsv)$/i.test(file);
}

/** @throws CaptionerError `captions` if a column is missing or a row incomplete; `not-found` */
function readTable(file: string): Row[] {
  const path = userPath(file);
  const fail = (message: string): never => {
    throw new CaptionerError('captions', `${path}: ${message}`);
  };
  // Excel's hint of the delimiter, which Papa finds by itself.
  const text = textOf(path).replace(/^"?sep=.?"?\r?\n/i, '');
  const {data, errors, meta} = Papa.parse<Readonly<Record<string, string>>>(text, {
    header: true,
    skipEmptyLines: 'greedy',
    transformHeader: (name) => name.trim().toLowerCase(),
  });
  const columnOf = (known: readonly string[]): string =>
    known.find((name) => meta.fields?.includes(name)) ??
    fail(
      `expected a column ${known.slice(0, 4).join(' or ')}, found ${meta.fields?.join(', ') || 'nothing'}`,
    );
  const [id, caption] = [columnOf(idNames), columnOf(captionColumns)];
  const [broken] = errors.filter(({code}) => code !== 'UndetectableDelimiter');
  if (broken !== undefined) fail(`row ${(broken.row ?? 0) + 1}: ${broken.message}`);
  return data.map((row) => ({image_id: row[id]!.trim(), caption: row[caption]!}));
}

function textOf(path: string): string {
  try {
    return readText(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    throw new CaptionerError('not-found', `${path}: expected a file of captions, found nothing`, {cause});
  }
}
