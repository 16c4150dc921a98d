/**
 * The sanity check of Adebayo et al. 2018, arXiv 1810.03292: a map that explains a model must change when the model's weights are
 * randomised from the top down.
 */
import {Captioner, type Decoder, drawScenes, ofSplit, openDataset, readPixels, tf} from 'captioner';
import {Cnn} from 'captioner/dist/encoders/cnn';
import {CaptionModel} from 'captioner/dist/explain/caption-model';
import {normal} from 'captioner/dist/ops/random';
import {join} from 'node:path';
import {projectRoot, temporaryFolder} from '../support';

/** Maps of the explained words. */
export type Explain = (model: CaptionModel) => Float32Array[];

/** How much of the model is randomised, from the top down. */
export const stages = ['output', 'decoder', 'last blocks', 'encoder'] as const;

export interface SanityModels {
  readonly trained: CaptionModel;
  /** One for each stage. */
  readonly randomised: readonly CaptionModel[];
  free(): void;
}

/** The bundled captioner with one view at 160 pixels, for a drawn scene, and what is left of it stage by stage. */
export async function sanityModels(): Promise<SanityModels> {
  const folder = temporaryFolder();
  await drawScenes(folder, {train: 1, validation: 0, test: 0});
  const scenes = ofSplit(await openDataset(folder), 'train');
  const checkpoint = join(projectRoot, 'checkpoints', 'flickr8k');
  const load = (): Promise<Captioner> => Captioner.load(checkpoint, {views: 1, size: 160});
  const captioners = [await load()];
  for (const stage of stages.keys()) captioners.push(randomised(await load(), stage));
  const pixels = await readPixels(scenes[0]!.file, captioners[0]!.encoder.preprocessing);
  const caption = captioners[0]!.vocabulary.encode('a brown dog with a ball on the grass');
  const models = captioners.map(
    ({encoder, decoder}) =>
      new CaptionModel({encoder, decoder}, {pixels, caption, positions: [1, 2, 5, 8], batch: 8}),
  );
  const free = (): void => {
    for (const one of [...models, ...captioners]) one.dispose();
  };
  return {trained: models[0]!, randomised: models.slice(1), free};
}

/** Replaces weights by random ones of the same spread. @param stage Index of the last stage that is randomised. */
function randomised(captioner: Captioner, stage: number): Captioner {
  const decoder = captioner.decoder as Decoder;
  const encoder = captioner.encoder as Cnn;
  const spread = (weight: tf.Tensor, seed: number): tf.Tensor =>
    tf.tidy(() => {
      const {mean, variance} = tf.moments(weight);
      return tf.add(mean, tf.mul(normal(weight.shape, [17, seed]), tf.sqrt(variance)));
    });
  let seed = 0;
  for (const [name, weight] of decoder.weights)
    if (stage > 0 || name.startsWith('output')) tf.tidy(() => weight.assign(spread(weight, seed++)));
  if (stage < 2) return captioner;
  const blocks = [...new Set(encoder.layers.map(({block}) => block))];
  const top = new Set(stage === 2 ? blocks.slice(-6) : blocks);
  const changed = encoder.layers.filter(({block}) => top.has(block)).map(({name}) => name);
  const weights = new Map(
    [...encoder.weights].map(([name, weight]) => {
      const own = changed.some((layer) => name === `${layer}.weight`);
      return [name, own ? tf.keep(spread(weight, seed++)) : weight];
    }),
  );
  return Object.assign(Object.create(captioner) as Captioner, {
    encoder: encoder.withWeights(weights, 'random'),
  });
}

/** Spearman's rank correlation of the maps, averaged over the words. */
export function rankCorrelation(one: readonly Float32Array[], other: readonly Float32Array[]): number {
  const each = one.map((map, word) => correlation(ranks(map), ranks(other[word]!)));
  return each.reduce((sum, value) => sum + value, 0) / each.length;
}

/** Ranks of values; equal values share the mean of theirs. */
function ranks(values: Float32Array): Float64Array {
  const order = [...values.keys()].sort((a, b) => values[a]! - values[b]!);
  const found = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let at = from; at < to; at++) found[order[at]!] = (from + to - 1) / 2;
    from = to;
  }
  return found;
}

function correlation(x: Float64Array, y: Float64Array): number {
  const mean = (values: Float64Array): number => values.reduce((sum, one) => sum + one, 0) / values.length;
  const [mx, my] = [mean(x), mean(y)];
  let [xy, xx, yy] = [0, 0, 0];
  for (let at = 0; at < x.length; at++) {
    xy += (x[at]! - mx) * (y[at]! - my);
    xx += (x[at]! - mx) ** 2;
    yy += (y[at]! - my) ** 2;
  }
  return xx === 0 || yy === 0 ? 0 : xy / Math.sqrt(xx * yy);
}

/** Rank correlation of the maps of the trained model with those of each stage. */
export function correlations(explain: Explain, {trained, randomised}: SanityModels): number[] {
  const maps = explain(trained);
  return randomised.map((model) => rankCorrelation(maps, explain(model)));
}
