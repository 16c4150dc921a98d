/** The standard tests of every kind of decoder. */
import {multiViewDecoder} from 'captioner/dist/decoders/multi-view-decoder';
import {
  beamSearch,
  captionLoss,
  createDecoder,
  type Decoder,
  type DecoderState,
  greedySearch,
  sample,
  special,
  type StepDecoder,
  tf,
  type View,
} from 'captioner';
import {Adam} from 'captioner/dist/optim/adam';
import {uniform} from 'captioner/dist/ops/random';
import {gradients} from 'captioner/dist/training/loss';
import {expect} from 'chai';
import {leaked, readFixture, relativeError, tensorOf, type Reference} from '../tensors';

export const vocabulary = 12;
export const depth = 6;
const cells = 4;

export const ids = (rows: number[][]): tf.Tensor2D => tf.tensor2d(rows, undefined, 'int32');
export const values = (tensor: tf.Tensor): number[] => Array.from(tensor.dataSync());
export const largestDifference = (a: tf.Tensor, b: tf.Tensor): number =>
  tf.max(tf.abs(tf.sub(a, b))).dataSync()[0]!;

const captions = [
  [1, 4, 5, 6, 7],
  [1, 8, 9, 2, 0],
  [1, 10, 2, 0, 0],
];
const inputs = ids(captions.map((words) => words.slice(0, -1)));
const targets = ids(captions.map((words) => words.slice(1)));

/**
 * @param options Options of a small decoder with a dropout of 0.3.
 * @param width Size of its states.
 */
export function behavesLikeADecoder(
  kind: string,
  reads: 'pooled' | 'grid',
  options: object,
  width: number,
): void {
  const features = uniform(reads === 'grid' ? [3, cells, depth] : [3, depth], [1, 1]);
  const make = (): Decoder => createDecoder(kind, vocabulary, depth, options);
  let decoder: Decoder;
  beforeEach(() => {
    decoder = make();
  });
  afterEach(() => decoder.dispose());

  it('returns states and logits for every word', () => {
    expect(decoder.features).to.equal(reads);
    expect(decoder.states(features, inputs).shape).to.deep.equal([3, 4, width]);
    expect(decoder.logits(features, inputs).shape).to.deep.equal([3, 4, vocabulary]);
  });

  it('has the same initial weights for the same seed', () => {
    const same = make();
    const other = createDecoder(kind, vocabulary, depth, {...options, seed: 8});
    for (const [name, weight] of decoder.weights) {
      expect(values(same.weights.get(name)!), name).to.deep.equal(values(weight));
      if (new Set(values(weight)).size > 2)
        expect(values(other.weights.get(name)!), name).to.not.deep.equal(values(weight));
    }
    same.dispose();
    other.dispose();
  });

  it('gives the same logits step by step as all at once', () => {
    const all = decoder.logits(features, inputs);
    let state = decoder.begin(features);
    for (let t = 0; t < 4; t++) {
      const word = tf.reshape<tf.Rank.R1>(tf.slice(inputs, [0, t], [3, 1]), [3]);
      const next = decoder.step(word, state);
      state = next.state;
      expect(
        largestDifference(
          next.logits,
          tf.reshape(tf.slice(all, [0, t, 0], [3, 1, vocabulary]), [3, vocabulary]),
        ),
      ).to.be.below(2e-6);
    }
  });

  it('lets search gather, repeat and reorder the rows of its state', () => {
    const first = tf.tensor1d([1, 1, 1], 'int32');
    const {state} = decoder.step(first, decoder.begin(features));
    for (const part of state) expect(part.shape[0]).to.equal(3);
    const order = tf.tensor1d([2, 0, 2], 'int32');
    const moved: DecoderState = state.map((part) => tf.gather(part, order));
    const word = tf.tensor1d([4, 4, 4], 'int32');
    const straight = tf.gather(decoder.step(word, state).logits, order);
    expect(largestDifference(decoder.step(word, moved).logits, straight)).to.be.below(2e-6);
    for (const part of state) expect(part.isDisposed).to.equal(false);
  });

  it('passes through unchanged exactly the state that depends on the image alone', () => {
    const one = tf.slice(features, 0, 1);
    const begun = decoder.begin(tf.concat([one, one, one]));
    const next = decoder.step(tf.tensor1d([4, 5, 6], 'int32'), begun).state;
    for (const [at, part] of next.entries()) {
      const alike = largestDifference(part, tf.slice(part, 0, 1)) < 1e-6;
      expect(part.dataId === begun[at]!.dataId, `part ${at}`).to.equal(alike);
    }
  });

  it('is causal, and keeps captions of a batch independent', () => {
    const logits = decoder.logits(features, inputs);
    const changed = inputs.arraySync();
    changed[0]![3] = 9;
    changed[1] = [1, 3, 3, 3];
    const after = decoder.logits(features, ids(changed));
    const before = (all: tf.Tensor3D) => tf.slice(all, [0, 0, 0], [1, 3, vocabulary]);
    expect(largestDifference(before(logits), before(after))).to.be.below(2e-6);
    const last = (all: tf.Tensor3D) => tf.slice(all, [2, 0, 0], [1, 4, vocabulary]);
    expect(largestDifference(last(logits), last(after))).to.be.below(2e-6);
    expect(largestDifference(logits, after)).to.be.above(1e-4);
  });

  it('has a loss that is independent of padding', () => {
    const wider = (rows: tf.Tensor2D) =>
      tf.concat<tf.Tensor2D>([rows, tf.zeros<tf.Rank.R2>([3, 2], 'int32')], 1);
    const key = {seed: 1, step: 1};
    // Without dropout, whose masks depend on the shape.
    const plain = createDecoder(kind, vocabulary, depth, {...options, dropout: 0});
    const one = captionLoss(plain, features, inputs, targets, key).dataSync()[0]!;
    const two = captionLoss(plain, features, wider(inputs), wider(targets), key).dataSync()[0]!;
    expect(two).to.be.closeTo(one, 2e-6);
    plain.dispose();
  });

  it('has the same gradients whether features are given once per image or once per caption', () => {
    const plain = createDecoder(kind, vocabulary, depth, {...options, dropout: 0});
    const two = tf.slice(features, 0, 2);
    const images = [1, 0, 1];
    const key = {seed: 1, step: 1};
    const once = gradients(plain, two, inputs, targets, {...key, images});
    const each = gradients(plain, tf.gather(two, images), inputs, targets, key);
    expect(once.loss).to.be.closeTo(each.loss, 1e-6);
    for (const [name, gradient] of each.gradients)
      expect(largestDifference(once.gradients.get(name)!, gradient), name).to.be.below(1e-6);
    plain.dispose();
  });

  it('applies dropout in training only', () => {
    const states = (step?: number) =>
      values(decoder.states(features, inputs, step === undefined ? step : {seed: 1, step}));
    expect(states()).to.deep.equal(states());
    expect(states(1)).to.deep.equal(states(1));
    expect(states(1)).to.not.deep.equal(states(2));
    expect(states()).to.not.deep.equal(states(1));
  });

  it('has gradients equal to finite differences', () => {
    const key = {seed: 1, step: 1};
    const {gradients: found} = gradients(decoder, features, inputs, targets, key);
    const loss = () => tf.tidy(() => captionLoss(decoder, features, inputs, targets, key).dataSync()[0]!);
    for (const [name, weight] of decoder.weights) {
      // Along one random direction, which is as much as float32 can resolve.
      const direction = uniform(weight.shape, [5, name.length]).sub(0.5);
      const expected = tf.sum(tf.mul(found.get(name)!, direction)).dataSync()[0]!;
      const start = weight.clone();
      const at = (scale: number) => {
        weight.assign(tf.add(start, tf.mul(direction, scale)));
        return loss();
      };
      const size = 4e-3;
      const slope = (8 * (at(size) - at(-size)) - (at(2 * size) - at(-2 * size))) / (12 * size);
      weight.assign(start);
      expect(slope, name).to.be.closeTo(expected, 1e-3 + 0.02 * Math.abs(expected));
    }
    tf.dispose([...found.values()]);
  });

  it('can overfit a single batch', () => {
    const adam = new Adam(decoder.weights);
    let loss = Infinity;
    for (let step = 0; step < 150; step++) {
      const result = gradients(decoder, features, inputs, targets);
      adam.apply(result.gradients, 0.02);
      tf.dispose([...result.gradients.values()]);
      loss = result.loss;
    }
    adam.dispose();
    expect(loss).to.be.below(0.05);
    const found = greedySearch(decoder, features).map(({tokens}) => tokens);
    expect(found[1]).to.deep.equal([8, 9]);
    expect(found[2]).to.deep.equal([10]);
    const [best] = beamSearch(decoder, features, {beams: 3}).map(([first]) => first!.tokens.slice(0, 4));
    expect(best).to.deep.equal([4, 5, 6, 7]);
  });

  it('gives hypotheses of a search the same log-probabilities as teacher forcing', () => {
    const lists = beamSearch(decoder, features, {beams: 4, maximumLength: 5});
    for (const [image, list] of lists.entries())
      for (const {tokens, logProbabilities, finished} of list) {
        const words = [special.start, ...tokens].slice(0, logProbabilities.length);
        const logits = decoder.logits(tf.slice(features, image, 1), ids([words]));
        const expected = tf.logSoftmax(logits).arraySync();
        const next = finished ? [...tokens, special.end] : tokens;
        expect(logProbabilities).to.have.length(next.length);
        for (const [at, word] of next.entries())
          expect(logProbabilities[at]).to.be.closeTo(expected[0]![at]![word]!, 1e-5);
      }
  });

  if (reads === 'grid')
    it('attends to the cells of all views of an image', () => {
      const side = 2;
      const whole = {top: 0, left: 0, side: 1, mirrored: false};
      const search = (model: StepDecoder, grid: tf.Tensor): ReturnType<typeof beamSearch> =>
        beamSearch(model, grid, {beams: 3, maximumLength: 5});
      const plain = search(decoder, features);
      // A repeated view is equivalent to the image itself.
      for (const count of [1, 2, 4]) {
        const many = multiViewDecoder(make(), Array<View>(count).fill(whole));
        const repeated = tf.concat(Array<tf.Tensor>(count).fill(features), 1);
        for (const [image, list] of search(many, repeated).entries())
          for (const [at, {tokens, score, attention}] of list.entries()) {
            const same = plain[image]![at]!;
            expect(tokens).to.deep.equal(same.tokens);
            expect(score).to.be.closeTo(same.score, 1e-5);
            for (const [step, map] of attention!.entries()) {
              expect(map).to.have.length(side ** 2);
              for (const [cell, value] of map.entries())
                expect(value).to.be.closeTo(same.attention![step]![cell]!, 1e-5);
            }
          }
        many.dispose();
      }
      // A different view changes the result; the order of views doesn't.
      const other = uniform([3, cells, depth], [1, 2]);
      const scores = [
        [features, other],
        [other, features],
      ].map((pair) => {
        const two = multiViewDecoder(make(), [whole, whole]);
        const found = search(two, tf.concat(pair, 1)).map(([best]) => best!.score);
        two.dispose();
        return found;
      });
      for (const [at, score] of scores[0]!.entries()) {
        expect(score).to.be.closeTo(scores[1]![at]!, 1e-5);
        expect(Math.abs(score - plain[at]![0]!.score)).to.be.above(1e-4);
      }
    });

  it('leaks no tensors', () => {
    const word = tf.tensor1d([1, 1, 1], 'int32');
    const work = () => {
      const own = make();
      tf.dispose([own.states(features, inputs, {seed: 1, step: 1}), own.logits(features, inputs)]);
      tf.dispose(Object.values(own.attend?.(features, inputs) ?? {}));
      const state = own.begin(features);
      const next = own.step(word, state);
      tf.dispose([...state, next.logits, ...next.state, ...(next.attention ? [next.attention] : [])]);
      tf.dispose([...gradients(own, features, inputs, targets, {seed: 1, step: 1}).gradients.values()]);
      beamSearch(own, features, {beams: 2, maximumLength: 4});
      beamSearch(own, features, {beams: 4, beamGroups: 2, requiredPhrases: [[5, 6]], maximumLength: 4});
      sample(own, features, {samples: 2, maximumLength: 4});
      own.dispose();
    };
    work();
    expect(leaked(work)).to.deep.equal({tensors: 0, native: 0});
  });
}

export interface DecoderFixture {
  readonly options: Readonly<Record<string, number | string>>;
  readonly weights: Readonly<Record<string, Reference>>;
  readonly gradients: Readonly<Record<string, Reference>>;
  readonly features: Reference;
  readonly mean: Reference;
  readonly deviation: Reference;
  readonly inputs: Reference;
  readonly targets: Reference;
  readonly logits: Reference;
  /** Attention weights, if the decoder attends to a grid. */
  readonly attention?: Reference;
  readonly loss: number;
  readonly penalty?: number;
}

/**
 * Expects logits, loss and attention weights within 1e-5 of PyTorch's, and every gradient within 1e-4.
 *
 * @param name Name of the fixture, if a kind has several.
 */
export function equalsPyTorch(kind: string, name: string = kind): void {
  const fixture = readFixture<DecoderFixture>('decoders', `${name}.json`);
  const [size, deep] = [fixture.logits.shape[2]!, fixture.features.shape.at(-1)!];
  const decoder = createDecoder(kind, size, deep, fixture.options);
  expect([...decoder.weights.keys()]).to.deep.equal(Object.keys(fixture.weights));
  for (const [name, weight] of decoder.weights) weight.assign(tensorOf(fixture.weights[name]!));
  decoder.featureNormalization.get('features.mean')!.assign(tensorOf(fixture.mean));
  decoder.featureNormalization.get('features.std')!.assign(tensorOf(fixture.deviation));
  const features = tensorOf<tf.Rank>(fixture.features);
  const [inputs, targets] = [fixture.inputs, fixture.targets].map((of) =>
    tf.cast(tensorOf<tf.Rank.R2>(of), 'int32'),
  ) as [tf.Tensor2D, tf.Tensor2D];

  expect(relativeError(decoder.logits(features, inputs), fixture.logits.values)).to.be.below(1e-5);
  const expectedPenalty = fixture.penalty ?? 0;
  if (fixture.attention) {
    const {attention, penalty} = decoder.attend!(features, inputs);
    expect(relativeError(attention, fixture.attention.values)).to.be.below(1e-5);
    expect(penalty?.dataSync()[0] ?? 0).to.be.closeTo(expectedPenalty, 1e-6);
  }
  expect(captionLoss(decoder, features, inputs, targets).dataSync()[0]).to.be.closeTo(fixture.loss, 1e-5);
  const found = gradients(decoder, features, inputs, targets, {seed: 1, step: 1});
  expect(found.loss).to.be.closeTo(fixture.loss + expectedPenalty, 1e-5);
  for (const [name, {values: expected}] of Object.entries(fixture.gradients))
    expect(relativeError(found.gradients.get(name)!, expected), name).to.be.below(1e-4);
  decoder.dispose();
}
