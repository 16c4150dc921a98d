/** Every kind of decoder by its name: a new one is a file and a line here. */
import {CaptionerError} from '../errors';
import type {Decoder} from './decoder';
import {adaptiveOptions, createAdaptive} from './adaptive';
import {attentionOptions, createAttention} from './attention';
import {createLstm, lstmOptions} from './lstm';
import {createTransformer, transformerOptions} from './transformer';

type Create = (vocabulary: number, depth: number, options?: object) => Decoder;

interface Kind {
  readonly create: Create;
  readonly features: Decoder['features'];
  readonly options: readonly string[];
}

const decoders: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  ['lstm', {create: createLstm, features: 'pooled', options: lstmOptions}],
  ['attention', {create: createAttention, features: 'grid', options: attentionOptions}],
  ['adaptive', {create: createAdaptive, features: 'grid', options: adaptiveOptions}],
  ['transformer', {create: createTransformer, features: 'grid', options: transformerOptions}],
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
  return known(kind).options;
}

function known(kind: string): Kind {
  const found = decoders.get(kind);
  if (found) return found;
  throw new CaptionerError('options', `Unknown decoder "${kind}"; known: ${decoderKinds.join(', ')}`);
}
