/**
 * Records what the report of a notebook shows beside its cells: main scores, and facts such as the seed and the data. `npm run report`
 * reads the record at the end and writes it into the page's footer and onto the index page. Elsewhere nothing is recorded.
 */

/** Options of `recordScores`. */
export interface RecordScoresOptions {
  /** Confidence intervals by the names of the scores, such as those of `intervals`. */
  readonly intervals?: Readonly<Record<string, {readonly low: number; readonly high: number}>>;
  /** Remark on the scores, such as the split or the run. */
  readonly label?: string;
}

/** A score of a report. */
export interface RecordedScore {
  readonly value: number;
  readonly low?: number;
  readonly high?: number;
}

/** The record of a notebook. */
export interface ReportRecord {
  /** Names and values, in the order in which they were recorded; several values of a name are joined. */
  readonly facts: readonly (readonly [string, string])[];
  readonly scores: Readonly<Record<string, RecordedScore>>;
  readonly label?: string;
}

type Scores = Readonly<Record<string, number>>;

let recorded: {readonly scores: Scores; readonly options: RecordScoresOptions} | undefined;
const evaluations: {readonly scores: Scores; readonly images: number}[] = [];
const trainings: (() => Scores | undefined)[] = [];
const facts = new Map<string, Set<string>>();

/** Whether the notebook is being executed for a report. */
function recording(): boolean {
  return (globalThis as {[key: symbol]: unknown})[Symbol.for('captioner.report')] === true;
}

/**
 * Records the main scores of a notebook, which its report shows at the top and on the index page. A later call replaces an earlier one.
 * Without any call, a report has the scores of the best evaluation, or else those of the training's best epoch.
 *
 * @example recordScores({'CIDEr-D': 0.631}, {intervals: {'CIDEr-D': {low: 0.591, high: 0.67}}, label: 'validation split'});
 */
export function recordScores(scores: Scores, options: RecordScoresOptions = {}): void {
  if (recording()) recorded = {scores, options};
}

/**
 * Records a fact for the footer of the report.
 *
 * @param value Text, or a function that returns it, which is called only in a report.
 * @example recordFact('Photographs', 'by the Flickr8k authors');
 */
export function recordFact(name: string, value: string | (() => string)): void {
  if (!recording()) return;
  const values = facts.get(name) ?? new Set();
  facts.set(name, values.add(typeof value === 'string' ? value : value()));
}

/** Records the scores of an evaluation, for notebooks that don't call `recordScores`. */
export function recordEvaluation(scores: Scores, images: number): void {
  if (recording()) evaluations.push({scores, images});
}

/** Records a training by its best epoch's scores, which are asked for when the notebook has ended. */
export function recordTraining(bestScores: () => Scores | undefined): void {
  if (recording()) trainings.push(bestScores);
}

/** Returns what was recorded. The report tool calls it in the kernel. */
export function reportRecord(): ReportRecord {
  const {scores, options} = recorded ?? automatic();
  const {intervals = {}, label} = options;
  const finite = Object.entries(scores).filter(([, value]) => Number.isFinite(value));
  return {
    facts: [...facts].map(([name, values]) => [name, [...values].join('; ')]),
    scores: Object.fromEntries(finite.map(([name, value]) => [name, {value, ...intervals[name]}])),
    ...(label !== undefined && {label}),
  };
}

function automatic(): {readonly scores: Scores; readonly options: RecordScoresOptions} {
  const [first] = evaluations;
  if (first !== undefined) {
    const names = Object.keys(first.scores);
    const name = ['factual', 'CIDEr-D'].find((one) => names.includes(one)) ?? names[0] ?? '';
    const scoreOf = ({scores}: (typeof evaluations)[number]): number => scores[name] ?? -Infinity;
    const best = evaluations.reduce((a, b) => (scoreOf(b) > scoreOf(a) ? b : a));
    const count = evaluations.length;
    const of = `${best.images} ${best.images === 1 ? 'image' : 'images'}`;
    return {
      scores: best.scores,
      options: {label: count > 1 ? `best of ${count} evaluations, on ${of}` : `on ${of}`},
    };
  }
  const trained = trainings.map((bestScores) => bestScores()).filter((scores) => scores !== undefined);
  return {scores: trained.at(-1) ?? {}, options: {label: 'validation split, best epoch'}};
}
