/** The captioner's own confidence in each word that it writes: its probability, entropy and attention. */
import type {Captioner} from '../../captioner';
import type {CaptionModel} from '../caption-model';
import {teacherForced} from '../described-words';
import type {MeasuredWord} from './measurement';
import type {KnownWord} from './truth';

/** Describes the explained words. */
export function wordSignals(
  model: CaptionModel,
  known: readonly KnownWord[],
  {vocabulary, decoder}: Captioner,
): MeasuredWord[] {
  const {probabilities, attention} = teacherForced(model);
  return known.map((word) => {
    const token = model.caption[word.position]!;
    const looked = attention[word.position];
    const total = looked?.reduce((sum, weight) => sum + weight, 0);
    return {
      ...word,
      word: vocabulary.word(token),
      probability: probabilities[word.position]![token]!,
      entropy: entropyOf(probabilities[word.position]!),
      ...(looked && {attentionEntropy: entropyOf(looked.map((weight) => weight / total!))}),
      ...(total !== undefined && decoder.kind === 'adaptive' && {sentinel: 1 - total}),
    };
  });
}

function entropyOf(probabilities: Float32Array): number {
  return probabilities.reduce((sum, p) => (p > 0 ? sum - p * Math.log(p) : sum), 0);
}
