/** Document frequencies: the number of images whose references contain an n-gram. CIDEr-D weights n-grams by them. */
import {z} from 'zod';
import {CaptionerError} from '../errors';
import {writeFileAtomic} from '../files/atomic';
import {readText} from '../files/lines';
import {runToEnd} from '../interrupt';
import {parseOptions} from '../options';
import type {Words} from './statistics';
import {ngramList} from './ngrams';

const orders = [1, 2, 3, 4] as const;
const schema = z.object({images: z.int().min(1), counts: z.record(z.string(), z.int().min(1))});

/** Document frequencies of n-grams, by which CIDEr-D weights them. */
export class DocumentFrequencies {
  /**
   * @param images Number of images.
   * @param counts Number of images whose references contain an n-gram, by n-gram (words joined by spaces).
   */
  constructor(
    readonly images: number,
    private readonly counts: ReadonlyMap<string, number>,
  ) {}

  /**
   * Counts the n-grams of references.
   *
   * @param references Tokens of the reference captions of each image.
   */
  static of(references: readonly (readonly Words[])[]): DocumentFrequencies {
    return runToEnd(DocumentFrequencies.countSteps(references));
  }

  /** Counts like `of`, but pauses after each image. */
  static *countSteps(references: readonly (readonly Words[])[]): Generator<void, DocumentFrequencies, void> {
    const counts = new Map<string, number>();
    for (const own of references) {
      yield;
      const grams = new Set(own.flatMap((words) => orders.flatMap((order) => ngramList(words, order))));
      for (const gram of grams) counts.set(gram, (counts.get(gram) ?? 0) + 1);
    }
    return new DocumentFrequencies(references.length, counts);
  }

  /** Reads a file written by `save`. @throws CaptionerError `not-found`; `captions` when the file has another format. */
  static load(file: string): DocumentFrequencies {
    try {
      const {images, counts} = parseOptions(schema, JSON.parse(readText(file)), file);
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

  /** Writes the frequencies as JSON. */
  async save(file: string): Promise<void> {
    const {images, counts} = this;
    await writeFileAtomic(file, `${JSON.stringify({images, counts: Object.fromEntries(counts)})}\n`);
  }

  /** Returns ln(images / df), where df is the number of images whose references contain the n-gram, at least 1. */
  idf(gram: string): number {
    return Math.log(this.images) - Math.log(Math.max(1, this.counts.get(gram) ?? 0));
  }
}
