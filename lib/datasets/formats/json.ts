/** Reads lists in JSON files of any size, element by element. */
import {JSONParser} from '@streamparser/json';
import {CaptionerError} from '../../errors';
import {fileChunks, type OnBytes} from '../../files/lines';

/**
 * Calls `take` with each element of the named lists, which are properties of the file's top-level object, or with each element of the
 * file's top-level array.
 *
 * @param lists Names of the lists; undefined for an array, whose name is empty.
 * @param take Called with the list's name, the element and its number, counted from 1.
 * @throws CaptionerError `captions` if the file cannot be read, is not JSON or lacks a list.
 */
export async function eachElement(
  file: string,
  lists: readonly string[] | undefined,
  take: (list: string, element: unknown, at: number) => void,
  onBytes?: OnBytes,
): Promise<void> {
  const form = lists ? `{${lists.map((name) => `"${name}": […]`).join(', ')}}` : '[…]';
  const seen = new Set<string>();
  const paths = lists?.map((name) => `$.${name}.*`) ?? ['$.*'];
  await parse(file, form, paths, onBytes, ({value, key, stack}) => {
    const list = lists ? String(stack.at(-1)?.key) : '';
    if (typeof key !== 'number') throw failure(file, `expected ${form}, got another form of "${list}"`);
    seen.add(list);
    take(list, value, key + 1);
  });
  for (const list of lists ?? [''])
    if (!seen.has(list)) throw failure(file, `expected ${form}, found nothing in "${list}"`);
}

/**
 * Calls `take` with each property of the file's top-level object, and its number, counted from 1. A name that is there twice counts twice.
 *
 * @throws CaptionerError `captions` if the file cannot be read or is not a JSON object.
 */
export async function eachProperty(
  file: string,
  take: (name: string, value: unknown, at: number) => void,
  onBytes?: OnBytes,
): Promise<void> {
  const form = '{"…": …}';
  let at = 0;
  await parse(file, form, ['$.*'], onBytes, ({value, key}) => {
    if (typeof key !== 'string') throw failure(file, `expected ${form}, got an array`);
    take(key, value, ++at);
  });
}

async function parse(
  file: string,
  form: string,
  paths: string[],
  onBytes: OnBytes | undefined,
  onValue: JSONParser['onValue'],
): Promise<void> {
  const parser = new JSONParser({paths, keepStack: false});
  parser.onValue = onValue;
  parser.onError = (error) => {
    throw error instanceof CaptionerError
      ? error
      : failure(file, `expected JSON in UTF-8: ${error.message}`, error);
  };
  let empty = true;
  for await (const chunk of fileChunks(file, onBytes)) {
    empty = false;
    parser.write(chunk);
  }
  if (empty) throw failure(file, `expected ${form}, found an empty file`);
  if (!parser.isEnded) throw failure(file, 'expected JSON, got a truncated file');
}

function failure(file: string, message: string, cause?: unknown): CaptionerError {
  return new CaptionerError('captions', `${file}: ${message}`, {cause});
}
