/** What learns: the decoder's weights and the encoder's, with all that a step needs beside the batches, and the average of the weights. */
import type {Batch} from './batches';
import {ofSplit} from '../datasets/dataset';
import type {Adam} from '../optim/adam';
import type {tf} from '../tensorflow/tensorflow';
import {TrainableFeatures} from '../features/trainable';
import type {Parts} from './training-data';
import {Ema, rawWeights, type SwappedWeights} from '../optim/ema';
import type {TrainerSettings} from './options';
import {Rewards} from './rewards';
import {trainStep, type StepResult, type StepSettings} from './step';

/** The weights that learn. */
export function learning({decoder, store}: Parts): Map<string, tf.Variable> {
  return new Map([...decoder.weights, ...(store instanceof TrainableFeatures ? store.weights : [])]);
}

export class Learner {
  /** Where the average of the weights is judged and saved. */
  #average: Ema | undefined;
  #rewards: Rewards | undefined;

  /** @param average That of the weights so far, where a run goes on. Both are taken over. */
  constructor(
    private readonly parts: Parts,
    private readonly adam: Adam,
    average?: Ema,
  ) {
    this.#average = average;
  }

  /** @throws CaptionerError `diverged`, see `learn` */
  step(
    batches: readonly Batch[],
    settings: StepSettings & Pick<TrainerSettings, 'objective' | 'emaDecay'>,
  ): StepResult {
    const {objective, emaDecay, step} = settings;
    const rewards = objective === 'self-critical' ? (this.#rewards ??= this.#makeRewards()) : undefined;
    const learnt = trainStep(this.parts, this.adam, batches, settings, rewards);
    if (emaDecay > 0) {
      this.#average ??= new Ema(learning(this.parts));
      this.#average.update(emaDecay, step);
    } else {
      this.#average?.dispose();
      this.#average = undefined;
    }
    return learnt;
  }

  /**
   * Something done with the weights that are judged and saved.
   *
   * @param work Is given what going on needs beside those weights.
   */
  withEmaWeights<T>(work: (state: () => Map<string, Float32Array>) => T): T {
    const shown: SwappedWeights | undefined = this.#average?.swapIn();
    const {store} = this.parts;
    // What an encoder that learns saw with other weights is not true any more.
    const forget = (): void => (shown && store instanceof TrainableFeatures ? store.invalidate() : undefined);
    const back = (): void => {
      shown?.restore();
      forget();
    };
    forget();
    const state = (): Map<string, Float32Array> => new Map([...this.adam.state(), ...rawWeights(shown)]);
    try {
      const result = work(state);
      if (!(result instanceof Promise)) back();
      return result instanceof Promise ? (result.finally(back) as T) : result;
    } catch (error) {
      back();
      throw error;
    }
  }

  dispose(): void {
    this.adam.dispose();
    this.#average?.dispose();
  }

  #makeRewards(): Rewards {
    const {dataset, store} = this.parts;
    return new Rewards(ofSplit(dataset, 'train').filter(({id}) => store.has(id)));
  }
}
