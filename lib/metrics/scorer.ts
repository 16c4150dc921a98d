/** All metrics for one set of images. References are prepared once, so captions can be scored after every epoch. */
import {counted, description, setDescription} from '../description';
import {metricNames} from '../metric-names';
import {meteorFolder} from '../paths';
import {ptbTokenize} from '../text/ptb-tokenizer';
import {bleu} from './bleu';
import {ciderD} from './cider';
import {DocumentFrequencies} from './document-frequencies';
import {checkPairs, corpusScores, imageScores, type MetricStatistics, type Words} from './statistics';
import {Meteor} from './meteor';
import {rougeL} from './rouge';

export {metricNames, type MetricName} from '../metric-names';

/** Options of `Scorer.create`. */
export interface ScorerOptions {
  /** Whether to compute METEOR, which takes longer than all other metrics together. @default true */
  readonly meteor?: boolean;
  /** Document frequencies for CIDEr-D. @default those of the references */
  readonly frequencies?: DocumentFrequencies;
}

/** Scores captions against a fixed set of references. */
export class Scorer {
  private constructor(
    readonly references: readonly (readonly Words[])[],
    /** Document frequencies for CIDEr-D. */
    readonly frequencies: DocumentFrequencies,
    private readonly meteor: Meteor | undefined,
  ) {}

  /**
   * Prepares the references. Without METEOR's tables, METEOR is computed from exact and stem matches alone, under another name.
   *
   * @param references Untokenized reference captions of each image.
   * @throws CaptionerError `archive` when METEOR's tables are damaged.
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

  /** Whether METEOR is computed. */
  get hasMeteor(): boolean {
    return this.meteor !== undefined;
  }

  /**
   * Scores captions.
   *
   * @param captions One untokenized caption per image.
   * @throws CaptionerError `captions` when there are none, or their number differs from that of the images.
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

/** Returns the corpus scores by name. */
export function totals(metrics: readonly MetricStatistics[]): Record<string, number> {
  return Object.assign({}, ...metrics.map(corpusScores)) as Record<string, number>;
}

/** Returns the scores of each image by name. */
export function perImage(metrics: readonly MetricStatistics[]): Record<string, number>[] {
  const each = metrics.map(imageScores);
  return each[0]!.map(
    (_, at) => Object.assign({}, ...each.map((scores) => scores[at])) as Record<string, number>,
  );
}

setDescription(Scorer.prototype, (scorer) =>
  description(`Scorer of captions of ${counted(scorer.references.length, 'image')}`, {
    references: scorer.references.reduce((total, own) => total + own.length, 0),
    metrics: metricNames.filter((name) => name !== 'METEOR' || scorer.hasMeteor).join(', '),
  }),
);
