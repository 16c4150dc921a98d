/** The sections of a card that say what a model can't be relied on for, and on which terms it may be used. */
import {formatNumber} from '../show/text';
import type {TrainedOn} from '../training/provenance';
import type {Assessment} from './assessment';
import {list, percent, table, type Section} from './blocks';
import type {ModelFacts} from './facts';
import {dataTerms, encoderTerms} from './licences';

export function limitsSection(
  facts: ModelFacts,
  trained: TrainedOn | undefined,
  assessment: Assessment | undefined,
): Section {
  const {vocabulary, repeated} = assessment?.diversity ?? {};
  const tested = assessment?.split === 'test';
  return {
    title: 'Limits',
    blocks: [
      list(
        assessment === undefined &&
          'It was not evaluated for this card: how good its captions are, and what they get wrong, is not known from it.',
        assessment !== undefined &&
          `Few words: it used ${formatNumber(vocabulary!)} of its ${formatNumber(facts.words)} words for ${formatNumber(assessment.images)} images, and ${percent(repeated!)} of its captions are the same as that of another image.`,
        trained?.layout === 'scenes'
          ? 'It was trained on drawn scenes and knows nothing of photographs.'
          : 'It knows what its training captions speak of, in their words and with their bias; images of other kinds get a caption from the same words.',
        'Metrics compare words with references. They don’t tell whether a caption is true, and a true caption in other words scores low.',
        assessment !== undefined &&
          !tested &&
          `It was evaluated on the ${assessment.split} split, not on the test split.`,
        assessment !== undefined &&
          assessment.images < assessment.of &&
          'Only a part of the split was captioned, so the intervals are wide and rare kinds of image are missing.',
        'Intervals tell how scores vary with the images, not how they vary between trainings with another seed.',
      ),
    ],
  };
}

export function licenceSection(
  {encoder}: ModelFacts,
  {licence, trained}: {readonly licence: string; readonly trained: TrainedOn | undefined},
): Section {
  return {
    title: 'Licence',
    blocks: [
      table([
        {part: 'these weights', terms: licence},
        {part: `pretrained encoder ${encoder.name}`, terms: encoderTerms(encoder.name)},
        {part: 'training data', terms: trained ? dataTerms(trained.layout) : 'unknown'},
        {part: 'the library captioner', terms: 'Apache 2.0'},
      ]),
      list(
        licence === 'unknown' &&
          'Nobody has stated a licence for these weights. Whoever publishes them should, in view of the terms of the data and the encoder.',
      ),
    ],
  };
}
