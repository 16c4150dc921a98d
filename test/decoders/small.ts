/** Decoders and images small enough to enumerate all captions. */
import {createDecoder, type Decoder, type Hypothesis, special, tf} from 'captioner';
import {expect} from 'chai';

export const depth = 6;
export const features = (images: number): tf.Tensor2D => tf.randomNormal([images, depth], 0, 1, 'float32', 5);

/** An LSTM decoder with larger weights, so that the probabilities of its words differ clearly. */
export function lively(vocabulary: number, seed = 1): Decoder {
  const made = createDecoder('lstm', vocabulary, depth, {units: 8, embedding: 5, dropout: 0, seed});
  tf.tidy(() => {
    for (const weight of made.weights.values()) weight.assign(weight.mul(3));
  });
  return made;
}

/** A decoder that returns the same logits in every step. */
export function stubborn(logits: readonly number[]): Decoder {
  const real = createDecoder('lstm', logits.length, depth, {units: 4, embedding: 4});
  const same = (batch: number): tf.Tensor2D => tf.tidy(() => tf.tile(tf.tensor2d([[...logits]]), [batch, 1]));
  return {
    kind: 'stubborn',
    features: 'pooled',
    depth,
    vocabulary: logits.length,
    embedding: real.embedding,
    options: {},
    weights: real.weights,
    featureNormalization: real.featureNormalization,
    output: real.output,
    states: (images, inputs) => real.states(images, inputs),
    logits: (images, inputs) => real.logits(images, inputs),
    begin: (images) => real.begin(images),
    step: (tokens, state) => ({logits: same(tokens.size), state: state.map((tensor) => tensor.clone())}),
    embed: (words) => real.embed(words),
    logProbabilities: (images, embeddings, tokens) => real.logProbabilities(images, embeddings, tokens),
    dispose: () => real.dispose(),
  };
}

/**
 * Log-probability of each word given the previous ones, by teacher forcing.
 *
 * @param writable Whether to normalize over the end and the words alone, without padding, start and unknown.
 */
export function logProbabilitiesOf(
  model: Decoder,
  image: tf.Tensor2D,
  tokens: readonly number[],
  writable = false,
): number[] {
  const inputs = [special.start, ...tokens.slice(0, -1)];
  return tf.tidy(() => {
    const logits = model.logits(image, tf.tensor2d([inputs], undefined, 'int32')).arraySync()[0]!;
    return tokens.map((token, at) => {
      const counted = logits[at]!.filter((_, id) => !writable || id === special.end || id > special.unknown);
      return logits[at]![token]! - Math.log(counted.reduce((sum, logit) => sum + Math.exp(logit), 0));
    });
  });
}

/** Expects equal captions with equal scores, up to float32 rounding. */
export function close(a: Hypothesis, b: Hypothesis): void {
  expect(a.tokens).to.deep.equal(b.tokens);
  expect(a.score).closeTo(b.score, 1e-5);
}
