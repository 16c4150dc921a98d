/** The memory that a training needs at least, compared with what there is before its first step. */
import {checkMemory, type MemoryParts} from '../memory';
import {trainableWeights} from './trainable-model';
import type {TrainerSettings} from './trainer-options';
import type {Parts, TrainingData} from './training-data';

/**
 * Refuses a training whose weights and batches can't fit in memory.
 *
 * @throws CaptionerError `memory`
 */
export function checkTrainingMemory(parts: Parts, {training}: TrainingData, settings: TrainerSettings): void {
  const {decoder, features} = parts;
  let weights = 0;
  for (const {size} of trainableWeights(parts).values()) weights += 4 * size;
  let words = 0;
  for (const tokens of training) words += tokens.length + 1;
  const wordsEach = Math.max(1, words / Math.max(1, training.length));
  const units = Number(decoder.options['units'] ?? 0);
  const estimate = ({
    batch,
    captionsPerImage,
  }: Pick<TrainerSettings, 'batch' | 'captionsPerImage'>): MemoryParts => {
    const captions = Math.min(batch, training.length);
    const rows = captions * wordsEach;
    return new Map([
      // With their gradient and both moments of Adam.
      ['weights', 4 * weights],
      // Logits and their softmax.
      ['words of a batch', 2 * 4 * rows * decoder.vocabulary],
      ['states of a batch', 4 * rows * units],
      ['images of a batch', (4 * captions * features.depth) / captionsPerImage],
    ]);
  };
  checkMemory('trainer', settings, estimate, ['batch']);
}
