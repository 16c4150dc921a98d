/** The kinds of decoder by name. To add one, implement `Decoder`, describe its options in decoder-options.ts, and register it here. */
import {CaptionerError} from '../errors';
import {unknownName} from '../option-names';
import type {Decoder} from './decoder';
import {createAdaptive} from './adaptive';
import {createAttention} from './attention';
import {decoderOptions} from './decoder-options';
import {createLstm} from './lstm';
import {createTransformer} from './transformer';

type Create = (vocabulary: number, depth: number, options?: object) => Decoder;

interface DecoderKind {
  readonly create: Create;
  readonly features: Decoder['features'];
}

/** The name of a kind of decoder. */
export type DecoderName = 'lstm' | 'attention' | 'adaptive' | 'transformer';

const kinds: Readonly<Record<DecoderName, DecoderKind>> = {
  lstm: {create: createLstm, features: 'pooled'},
  attention: {create: createAttention, features: 'grid'},
  adaptive: {create: createAdaptive, features: 'grid'},
  transformer: {create: createTransformer, features: 'grid'},
};
const decoders: ReadonlyMap<string, DecoderKind> = new Map(Object.entries(kinds));

/** Names of the kinds that `createDecoder` accepts. */
export const decoderKinds: readonly string[] = [...decoders.keys()];

/**
 * Creates a decoder with initial weights. Equal arguments give equal weights.
 *
 * @param kind One of `decoderKinds`.
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the image features.
 * @param options Options of the kind, such as `LstmOptions`.
 * @returns The decoder. The caller disposes it.
 * @throws CaptionerError `options` for an unknown kind or invalid options.
 */
export function createDecoder(
  kind: string,
  vocabulary: number,
  depth: number,
  options: object = {},
): Decoder {
  return lookUp(kind).create(vocabulary, depth, options);
}

/**
 * Returns the kind of image features that a decoder reads, `pooled` or `grid`.
 *
 * @throws CaptionerError `options`
 */
export function featuresOf(kind: string): Decoder['features'] {
  return lookUp(kind).features;
}

/**
 * Returns the option names of a kind of decoder.
 *
 * @throws CaptionerError `options`
 */
export function optionsOf(kind: string): readonly string[] {
  lookUp(kind);
  return decoderOptions.get(kind)!.names;
}

function lookUp(kind: string): DecoderKind {
  const found = decoders.get(kind);
  if (found) return found;
  throw new CaptionerError('options', unknownName('decoder', kind, decoderKinds));
}
