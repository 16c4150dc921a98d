/** Combines checkpoints: averages them for export, and checks that they can form an ensemble. */
import {isDeepStrictEqual} from 'node:util';
import {describeEncoder, sameEncoder} from '../encoders/identity';
import type {InferenceViews} from '../encoders/augmentation';
import {CaptionerError} from '../errors';
import {float32, toFloat32, type TensorData} from '../files/safetensors';
import {userPath} from '../paths';
import {tf} from '../tensorflow/tensorflow';
import {holdsCheckpoint} from './run-layout';
import {loadCheckpoint, saveCheckpoint, type Checkpoint, type SaveOptions} from './checkpoint';

/** Options of `exportCheckpoint`. */
export interface ExportOptions extends SaveOptions, InferenceViews {
  readonly replace?: boolean;
}

/**
 * Writes a checkpoint for captioning only, in half precision. Given several checkpoints, it averages their weights: those of one run, or of
 * runs that started from the same checkpoint, usually lie in the same valley of the loss, where the average is better than each (Izmailov
 * et al. 2018, arXiv 1803.05407).
 *
 * @param from Checkpoints, or runs: then their best checkpoints.
 * @param options.replace Whether to replace an existing checkpoint. @default false
 * @param options.size, options.views Defaults of test-time augmentation, see `Captioner.load`.
 * @throws CaptionerError as `loadCheckpoint` and `saveCheckpoint`; `mismatch` when the checkpoints differ in decoder, vocabulary or
 *   encoder, or the folder already holds a checkpoint.
 */
export async function exportCheckpoint(
  from: readonly string[],
  to: string,
  {precision = 'float16', size, views, replace = false}: ExportOptions = {},
): Promise<void> {
  if (!replace && holdsCheckpoint(userPath(to)))
    throw new CaptionerError(
      'mismatch',
      `${userPath(to)}: this folder already holds a checkpoint; choose another folder, or set \`replace\``,
    );
  const all: Checkpoint[] = [];
  try {
    for (const folder of from) all.push(await loadCheckpoint(folder));
    const [first] = all;
    if (first === undefined) throw new CaptionerError('options', 'Expected a checkpoint to export, got none');
    for (const [at, other] of all.entries()) {
      assertCompatible(from[0]!, first, from[at]!, other, {fineTuned: false});
      const own = ({decoder, fineTuned}: Checkpoint): unknown => [
        decoder.kind,
        {...decoder.options, seed: 0},
        fineTuned?.from,
      ];
      if (!isDeepStrictEqual(own(first), own(other)))
        throw new CaptionerError(
          'mismatch',
          `${from[at]}: expected the decoder of ${from[0]}, ${JSON.stringify(own(first))}, got ${JSON.stringify(own(other))}`,
        );
    }
    const {decoder, vocabulary, encoder: trained, fineTuned} = first;
    const preprocessing = {...trained.preprocessing, ...(size !== undefined && {size})};
    const encoder = {...trained, preprocessing};
    const settings = first.training?.settings ?? first.settings;
    for (const table of ['weights', 'featureNormalization'] as const)
      for (const [name, weight] of decoder[table])
        tf.tidy(() => {
          const sum = tf.addN(all.map((one) => one.decoder[table].get(name)!));
          weight.assign(tf.div(sum, all.length));
        });
    const tuned = fineTuned && {...fineTuned, tensors: meanOf(all.map((one) => one.fineTuned!.tensors))};
    const parts = {decoder, vocabulary, encoder, fineTuned: tuned, views: views ?? first.views, settings};
    await saveCheckpoint(userPath(to), parts, {precision});
  } finally {
    for (const {decoder} of all) decoder.dispose();
  }
}

/** @throws CaptionerError `mismatch` unless both have the same vocabulary and encoder. */
export function assertCompatible(
  name: string,
  one: Checkpoint,
  otherName: string,
  other: Checkpoint,
  {fineTuned = true}: {readonly fineTuned?: boolean} = {},
): void {
  if (!isDeepStrictEqual(one.vocabulary.toJSON(), other.vocabulary.toJSON()))
    throw new CaptionerError('mismatch', `${otherName}: expected the vocabulary of ${name}, got another one`);
  const same = sameEncoder(one.encoder, other.encoder);
  if (same && (!fineTuned || isDeepStrictEqual(one.fineTuned, other.fineTuned))) return;
  const got = `${describeEncoder(other.encoder)}${other.fineTuned ? ', fine-tuned' : ''}`;
  throw new CaptionerError(
    'mismatch',
    `${otherName}: expected the encoder of ${name}, ${describeEncoder(one.encoder)}${one.fineTuned ? ' with its fine-tuned weights' : ''}, got ${got}`,
  );
}

function meanOf(tables: readonly ReadonlyMap<string, TensorData>[]): Map<string, TensorData> {
  const [first] = tables;
  return new Map(
    [...first!].map(([name, tensor]) => {
      const all = tables.map((table) => toFloat32(table.get(name)!));
      const mean = all[0]!.map((_, at) => all.reduce((sum, one) => sum + one[at]!, 0) / all.length);
      return [name, float32(mean, tensor.shape)];
    }),
  );
}
