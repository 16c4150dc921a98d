/**
 * METEOR 1.5 (Denkowski and Lavie 2014, "Meteor Universal") for English, as the COCO caption evaluation calls it: words of a
 * caption match those of a reference that are the same, have the same stem, are synonyms or, several at a time, paraphrases.
 * Its tables come from the Python package pycocoevalcap; without them only the first two of these are left.
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

/** What scores are called that were computed without the tables: they are others. */
export const meteorWithoutTables = 'METEOR (exact and stem)';

export class Meteor {
  readonly #name: string;
  readonly #abbreviations: Abbreviations;
  readonly #paraphrases: Paraphrases;
  readonly #sentences: SentenceReader;
  readonly #references: ReadonlyMap<string, readonly Sentence[]>;

  /**
   * Reads what METEOR needs to compare captions with these references; with the tables that takes seconds.
   *
   * @param folder Of the Python package pycocoevalcap. Without it scores are named `METEOR (exact and stem)`: no synonyms, no
   * paraphrases, all words weigh the same, and only a full stop between letters belongs to an abbreviation.
   * @param references For each image the tokens of its captions.
   * @throws CaptionerError `not-found` or `archive` when the tables are missing or damaged.
   */
  static async load(folder: string | undefined, references: readonly (readonly Words[])[]): Promise<Meteor> {
    const tables = folder === undefined ? undefined : await readTables(join(folder, 'meteor'));
    const abbreviations: Abbreviations = tables?.abbreviations ?? new Map();
    const lines = new Map(
      references.flat().map((words) => {
        const line = words.join(' ');
        return [line, line.split('|||').map((part) => normalize(part, abbreviations))] as const;
      }),
    );
    const paraphrases =
      folder === undefined
        ? new Paraphrases()
        : await readParaphrases(join(folder, 'meteor'), [...lines.values()].flat());
    const sentences = new SentenceReader(tables, paraphrases);
    const read = new Map(
      [...lines].map(([line, parts]) => [line, parts.map((words) => sentences.read(words))]),
    );
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
   * The score of one image is the best that a reference gives; that of several follows from the counts of these, summed.
   *
   * @param candidates The tokens of one caption for each image.
   * @param references For each image captions that were among those given to `load`, at least one.
   * @returns Scores from 0 to 1.
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
    throw new CaptionerError('captions', `METEOR: expected references that were loaded, got "${line}"`);
  }

  #best(candidate: Sentence, references: readonly Sentence[]): Float64Array {
    const totals = references.map((reference) => {
      const matches = findMatches(candidate, reference, this.#paraphrases);
      return count(candidate, reference, align(matches, candidate.words.length));
    });
    return totals.reduce((best, total) => (score(total) > score(best) ? total : best));
  }
}
