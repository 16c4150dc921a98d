/** All metrics for one set of images. References are prepared once, so captions can be scored after every epoch. */
import {counted, description, setDescription} from '../description';
import {interruptible, runInSteps, throwIfStopped} from '../interrupt';
import {metricNames} from '../metric-names';
import {meteorFolder} from '../paths';
import {startProgress, type ProgressOptions} from '../show-progress';
import {metricTokens} from '../text/metric-tokens';
import {bleu} from './bleu';
import {ciderD} from './cider';
import {DocumentFrequencies} from './document-frequencies';
import {
  checkPairs,
  corpusScores,
  imageScores,
  type Metric,
  type MetricStatistics,
  type Words,
} from './statistics';
import {Meteor} from './meteor';
import {rougeL} from './rouge';

export {metricNames, type MetricName} from '../metric-names';

/** Images scored without a pause; METEOR takes several milliseconds for one. */
const chunk = 5;

/** Options of `Scorer.create`. */
export interface ScorerOptions extends ProgressOptions {
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
   * @throws CaptionerError `archive` when METEOR's tables are damaged; `stopped`
   */
  static async create(
    references: readonly (readonly string[])[],
    {meteor = true, frequencies, progress}: ScorerOptions = {},
  ): Promise<Scorer> {
    const bar = startProgress({progress}, 'References', references.length);
    const tokens: Words[][] = [];
    try {
      return await interruptible(
        async (interrupt) => {
          for (const own of references) {
            tokens.push(own.map(metricTokens));
            interrupt.throwIfRequested();
            await interrupt.pause();
            if (tokens.length < references.length) await bar.update(tokens.length);
          }
          const pause = async (): Promise<void> => {
            await interrupt.pause();
            interrupt.throwIfRequested();
          };
          const counted = frequencies ?? (await runInSteps(DocumentFrequencies.countSteps(tokens), pause));
          await bar.update(tokens.length - 1, tokens.length, "reading METEOR's tables");
          const loaded = meteor ? await Meteor.load(meteorFolder(), tokens, pause) : undefined;
          await bar.update(tokens.length);
          return new Scorer(tokens, counted, loaded);
        },
        {stopped: () => 'while preparing the references', resumes: false},
      );
    } finally {
      await bar.finish();
    }
  }

  /** Returns a scorer of some of the images; document frequencies stay those of all. @param images Their positions. */
  select(images: readonly number[]): Scorer {
    const {references, frequencies, meteor} = this;
    return new Scorer(
      images.map((at) => references[at]!),
      frequencies,
      meteor,
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
   * @throws CaptionerError `captions` when there are none, or their number differs from that of the images; `stopped`
   */
  score(captions: readonly string[]): MetricStatistics[] {
    const steps = this.scoreSteps(captions);
    for (;;) {
      throwIfStopped('while scoring captions');
      const {done, value} = steps.next();
      if (done) return value;
    }
  }

  /** Like `score`, but pauses after some images of each metric and yields how much is done, from 0 to 1. */
  *scoreSteps(captions: readonly string[]): Generator<number, MetricStatistics[], void> {
    const {references, frequencies, meteor} = this;
    const candidates: Words[] = [];
    for (const caption of captions) {
      candidates.push(metricTokens(caption));
      if (candidates.length % chunk === 0) yield 0;
    }
    checkPairs(candidates, references);
    const metrics: Metric[] = [
      bleu,
      ...(meteor ? [meteor.measure.bind(meteor)] : []),
      rougeL,
      (...pairs) => ciderD(...pairs, frequencies),
    ];
    const measured: MetricStatistics[] = [];
    for (const metric of metrics) {
      const parts: MetricStatistics[] = [];
      for (let from = 0; from < candidates.length; from += chunk) {
        const [some, theirs] = [candidates, references].map((all) => all.slice(from, from + chunk));
        parts.push(metric(some as Words[], theirs as Words[][]));
        yield (measured.length + from / candidates.length) / metrics.length;
      }
      measured.push({...parts[0]!, statistics: parts.flatMap(({statistics}) => statistics)});
    }
    return measured;
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
