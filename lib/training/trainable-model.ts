/** The trained model: the decoder's weights, those of a trainable encoder, their optimizer, and the moving average of the weights. */
import {createHash} from 'node:crypto';
import {keepImages, ofSplit} from '../datasets/image-list';
import type {Adam} from '../optim/adam';
import {Ema, rawWeights, type SwappedWeights} from '../optim/ema';
import {tf} from '../tensorflow/tensorflow';
import type {Batch} from './batches';
import {crossEntropy, selfCritical, type Objective} from './objectives';
import type {TrainerSettings} from './options';
import {Rewards} from './self-critical';
import {trainStep, type StepResult, type StepSettings} from './step';
import type {Parts} from './training-data';

/** All trained weights by name. */
export function trainableWeights({decoder, features}: Parts): Map<string, tf.Variable> {
  return new Map([...decoder.weights, ...(features.trainable?.weights ?? [])]);
}

export type ModelStepSettings = StepSettings &
  Pick<
    TrainerSettings,
    'objective' | 'emaDecay' | 'labelSmoothing' | 'samples' | 'baseline' | 'maximumLength' | 'temperature'
  > & {
    /** Fraction of input words replaced by the decoder's own predictions. */
    readonly ownWords: number;
  };

export class TrainableModel {
  /** Undefined if the weights themselves are validated and saved. */
  #ema: Ema | undefined;
  #rewards: Rewards | undefined;

  /** @param ema The moving average of a resumed run. `adam` and `ema` are disposed with the model. */
  constructor(
    private readonly parts: Parts,
    private readonly adam: Adam,
    ema?: Ema,
  ) {
    this.#ema = ema;
  }

  /** @throws CaptionerError `diverged`, see `trainStep` */
  step(batches: readonly Batch[], settings: ModelStepSettings): StepResult {
    const result = trainStep(this.parts, this.adam, batches, settings, this.#objective(settings));
    if (settings.emaDecay > 0) {
      this.#ema ??= new Ema(trainableWeights(this.parts));
      this.#ema.update(settings.emaDecay, settings.step);
    } else {
      this.#ema?.dispose();
      this.#ema = undefined;
    }
    return result;
  }

  /**
   * Runs `work` with the weights that are validated and saved: their moving average, where there is one.
   *
   * @param work Gets a function that returns what resuming needs beside those weights: the optimizer's state and the weights themselves.
   */
  withEmaWeights<T>(work: (state: () => Map<string, Float32Array>) => T): T {
    const swapped: SwappedWeights | undefined = this.#ema?.swapIn();
    const {trainable} = this.parts.features;
    // Features computed with other weights of the encoder are invalid.
    const invalidate = (): void => (swapped ? trainable?.invalidate() : undefined);
    const restore = (): void => {
      swapped?.restore();
      invalidate();
    };
    invalidate();
    const state = (): Map<string, Float32Array> => new Map([...this.adam.state(), ...rawWeights(swapped)]);
    try {
      const result = work(state);
      if (!(result instanceof Promise)) restore();
      return result instanceof Promise ? (result.finally(restore) as T) : result;
    } catch (error) {
      restore();
      throw error;
    }
  }

  /** Takes a step that the moving average knows nothing of, for work that is undone by `snapshot`. */
  trialStep(batches: readonly Batch[], settings: ModelStepSettings): StepResult {
    return trainStep(this.parts, this.adam, batches, settings, this.#objective(settings));
  }

  /** Remembers the weights and the optimizer. @returns A function that puts them back, bit by bit; call it once. */
  snapshot(): () => void {
    const weights = trainableWeights(this.parts);
    const values = new Map(
      [...weights].map(([name, weight]) => [name, weight.dataSync<'float32'>().slice()]),
    );
    const optimizer = this.adam.state();
    return () => {
      for (const [name, weight] of weights)
        tf.tidy(() => weight.assign(tf.tensor(values.get(name)!, weight.shape)));
      this.adam.restore(optimizer);
      this.parts.features.trainable?.invalidate();
    };
  }

  /** SHA-256 of all weights and the optimizer's state. */
  digest(): string {
    const {decoder} = this.parts;
    const hash = createHash('sha256');
    for (const [name, weight] of [...trainableWeights(this.parts), ...decoder.featureNormalization])
      hash.update(name).update(weight.dataSync<'float32'>());
    for (const [name, numbers] of this.adam.state()) hash.update(name).update(numbers);
    return hash.digest('hex');
  }

  dispose(): void {
    this.adam.dispose();
    this.#ema?.dispose();
  }

  #objective(settings: ModelStepSettings): Objective {
    if (settings.objective === 'cross-entropy') return crossEntropy(settings);
    const {dataset, features} = this.parts;
    this.#rewards ??= new Rewards(keepImages(ofSplit(dataset, 'train'), ({id}) => features.has(id)));
    return selfCritical(this.#rewards, settings);
  }
}
