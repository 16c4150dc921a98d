/** Notes on a training before its first step, such as scores that can't tell epochs apart and captions that are cut off. */
import {ofSplit} from '../datasets/image-list';
import {alwaysZero} from '../metrics/always-zero';
import {multipliesHalves} from '../tensorflow/precision';
import {special} from '../text/vocabulary';
import {metricTokens} from '../text/metric-tokens';
import type {TrainerSettings} from './options';
import type {Parts, TrainingData} from './training-data';
import {percent, tolerances} from './training-words';

/** Fraction of the training captions that may be cut off without a word. */
const cutTolerance = 0.01;

/** Returns one sentence or two about each. */
export function startNotes(
  {dataset}: Pick<Parts, 'dataset'>,
  {judged, training}: TrainingData,
  {selectBy, validationImages, objective, maximumLength, precision}: TrainerSettings,
): string[] {
  const scored = judged.slice(0, validationImages);
  return [
    ...(scored.length === 0
      ? [
          judged.length === 0
            ? 'No validation images: nothing is scored, and the last epoch counts as the best.'
            : 'No validation image is scored, and the last epoch counts as the best.',
        ]
      : criterionNote(selectBy, scored)),
    ...(objective === 'self-critical' ? rewardNote(ofSplit(dataset, 'train')) : []),
    ...unknownNote(training),
    ...cutNote(training, maximumLength),
    ...(precision === 'bfloat16' && !multipliesHalves() ? [noHalves] : []),
  ];
}

const noHalves =
  'This processor does not multiply in bfloat16: precision=bfloat16 rounds, but makes nothing faster. Train with precision=float32.';

type Captioned = TrainingData['judged'][number];

const tokensOf = (images: readonly Captioned[]): string[][][] =>
  images.map(({captions}) => captions.map(metricTokens));

function criterionNote(selectBy: TrainerSettings['selectBy'], images: readonly Captioned[]): string[] {
  const metric = selectBy !== 'auto' ? selectBy : images.every(({verify}) => verify) ? 'factual' : 'CIDEr-D';
  const reason = alwaysZero(metric, tokensOf(images));
  return reason === undefined
    ? []
    : [
        `${reason}: the best epoch is the one with the lowest validation loss. To choose by another score: selectBy=METEOR.`,
      ];
}

function rewardNote(images: readonly Captioned[]): string[] {
  const reason = alwaysZero('CIDEr-D', tokensOf(images));
  return reason === undefined
    ? []
    : [
        `${reason}, and so is every reward of self-critical training: nothing can be learnt. Train with the objective cross-entropy.`,
      ];
}

function unknownNote(training: TrainingData['training']): string[] {
  let [words, unknowns] = [0, 0];
  for (const tokens of training) {
    words += tokens.length;
    for (const id of tokens) if (id === special.unknown) unknowns++;
  }
  const unknown = unknowns / words;
  if (!(unknown > tolerances.told)) return [];
  return [
    `${percent(unknown)} of the training captions' text are unknown words, which captions will miss. Lower minimumCount (--minimum-count).`,
  ];
}

function cutNote(training: TrainingData['training'], maximumLength: number): string[] {
  const {cut} = training;
  if (cut <= cutTolerance * training.length) return [];
  const percent = ((100 * cut) / training.length).toFixed(0);
  return [
    `${cut} of ${training.length} training captions (${percent} %) are cut off after ${maximumLength} words, so captions end in mid-sentence. Choose a greater maximumLength; it can't be changed later.`,
  ];
}
