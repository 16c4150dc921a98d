/** Summarises measurements of many images: scores of each method with bootstrap intervals over images. */
import {changes} from '../../datasets/synthetic/counterfactuals';
import {intervalOf, type BootstrapOptions, type Interval} from '../../metrics/bootstrap';
import {spearman} from '../../metrics/ranks';
import type {MeasuredImage, MeasuredMaps, MeasuredWord} from './measurement';

/** A score with its confidence interval. */
export interface FaithfulnessScore extends Interval {
  readonly value: number;
  /** Number of images that it comes from. */
  readonly images: number;
}

/** Names of the scores, in the order of a table. */
export const faithfulnessScores = [
  'deletion',
  'insertion',
  'infidelity',
  'sensitivity',
  'pointing',
  'energy',
  'removed',
  'recoloured',
  'moved',
] as const;
/** The name of a score of faithfulness. */
export type FaithfulnessScoreName = (typeof faithfulnessScores)[number];

/** Scores of a method. */
export interface MethodFaithfulness {
  /** Its label. */
  readonly method: string;
  /** Scores by name; without those that were not measured. */
  readonly scores: Readonly<Partial<Record<FaithfulnessScoreName, FaithfulnessScore>>>;
  /** Means of an image. */
  readonly cost: MeasuredMaps['cost'];
  /** Mean rank correlation of its maps with those of each method. */
  readonly agreement: Readonly<Record<string, number>>;
}

/** A statistic of images, from the maps of one method. */
type Statistic = (images: readonly {readonly image: MeasuredImage; readonly maps: MeasuredMaps}[]) => number;

const means = ['deletion', 'insertion', 'infidelity', 'sensitivity'] as const;
const ofNouns = ['pointing', 'energy'] as const;

const statistics: Readonly<Record<FaithfulnessScoreName, Statistic>> = {
  ...(Object.fromEntries(
    means.map((name): [string, Statistic] => [
      name,
      (images) => mean(images.flatMap(({maps}) => [...(maps[name] ?? [])])),
    ]),
  ) as Record<(typeof means)[number], Statistic>),
  // A number or a colour also depends on where the object is not: only nouns have to point at it.
  ...(Object.fromEntries(
    ofNouns.map((name): [string, Statistic] => [
      name,
      (images) =>
        mean(images.flatMap(({image, maps}) => maps[name].filter((_, at) => isTrueNoun(image.words[at]!)))),
    ]),
  ) as Record<(typeof ofNouns)[number], Statistic>),
  ...(Object.fromEntries(
    changes.map((change): [string, Statistic] => [
      change,
      (images) => {
        const [fallen, said]: number[][] = [[], []];
        for (const {image, maps} of images)
          for (const [at, effect] of image.effects.entries())
            if (effect.change === change) {
              fallen!.push(effect.fall);
              said!.push(maps.said[at]!);
            }
        return spearman(fallen!, said!);
      },
    ]),
  ) as Record<(typeof changes)[number], Statistic>),
};

function isTrueNoun({type, isTrue}: MeasuredWord): boolean {
  return type === 'noun' && isTrue;
}

/** Summarises each method that was measured. */
export function summarize(
  images: readonly MeasuredImage[],
  options: BootstrapOptions = {},
): MethodFaithfulness[] {
  const labels = [...new Set(images.flatMap(({methods}) => Object.keys(methods)))];
  return labels.map((method) => {
    const own = images.flatMap((image) => {
      const maps = image.methods[method];
      return maps ? [{image, maps}] : [];
    });
    const scores = faithfulnessScores.flatMap((name) => {
      const statistic = statistics[name];
      const value = statistic(own);
      if (Number.isNaN(value)) return [];
      const interval = intervalOf(
        own.length,
        (sample) => statistic([...sample].map((at) => own[at]!)),
        options,
      );
      return [[name, {value, ...interval, images: own.length}] as const];
    });
    const cost = (name: 'forwardPasses' | 'backwardPasses' | 'seconds'): number =>
      mean(own.map(({maps}) => maps.cost[name]));
    return {
      method,
      scores: Object.fromEntries(scores),
      cost: {
        forwardPasses: cost('forwardPasses'),
        backwardPasses: cost('backwardPasses'),
        seconds: cost('seconds'),
      },
      agreement: Object.fromEntries(
        labels.map((other) => [other, mean(own.map(({maps}) => maps.agreement[other] ?? null))]),
      ),
    };
  });
}

/** Returns the mean of what is known; NaN if that is nothing. */
export function mean(values: readonly (number | boolean | null)[]): number {
  const known = values.filter((value) => value !== null && !Number.isNaN(Number(value)));
  return known.reduce<number>((sum, value) => sum + Number(value), 0) / known.length;
}
