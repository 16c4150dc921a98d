/** Saves the state of a training into its run's folder. */
import type {History} from '../checkpoints/history';
import type {Position} from '../checkpoints/metadata';
import {compiles} from '../tensorflow/compiled';
import type {TrainerSettings} from './options';
import type {Run} from './run';
import type {TrainableModel} from './trainable-model';
import type {Parts, TrainingData} from './training-data';

/** Where a training stands. */
export interface TrainingState {
  readonly settings: TrainerSettings;
  readonly position: Position;
  readonly history: History;
}

/**
 * Saves a checkpoint of the weights that are validated and of what resuming needs.
 *
 * @param best Whether it is the best so far.
 * @throws CaptionerError as `saveCheckpoint`
 */
export async function saveRun(
  run: Run,
  {decoder, vocabulary, features}: Parts,
  {digest}: TrainingData,
  model: TrainableModel,
  state: TrainingState,
  best: boolean,
): Promise<void> {
  const encoder = {...features.encoder, preprocessing: features.preprocessing};
  await model.withEmaWeights(async (optimizer) => {
    const training = {
      ...state,
      data: digest,
      views: features.views ?? 1,
      mirrored: features.mirrored,
      compiled: compiles(),
      optimizer: optimizer(),
    };
    const fineTuned = features.trainable?.fineTunedWeights();
    await run.save({decoder, vocabulary, encoder, fineTuned, training}, state.position.step, best);
  });
}
