/**
 * METEOR 1.5 (Denkowski and Lavie 2014, "Meteor Universal") for English, as in the COCO caption evaluation. Words of a caption match
 * words of a reference exactly, by stem, as synonyms or as parts of paraphrases. The tables for synonyms and paraphrases come from the
 * Python package pycocoevalcap; without them only exact and stem matches count.
 */
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {checkPairs, type MetricStatistics, type Words} from './statistics';
import {align} from './meteor/alignment';
import {findMatches} from './meteor/matches';
import {normalize, type Abbreviations} from './meteor/normalizer';
import {Paraphrases, readParaphrases} from './meteor/paraphrases';
import {count, score} from './meteor/score';
import {SentenceReader, type Sentence} from './meteor/sentence';
import {readTables} from './meteor/tables';

/** Name of scores computed without the tables, which are not comparable to METEOR. */
export const meteorWithoutTables = 'METEOR (exact and stem)';

/** METEOR for a fixed set of references. */
export class Meteor {
  readonly #name: string;
  readonly #abbreviations: Abbreviations;
  readonly #paraphrases: Paraphrases;
  readonly #sentences: SentenceReader;
  readonly #references: ReadonlyMap<string, readonly Sentence[]>;

  /**
   * Prepares METEOR for a set of references. Reading the tables takes seconds.
   *
   * @param folder Folder of the Python package pycocoevalcap. Without it scores are named `METEOR (exact and stem)`: there are no synonyms
   *   or paraphrases, all words have the same weight, and abbreviations are recognised only by full stops between letters.
   * @param references Tokens of the reference captions of each image.
   * @param pause Lets other events through; may throw to end the preparation.
   * @throws CaptionerError `not-found` or `archive` when the tables are missing or damaged.
   */
  static async load(
    folder: string | undefined,
    references: readonly (readonly Words[])[],
    pause: () => Promise<void> = () => Promise.resolve(),
  ): Promise<Meteor> {
    const tables = folder === undefined ? undefined : await readTables(join(folder, 'meteor'), pause);
    const abbreviations: Abbreviations = tables?.abbreviations ?? new Map();
    const lines = new Map<string, string[][]>();
    for (const words of references.flat()) {
      const line = words.join(' ');
      lines.set(
        line,
        line.split('|||').map((part) => normalize(part, abbreviations)),
      );
      await pause();
    }
    const paraphrases =
      folder === undefined
        ? new Paraphrases()
        : await readParaphrases(join(folder, 'meteor'), [...lines.values()].flat(), pause);
    const sentences = new SentenceReader(tables, paraphrases);
    const read = new Map<string, Sentence[]>();
    for (const [line, parts] of lines) {
      read.set(
        line,
        parts.map((words) => sentences.read(words)),
      );
      await pause();
    }
    return new Meteor(tables ? 'METEOR' : meteorWithoutTables, abbreviations, paraphrases, sentences, read);
  }

  private constructor(
    name: string,
    abbreviations: Abbreviations,
    paraphrases: Paraphrases,
    sentences: SentenceReader,
    references: ReadonlyMap<string, readonly Sentence[]>,
  ) {
    this.#name = name;
    this.#abbreviations = abbreviations;
    this.#paraphrases = paraphrases;
    this.#sentences = sentences;
    this.#references = references;
  }

  /**
   * Computes METEOR, from 0 to 1. The score of an image is that of its best reference; the corpus score is computed from the summed
   * counts of these.
   *
   * @param candidates Tokens of one caption per image.
   * @param references Tokens of each image's references, at least one, all of which were passed to `load`.
   * @throws CaptionerError `captions`
   */
  measure(candidates: readonly Words[], references: readonly (readonly Words[])[]): MetricStatistics {
    checkPairs(candidates, references);
    return {
      names: [this.#name],
      statistics: candidates.map((words, at) => {
        const line = words.join(' ').replaceAll('|||', '');
        const candidate = this.#sentences.read(normalize(line, this.#abbreviations));
        return this.#best(
          candidate,
          references[at]!.flatMap((reference) => this.#reference(reference)),
        );
      }),
      scores: (total) => [score(total)],
    };
  }

  #reference(words: Words): readonly Sentence[] {
    const line = words.join(' ');
    const known = this.#references.get(line);
    if (known) return known;
    throw new CaptionerError(
      'captions',
      `METEOR: expected a reference that was passed to \`load\`, got "${line}"`,
    );
  }

  #best(candidate: Sentence, references: readonly Sentence[]): Float64Array {
    const totals = references.map((reference) => {
      const matches = findMatches(candidate, reference, this.#paraphrases);
      return count(candidate, reference, align(matches, candidate.words.length));
    });
    return totals.reduce((best, total) => (score(total) > score(best) ? total : best));
  }
}
