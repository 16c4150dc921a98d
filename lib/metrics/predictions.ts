/** Pairs captions with references by image id, from JSON. Nothing that has no counterpart is dropped silently. */
import {z} from 'zod';
import {CaptionerError} from '../errors';
import {parseOptions} from '../options';

/** The caption of an image and its references. */
export interface Pair {
  /** Image id. */
  readonly id: string;
  readonly candidate: string;
  readonly references: readonly string[];
}

/** Longest caption, as in datasets; beyond it, tokenizing and METEOR take minutes. */
const longestCaption = 2000;
const identity = z.union([z.string(), z.number()]).transform(String);
const text = z.string().max(longestCaption);
const candidatesSchema = z.array(z.object({image_id: identity, caption: text}));
const ofImage = z.object({captions: z.array(text).min(1)});
const annotations = z.object({annotations: candidatesSchema});

/**
 * Pairs each caption with the references of its image.
 *
 * @param candidates `[{"image_id": …, "caption": "…"}]`, one entry per image.
 * @param references An object from image id to an array of captions, or COCO annotations.
 * @returns `pairs`, and as `unused` the ids of images with references but without a caption: COCO annotations often cover more images
 *   than were captioned.
 * @throws CaptionerError `captions` when the JSON has another form, or an image occurs twice or has no references.
 */
export function pairCaptions(
  candidates: unknown,
  references: unknown,
): {readonly pairs: readonly Pair[]; readonly unused: readonly string[]} {
  const known = readReferences(references);
  const seen = new Set<string>();
  const pairs = read(candidatesSchema, candidates, 'candidates').map(({image_id: id, caption}) => {
    if (seen.has(id))
      throw new CaptionerError(
        'captions',
        `candidates: expected one caption per image, got two for image ${id}`,
      );
    seen.add(id);
    const own = known.get(id);
    if (own === undefined)
      throw new CaptionerError('captions', `references: expected captions of image ${id}, found none`);
    return {id, candidate: caption, references: own};
  });
  if (pairs.length === 0) throw new CaptionerError('captions', 'candidates: expected captions, found none');
  return {pairs, unused: [...known.keys()].filter((id) => !seen.has(id))};
}

function readReferences(json: unknown): Map<string, readonly string[]> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new CaptionerError('captions', 'references: expected an object from image id to captions');
  if (!('annotations' in json) || !Array.isArray(json.annotations))
    // Image by image, since zod leaves out a key `__proto__`.
    return new Map(
      Object.entries(json).map(([id, captions]) => [
        id,
        read(ofImage, {captions: captions as unknown}, `references: image ${id}`).captions,
      ]),
    );
  const captions = new Map<string, string[]>();
  for (const {image_id: id, caption} of read(annotations, json, 'references').annotations)
    if (!captions.get(id)?.push(caption)) captions.set(id, [caption]);
  return captions;
}

function read<Out>(schema: z.ZodType<Out>, json: unknown, what: string): Out {
  try {
    return parseOptions(schema, json, what);
  } catch (cause) {
    const {message} = cause as Error;
    throw new CaptionerError('captions', message.length > 300 ? `${message.slice(0, 300)} …` : message, {
      cause,
    });
  }
}
