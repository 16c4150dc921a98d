/** How well a captioner's own numbers and its maps tell wrong words from right ones. */
import {intervalOf, type BootstrapOptions, type Interval} from '../../metrics/bootstrap';
import {areaUnderCurve} from '../../metrics/ranks';
import type {MeasuredImage, MeasuredWord} from './measurement';

/** How well a signal finds wrong words. */
export interface WrongWordSignal extends Interval {
  /** Name of the signal, with the method whose maps it comes from. */
  readonly signal: string;
  /** Area under the ROC curve: the probability that of a wrong and a right word, the signal suspects the wrong one. 0.5 is chance. */
  readonly area: number;
  readonly wrong: number;
  readonly right: number;
}

/** Suspicion against a word: higher where a wrong word is expected. */
type Suspicion = (word: MeasuredWord, image: MeasuredImage, at: number) => number | undefined;

const ownSignals: Readonly<Record<string, Suspicion>> = {
  'low probability': ({probability}) => -probability,
  'high entropy': ({entropy}) => entropy,
  'high sentinel': ({sentinel}) => sentinel,
  'spread attention': ({attentionEntropy}) => attentionEntropy,
};

/** Computes the area of each signal, with bootstrap intervals over images. */
export function wrongWordSignals(
  images: readonly MeasuredImage[],
  options: BootstrapOptions = {},
): WrongWordSignal[] {
  const labels = [...new Set(images.flatMap(({methods}) => Object.keys(methods)))];
  const ofMaps = labels.flatMap((label): [string, Suspicion][] => [
    // A word that hangs on details of the image: whatever changes there changes its probability.
    [`much mass: ${label}`, (_, {methods}, at) => methods[label]?.masses[at]],
    [`low sum: ${label}`, (_, {methods}, at) => negative(methods[label]?.sums[at])],
    [
      `opposed: ${label}`,
      (_, {methods}, at) => negative(share(methods[label]?.sums[at], methods[label]?.masses[at])),
    ],
  ]);
  return [...Object.entries(ownSignals), ...ofMaps].flatMap(([signal, suspicion]) => {
    const values = images.map((image) =>
      image.words.flatMap((word, at) => {
        const value = suspicion(word, image, at);
        return value === undefined ? [] : [{value, isTrue: word.isTrue}];
      }),
    );
    const area = (sample: Iterable<number>): number => {
      const words = [...sample].flatMap((at) => values[at]!);
      const ofTruth = (isTrue: boolean): number[] =>
        words.filter((word) => word.isTrue === isTrue).map(({value}) => value);
      return areaUnderCurve(ofTruth(false), ofTruth(true));
    };
    const all = values.flat();
    if (all.length === 0) return [];
    const wrong = all.filter(({isTrue}) => !isTrue).length;
    return [
      {
        signal,
        area: area(values.keys()),
        ...intervalOf(images.length, area, options),
        wrong,
        right: all.length - wrong,
      },
    ];
  });
}

function negative(value: number | undefined): number | undefined {
  return value === undefined ? undefined : -value;
}

function share(sum: number | undefined, mass: number | undefined): number | undefined {
  return sum === undefined || mass === undefined ? undefined : sum / Math.max(mass, 1e-30);
}
