/** An ensemble of decoders: the probability of each word is the mean over its members. */
import {setDescription} from '../description';
import {CaptionerError} from '../errors';
import {disposeFunctions} from '../tensorflow/compiled';
import {tf} from '../tensorflow/tensorflow';
import type {DecoderState, DecoderStep, StepDecoder} from './decoder';
import {describeEnsemble} from './describe-decoder';

/**
 * Creates an ensemble.
 *
 * @param decoders Decoders of any kind with the same vocabulary and feature depth. If one of them reads a grid, those that read pooled
 *   features get the mean of the grid. The ensemble disposes them.
 * @throws CaptionerError `options` without decoders; `mismatch` when their vocabularies or feature depths differ.
 */
export function createEnsemble(decoders: readonly StepDecoder[]): StepDecoder {
  const [first] = decoders;
  if (first === undefined) throw new CaptionerError('options', 'Ensemble: expected a decoder, got none');
  const {vocabulary, depth} = first;
  for (const other of decoders)
    if (other.vocabulary !== vocabulary || other.depth !== depth)
      throw new CaptionerError(
        'mismatch',
        `Ensemble: expected decoders with ${vocabulary} words and features of depth ${depth}, got one with ${other.vocabulary} and ${other.depth}`,
      );
  return new Ensemble(decoders, vocabulary, depth);
}

class Ensemble implements StepDecoder {
  readonly kind = 'ensemble';
  readonly options: StepDecoder['options'];
  readonly features: StepDecoder['features'];
  /** Number of state tensors of each decoder. */
  #counts: readonly number[] = [];

  constructor(
    private readonly decoders: readonly StepDecoder[],
    readonly vocabulary: number,
    readonly depth: number,
  ) {
    this.options = {decoders: decoders.map(({kind, options}) => ({kind, ...options}))};
    this.features = decoders.some(({features}) => features === 'grid') ? 'grid' : 'pooled';
  }

  begin(features: tf.Tensor, length?: number): DecoderState {
    return tf.tidy(() => {
      const states = this.decoders.map((decoder) =>
        decoder.begin(this.#featuresFor(decoder, features), length),
      );
      this.#counts = states.map((state) => state.length);
      return states.flat();
    });
  }

  lengthen(state: DecoderState, length: number): DecoderState {
    return this.#split(state).flatMap((own, at) => {
      const decoder = this.decoders[at]!;
      return decoder.lengthen?.(own, length) ?? own.map((part) => tf.clone(part));
    });
  }

  step(tokens: tf.Tensor1D, state: DecoderState): DecoderStep {
    return tf.tidy(() => {
      const parts = this.#split(state);
      const steps = this.decoders.map((decoder, at) => decoder.step(tokens, parts[at]!));
      const mean = tf.div(tf.addN(steps.map(({logits}) => tf.softmax(logits))), steps.length);
      const maps = steps.flatMap(({attention}) => attention ?? []);
      return {
        logits: tf.log(tf.maximum(mean, 1e-30)) as tf.Tensor2D,
        state: steps.flatMap((step) => step.state),
        ...(maps.length > 0 && {attention: tf.div<tf.Tensor2D>(tf.addN(maps), maps.length)}),
      };
    });
  }

  get embedding(): number {
    return this.decoders.reduce((sum, {embedding}) => sum + embedding, 0);
  }

  embed(words: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() =>
      tf.concat(
        this.decoders.map((decoder) => decoder.embed(words)),
        2,
      ),
    );
  }

  logProbabilities(features: tf.Tensor, embeddings: tf.Tensor3D, tokens: tf.Tensor2D): tf.Tensor3D {
    return tf.tidy(() => {
      const parts = tf.split(
        embeddings,
        this.decoders.map(({embedding}) => embedding),
        2,
      );
      const each = this.decoders.map((decoder, at) =>
        decoder.logProbabilities(this.#featuresFor(decoder, features), parts[at] as tf.Tensor3D, tokens),
      );
      return tf.sub(tf.logSumExp(tf.stack(each), 0), Math.log(each.length));
    });
  }

  /** The features as a member reads them: the mean of the grid, if it reads pooled features and another member the grid. */
  #featuresFor(decoder: StepDecoder, features: tf.Tensor): tf.Tensor {
    if (decoder.features === 'grid' || this.features === 'pooled') return features;
    return tf.mean(tf.reshape(features, [features.shape[0], -1, this.depth]), 1);
  }

  /** The state of each decoder. */
  #split(state: DecoderState): DecoderState[] {
    let from = 0;
    return this.#counts.map((count) => state.slice(from, (from += count)));
  }

  dispose(): void {
    disposeFunctions(this);
    for (const decoder of this.decoders) decoder.dispose();
  }
}

setDescription<StepDecoder>(Ensemble.prototype, describeEnsemble);
