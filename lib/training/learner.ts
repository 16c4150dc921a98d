/** What learns: the decoder's weights and the encoder's, with all that a step needs beside the batches, and the average of the weights. */
import type {Batch} from '../data/batches';
import {ofSplit} from '../data/dataset';
import type {Adam} from '../runtime/adam';
import type {tf} from '../runtime/native';
import {LiveFeatures} from './live-features';
import type {Parts} from './material';
import {MovingAverage, ownWeights, type Shown} from './moving-average';
import type {Settings} from './options';
import {Rewards} from './rewards';
import {learn, type Learnt, type StepSettings} from './step';

/** The weights that learn. */
export function learning({decoder, store}: Parts): Map<string, tf.Variable> {
  return new Map([...decoder.weights, ...(store instanceof LiveFeatures ? store.weights : [])]);
}

export class Learner {
  /** Where the average of the weights is judged and saved. */
  #average: MovingAverage | undefined;
  #rewards: Rewards | undefined;

  /** @param average That of the weights so far, where a run goes on. Both are taken over. */
  constructor(
    private readonly parts: Parts,
    private readonly adam: Adam,
    average?: MovingAverage,
  ) {
    this.#average = average;
  }

  /** @throws CaptionerError `diverged`, see `learn` */
  step(
    batches: readonly Batch[],
    settings: StepSettings & Pick<Settings, 'objective' | 'movingAverage'>,
  ): Learnt {
    const {objective, movingAverage, step} = settings;
    const rewards = objective === 'self-critical' ? (this.#rewards ??= this.#makeRewards()) : undefined;
    const learnt = learn(this.parts, this.adam, batches, settings, rewards);
    if (movingAverage > 0) {
      this.#average ??= new MovingAverage(learning(this.parts));
      this.#average.update(movingAverage, step);
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
  averaged<T>(work: (state: () => Map<string, Float32Array>) => T): T {
    const shown: Shown | undefined = this.#average?.show();
    const {store} = this.parts;
    // What an encoder that learns saw with other weights is not true any more.
    const forget = (): void => (shown && store instanceof LiveFeatures ? store.forget() : undefined);
    const back = (): void => {
      shown?.back();
      forget();
    };
    forget();
    const state = (): Map<string, Float32Array> => new Map([...this.adam.state(), ...ownWeights(shown)]);
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
