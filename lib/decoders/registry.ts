/** The kinds of decoder by name. To add one, implement `Decoder` and register it here. */
import {CaptionerError} from '../errors';
import type {Decoder} from './decoder';
import {adaptiveOptions, createAdaptive} from './adaptive';
import {attentionOptions, createAttention} from './attention';
import {createLstm, lstmOptions} from './lstm';
import {createTransformer, transformerOptions} from './transformer';

type Create = (vocabulary: number, depth: number, options?: object) => Decoder;

interface DecoderKind {
  readonly create: Create;
  readonly features: Decoder['features'];
  readonly options: readonly string[];
}

const decoders: ReadonlyMap<string, DecoderKind> = new Map<string, DecoderKind>([
  ['lstm', {create: createLstm, features: 'pooled', options: lstmOptions}],
  ['attention', {create: createAttention, features: 'grid', options: attentionOptions}],
  ['adaptive', {create: createAdaptive, features: 'grid', options: adaptiveOptions}],
  ['transformer', {create: createTransformer, features: 'grid', options: transformerOptions}],
]);

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
  return lookUp(kind).options;
}

function lookUp(kind: string): DecoderKind {
  const found = decoders.get(kind);
  if (found) return found;
  throw new CaptionerError('options', `Unknown decoder "${kind}"; known: ${decoderKinds.join(', ')}`);
}
