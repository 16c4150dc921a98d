/** Which encoder features came from: what feature stores and checkpoints keep, so that they are never used with those of another. */
import {isDeepStrictEqual} from 'node:util';
import {z} from 'zod';
import type {Preprocessing} from './encoder';

/** The encoder, weights and preprocessing that features came from. */
export interface EncoderIdentity {
  readonly name: string;
  /** SHA-256 of the weight file. */
  readonly digest: string;
  readonly preprocessing: Preprocessing;
}

const triple = z.tuple([z.number(), z.number(), z.number()]);

/** Reads preprocessing from JSON, also as version 0.1 wrote it, where `std` was called `deviation`. */
export const preprocessingSchema: z.ZodType<Preprocessing> = z.preprocess(
  (json) => {
    if (typeof json !== 'object' || json === null || !('deviation' in json)) return json;
    const {deviation: std, ...rest} = json;
    return {...rest, std};
  },
  z.object({
    size: z.int().min(1),
    fit: z.enum(['stretch', 'crop']),
    interpolation: z.enum(['cubic', 'linear']),
    mean: triple,
    std: triple,
  }),
);

export function sameEncoder(one: EncoderIdentity, other: EncoderIdentity): boolean {
  const of = ({name, digest, preprocessing}: EncoderIdentity): unknown => [name, digest, preprocessing];
  return isDeepStrictEqual(of(one), of(other));
}

/** In words, for messages. */
export function describeEncoder({name, digest, preprocessing: {size, fit}}: EncoderIdentity): string {
  return `${name} (${digest.slice(0, 8)}, ${size} pixels, ${fit})`;
}
