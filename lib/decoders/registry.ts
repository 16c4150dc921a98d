/** Every kind of decoder by its name: a new one is a file, its options in decoder-options.ts and a line here. */
import {CaptionerError} from '../errors';
import {unknownName} from '../option-names';
import type {Decoder} from './decoder';
import {createAdaptive} from './adaptive';
import {createAttention} from './attention';
import {decoderOptions} from './decoder-options';
import {createLstm} from './lstm';
import {createTransformer} from './transformer';

type Create = (vocabulary: number, depth: number, options?: object) => Decoder;

interface Kind {
  readonly create: Create;
  readonly features: Decoder['features'];
}

const decoders: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['lstm', {create: createLstm, features: 'pooled'}],
  ['attention', {create: createAttention, features: 'grid'}],
  ['adaptive', {create: createAdaptive, features: 'grid'}],
  ['transformer', {create: createTransformer, features: 'grid'}],
]);

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
  return known(kind).create(vocabulary, depth, options);
}

/**
 * Which image features a kind of decoder reads.
 *
 * @throws CaptionerError `options`
 */
export function featuresOf(kind: string): Decoder['features'] {
  return known(kind).features;
}

/**
 * Names of the options of a kind of decoder.
 *
 * @throws CaptionerError `options`
 */
export function optionsOf(kind: string): readonly string[] {
  known(kind);
  return decoderOptions.get(kind)!.names;
}

function known(kind: string): Kind {
  const found = decoders.get(kind);
  if (found) return found;
  throw new CaptionerError('options', unknownName('decoder', kind, decoderKinds));
}
