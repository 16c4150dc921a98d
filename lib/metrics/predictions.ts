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
/** Names of an image's id in lists and tables of captions; `caption` prints the second. */
export const idNames: readonly string[] = ['image_id', 'image', 'image_name', 'file_name', 'filename', 'id'];
const ofImage = z.object({captions: z.array(text).min(1)});
const annotations = z.object({annotations: candidatesSchema});

/**
 * Pairs each caption with the references of its image.
 *
 * @param candidates `[{"image_id": …, "caption": "…"}]`, one entry per image; or an object from image id to its caption, which may be the
 *   only element of an array.
 * @param references An object from image id to a caption or an array of captions, or COCO annotations.
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
  const pairs = read(candidatesSchema, rowsOf(candidates), 'candidates').map(({image_id: id, caption}) => {
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

/** Returns one row for each image of candidates in any form. */
function rowsOf(json: unknown): unknown[] {
  if (Array.isArray(json)) return json.map(rowOf);
  if (typeof json !== 'object' || json === null)
    throw new CaptionerError(
      'captions',
      `candidates: expected a list of captions or an object from image id to caption, got ${JSON.stringify(json).slice(0, 80)}`,
    );
  return Object.entries(json as Readonly<Record<string, unknown>>).map(([id, caption]) => {
    if (!Array.isArray(caption)) return {image_id: id, caption};
    if (caption.length === 1) return {image_id: id, caption: caption[0] as unknown};
    throw new CaptionerError(
      'captions',
      `candidates: expected one caption per image, got ${caption.length} for image ${id}`,
    );
  });
}

/** Calls the id of an image `image_id`, whatever its row calls it. */
function rowOf(row: unknown): unknown {
  if (typeof row !== 'object' || row === null || 'image_id' in row) return row;
  const name = idNames.find((one) => one in row);
  return name === undefined ? row : {...row, image_id: (row as Readonly<Record<string, unknown>>)[name]};
}

function readReferences(json: unknown): Map<string, readonly string[]> {
  if (typeof json !== 'object' || json === null || Array.isArray(json))
    throw new CaptionerError('captions', 'references: expected an object from image id to captions');
  if (!('annotations' in json) || !Array.isArray(json.annotations))
    // Image by image, since zod leaves out a key `__proto__`.
    return new Map(
      Object.entries(json as Readonly<Record<string, unknown>>).map(([id, captions]) => [
        id,
        read(
          ofImage,
          {captions: typeof captions === 'string' ? [captions] : captions},
          `references: image ${id}`,
        ).captions,
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
