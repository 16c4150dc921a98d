/** The identity of an encoder. Feature stores and checkpoints save it, so that features of different encoders are never mixed. */
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

/** Most views of an image in captioning, where centre crops beyond are smaller than a hundredth of its side, and in training. */
export const mostViews = {inference: 56, training: 1000} as const;

const triple = z.tuple([z.number(), z.number(), z.number()]);

/** Parses preprocessing from JSON. Version 0.1 wrote `deviation` for `std`; it is still accepted. */
export const preprocessingSchema: z.ZodType<Preprocessing> = z.preprocess(
  (json) => {
    if (typeof json !== 'object' || json === null || !('deviation' in json)) return json;
    const {deviation: std, ...rest} = json;
    return {...rest, std};
  },
  z.object({
    size: z.int().min(1).max(2048),
    fit: z.enum(['stretch', 'crop']),
    interpolation: z.enum(['cubic', 'linear']),
    mean: triple,
    std: triple,
  }),
);

/** Whether two encoders give the same features. */
export function sameEncoder(a: EncoderIdentity, b: EncoderIdentity): boolean {
  const key = ({name, digest, preprocessing}: EncoderIdentity): unknown => [name, digest, preprocessing];
  return isDeepStrictEqual(key(a), key(b));
}

/** Describes an encoder for messages, such as `efficientnet-lite2 (0123abcd, 224 pixels, stretch)`. */
export function describeEncoder({name, digest, preprocessing: {size, fit}}: EncoderIdentity): string {
  return `${name} (${digest.slice(0, 8)}, ${size} pixels, ${fit})`;
}
