/** The kinds of decoder by name. To add one, implement `Decoder`, describe its options in decoder-options.ts, and register it here. */
import {CaptionerError} from '../errors';
import {unknownName, type AnyName} from '../option-names';
import {parseOptions} from '../options';
import type {AdaptiveOptions, AttentionOptions, LstmOptions, TransformerOptions} from '../option-types';
import type {Decoder} from './decoder';
import {createAdaptive, planAdaptive} from './adaptive';
import {createAttention, planAttention} from './attention';
import {decoderOptions} from './decoder-options';
import {createLstm, planLstm} from './lstm';
import {createTransformer, planTransformer} from './transformer';
import {normalizationNames, type WeightInit} from './weight-init';

/** The options of each kind of decoder. */
export interface DecoderOptions {
  readonly lstm: LstmOptions;
  readonly attention: AttentionOptions;
  readonly adaptive: AdaptiveOptions;
  readonly transformer: TransformerOptions;
}

/** The name of a kind of decoder. */
export type DecoderKind = keyof DecoderOptions;

interface Entry {
  readonly create: (vocabulary: number, depth: number, options?: object) => Decoder;
  readonly plan: (vocabulary: number, depth: number, settings: never) => WeightInit;
  readonly features: Decoder['features'];
}

const decoders: ReadonlyMap<string, Entry> = new Map<DecoderKind, Entry>([
  ['lstm', {create: createLstm, plan: planLstm, features: 'pooled'}],
  ['attention', {create: createAttention, plan: planAttention, features: 'grid'}],
  ['adaptive', {create: createAdaptive, plan: planAdaptive, features: 'grid'}],
  ['transformer', {create: createTransformer, plan: planTransformer, features: 'grid'}],
]);

/** Names of the kinds that `createDecoder` accepts. */
export const decoderKinds: readonly DecoderKind[] = [...decoders.keys()] as DecoderKind[];

/**
 * Creates a decoder with initial weights. Equal arguments give equal weights.
 *
 * @param kind `lstm`, `attention`, `adaptive` or `transformer`.
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the image features.
 * @param options Options of the kind, such as `LstmOptions`.
 * @returns The decoder. The caller disposes it.
 * @throws CaptionerError `options` for an unknown kind or invalid options.
 */
export function createDecoder<Kind extends DecoderKind>(
  kind: Kind,
  vocabulary: number,
  depth: number,
  options?: DecoderOptions[Kind],
): Decoder;
/**
 * Creates a decoder whose kind is known only when the program runs, such as a notebook's parameter.
 *
 * @param kind One of `decoderKinds`.
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the image features.
 * @param options Options of the kind by name.
 * @returns The decoder. The caller disposes it.
 * @throws CaptionerError `options` for an unknown kind or invalid options.
 */
export function createDecoder<Name extends string>(
  kind: AnyName<Name>,
  vocabulary: number,
  depth: number,
  options?: object,
): Decoder;
export function createDecoder(
  kind: string,
  vocabulary: number,
  depth: number,
  options: object = {},
): Decoder {
  return lookUp(kind).create(vocabulary, depth, options);
}

/**
 * Returns the shapes of a decoder's weights and normalization statistics by name, without allocating any.
 *
 * @param vocabulary Vocabulary size.
 * @param depth Depth of the image features.
 * @throws CaptionerError `options` for an unknown kind or invalid options.
 */
export function weightShapesOf(
  kind: string,
  vocabulary: number,
  depth: number,
  options: object,
): ReadonlyMap<string, readonly number[]> {
  const {plan} = lookUp(kind);
  const {schema, owner} = decoderOptions.get(kind)!;
  const {shapes} = plan(vocabulary, depth, parseOptions(schema, options, owner) as never);
  return new Map([...shapes, ...normalizationNames.map((name) => [name, [depth]] as const)]);
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

function lookUp(kind: string): Entry {
  const found = decoders.get(kind);
  if (found) return found;
  throw new CaptionerError('options', unknownName('decoder', kind, decoderKinds));
}
