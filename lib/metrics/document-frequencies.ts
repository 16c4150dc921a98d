/** In how many images' references an n-gram occurs, which says how much CIDEr-D makes of it. */
import {readFileSync} from 'node:fs';
import {z} from 'zod';
import {CaptionerError} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import {parseOptions} from '../options';
import type {Words} from './statistics';
import {ngramList} from './ngrams';

const orders = [1, 2, 3, 4] as const;
const schema = z.object({images: z.int().min(1), counts: z.record(z.string(), z.int().min(1))});

/** In how many images' references each n-gram occurs; CIDEr-D weighs n-grams by it. */
export class DocumentFrequencies {
  /**
   * @param images Number of images.
   * @param counts For each n-gram, its words joined by blanks, the number of images that have it in a reference.
   */
  constructor(
    readonly images: number,
    private readonly counts: ReadonlyMap<string, number>,
  ) {}

  /** @param references For each image the captions of people. */
  static of(references: readonly (readonly Words[])[]): DocumentFrequencies {
    const counts = new Map<string, number>();
    for (const own of references) {
      const grams = new Set(own.flatMap((words) => orders.flatMap((order) => ngramList(words, order))));
      for (const gram of grams) counts.set(gram, (counts.get(gram) ?? 0) + 1);
    }
    return new DocumentFrequencies(references.length, counts);
  }

  /** @throws CaptionerError `not-found`; `captions` when the file is none that `save` wrote. */
  static load(file: string): DocumentFrequencies {
    try {
      const {images, counts} = parseOptions(schema, JSON.parse(readFileSync(file, 'utf8')), file);
      return new DocumentFrequencies(images, new Map(Object.entries(counts)));
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT')
        throw new CaptionerError('not-found', `${file}: expected document frequencies, found nothing`, {
          cause,
        });
      throw new CaptionerError(
        'captions',
        `${file}: expected document frequencies: ${(cause as Error).message.slice(0, 300)}`,
        {cause},
      );
    }
  }

  /** Writes them as JSON. */
  async save(file: string): Promise<void> {
    const {images, counts} = this;
    await writeFileAtomic(file, `${JSON.stringify({images, counts: Object.fromEntries(counts)})}\n`);
  }

  /** Logarithm of images over images that have it; one that none has counts as if one had it. */
  rarity(gram: string): number {
    return Math.log(this.images) - Math.log(Math.max(1, this.counts.get(gram) ?? 0));
  }
}
