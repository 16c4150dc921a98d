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
  const fail = (message: string, cause?: unknown): never => {
    if (cause instanceof CaptionerError) throw cause;
    throw new CaptionerError('captions', `${file}: ${message}`, {cause});
  };
  const form = lists ? `{${lists.map((name) => `"${name}": […]`).join(', ')}}` : '[…]';
  const seen = new Set<string>();
  const paths = lists?.map((name) => `$.${name}.*`) ?? ['$.*'];
  const parser = new JSONParser({paths, keepStack: false});
  parser.onValue = ({value, key, stack}) => {
    const list = lists ? String(stack.at(-1)?.key) : '';
    if (typeof key !== 'number') return fail(`expected ${form}, got another form of "${list}"`);
    seen.add(list);
    take(list, value, key + 1);
  };
  parser.onError = (error) => fail(`expected JSON in UTF-8: ${error.message}`, error);

  let empty = true;
  for await (const chunk of fileChunks(file, onBytes)) {
    empty = false;
    parser.write(chunk);
  }
  if (empty) fail(`expected ${form}, found an empty file`);
  if (!parser.isEnded) fail('expected JSON, got a truncated file');
  for (const list of lists ?? ['']) if (!seen.has(list)) fail(`expected ${form}, found nothing in "${list}"`);
}
