/** Every kind of decoder by its name: a new one is a file and a line here. */
import {CaptionerError} from '../errors';
import type {Decoder} from './decoder';
import {createLstm} from './lstm';

type Create = (vocabulary: number, depth: number, options?: object) => Decoder;

const decoders: ReadonlyMap<string, Create> = new Map<string, Create>([['lstm', createLstm]]);

/** The kinds that `createDecoder` knows. */
export const decoderKinds: readonly string[] = [...decoders.keys()];

/**
 * Makes a decoder with new weights; the same options make the same weights.
 *
 * @param vocabulary Number of word ids.
 * @param depth Depth of the image features that it will read.
 * @throws CaptionerError `options`
 */
export function createDecoder(
  kind: string,
  vocabulary: number,
  depth: number,
  options: object = {},
): Decoder {
  const create = decoders.get(kind);
  if (create === undefined) {
    throw new CaptionerError('options', `Unknown decoder "${kind}"; known: ${decoderKinds.join(', ')}`);
  }
  return create(vocabulary, depth, options);
}
