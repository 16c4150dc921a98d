/** All metrics of captions of one set of images. What the references need is prepared once, so that every epoch can be scored. */
import {meteorFolder} from '../paths';
import {ptbTokenize} from '../text/ptb-tokenizer';
import {bleu} from './bleu';
import {ciderD} from './cider';
import {DocumentFrequencies} from './document-frequencies';
import {checkPairs, corpusScores, imageScores, type MetricStatistics, type Words} from './statistics';
import {Meteor} from './meteor';
import {rougeL} from './rouge';

/** The metrics, in the order in which they are reported. SPICE, which needs a parser in Java, is not computed. */
export const metricNames = ['BLEU-1', 'BLEU-2', 'BLEU-3', 'BLEU-4', 'METEOR', 'ROUGE-L', 'CIDEr-D'] as const;
/** The name of a metric. */
export type MetricName = (typeof metricNames)[number];

/** Options of `Scorer.create`. */
export interface ScorerOptions {
  /** METEOR takes longer than all others together. @default true */
  readonly meteor?: boolean;
  /** Of CIDEr-D. @default those of the references */
  readonly frequencies?: DocumentFrequencies;
}

/** Computes all metrics of captions against the same references. */
export class Scorer {
  private constructor(
    readonly references: readonly (readonly Words[])[],
    /** What CIDEr-D weighs n-grams by. */
    readonly frequencies: DocumentFrequencies,
    private readonly meteor: Meteor | undefined,
  ) {}

  /**
   * @param references For each image the captions of people, as they wrote them.
   * @throws CaptionerError when METEOR's tables are damaged; without them it is computed from exact words and stems alone, and
   *   named so.
   */
  static async create(
    references: readonly (readonly string[])[],
    {meteor = true, frequencies}: ScorerOptions = {},
  ): Promise<Scorer> {
    const tokens = references.map((own) => own.map(ptbTokenize));
    return new Scorer(
      tokens,
      frequencies ?? DocumentFrequencies.of(tokens),
      meteor ? await Meteor.load(meteorFolder(), tokens) : undefined,
    );
  }

  /**
   * @param captions One for each image, as they are.
   * @throws CaptionerError `captions` when there are none, or not as many as images.
   */
  score(captions: readonly string[]): MetricStatistics[] {
    const {references} = this;
    const candidates = captions.map(ptbTokenize);
    checkPairs(candidates, references);
    return [
      bleu(candidates, references),
      ...(this.meteor ? [this.meteor.measure(candidates, references)] : []),
      rougeL(candidates, references),
      ciderD(candidates, references, this.frequencies),
    ];
  }
}

/** By name, the scores of all images together. */
export function totals(measured: readonly MetricStatistics[]): Record<string, number> {
  return Object.assign({}, ...measured.map(corpusScores)) as Record<string, number>;
}

/** By name, the scores of each image. */
export function perImage(measured: readonly MetricStatistics[]): Record<string, number>[] {
  const each = measured.map(imageScores);
  return each[0]!.map(
    (_, at) => Object.assign({}, ...each.map((scores) => scores[at])) as Record<string, number>,
  );
}
