/** Extends the vocabulary of a checkpoint by the words of the captions that it is trained on further. */
import type {Checkpoint} from '../checkpoints/checkpoint';
import type {Dataset} from '../datasets/dataset';
import type {Captions} from '../datasets/image-list';
import {withVocabulary} from '../decoders/extend-vocabulary';
import type {FeatureSource} from '../features/source';
import {trainerSettings} from './options';
import {prepareTrainingData} from './training-data';
import {newWords, suitedMinimumCount} from './training-words';

/** Adds the words of other captions to a checkpoint's vocabulary and decoder; where it was trained on the same ones, changes nothing. */
export function extendWords(
  {vocabulary, decoder, training}: Checkpoint,
  dataset: Dataset,
  features: FeatureSource,
  captions: Captions,
): Pick<Checkpoint, 'vocabulary' | 'decoder'> {
  const words = newWords(captions, vocabulary, suitedMinimumCount(captions, vocabulary));
  if (words.length === 0) return {vocabulary, decoder};
  const {maximumLength} = trainerSettings(training?.settings);
  const isSame =
    training?.data !== undefined &&
    prepareTrainingData({dataset, features, vocabulary, decoder}, maximumLength).digest === training.data;
  if (isSame) return {vocabulary, decoder};
  const extended = vocabulary.extended(words);
  return {vocabulary: extended, decoder: withVocabulary(decoder, extended.size)};
}
