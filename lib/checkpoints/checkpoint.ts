/**
 * A checkpoint is a folder with everything that captioning needs (weights, options, vocabulary, encoder and preprocessing) and
 * everything that resuming needs (optimizer, position, history). It appears whole, and every byte is checked before use.
 */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import type {Decoder} from '../decoders/decoder';
import {createDecoder, weightShapesOf} from '../decoders/registry';
import type {EncoderIdentity} from '../encoders/identity';
import type {FineTunedWeights} from '../encoders/fine-tuned';
import {CaptionerError} from '../errors';
import {readFolderVerified, writeFolderAtomic} from '../files/atomic';
import {finishReplacement} from '../files/replace-folder';
import {
  float16,
  float32,
  formatSafetensors,
  parseSafetensors,
  toFloat32,
  type TensorData,
} from '../files/safetensors';
import {shortPath, userPath} from '../paths';
import {tf} from '../tensorflow/tensorflow';
import {Vocabulary, vocabularySize} from '../text/vocabulary';
import {parseMetadata, type CheckpointMetadata, type Position, type SavedSettings} from './metadata';
import {parseHistory, type History} from './history';
import {formatVersion, migrateWeightName} from './migrate';
import {checkpointFile as files, checkpointsName, isRun, pointedTo, pointers} from './run-layout';

export interface Training {
  readonly settings: SavedSettings;
  readonly position: Position;
  /** SHA-256 of the training captions; with other captions the position would be meaningless. */
  readonly data?: string | undefined;
  /** Views of each training image; with another number, other views would be drawn. @default 1 */
  readonly views?: number | undefined;
  /** Whether some of the views are mirror images; absent if there is only one view. */
  readonly mirrored?: boolean | undefined;
  /** Whether its steps are compiled, which round in another way than op by op; absent in runs from before. */
  readonly compiled?: boolean | undefined;
  readonly history: History;
  readonly optimizer: ReadonlyMap<string, Float32Array>;
}

/** A decoder with everything that captioning needs, and optionally the state of its training. */
export interface Checkpoint {
  readonly decoder: Decoder;
  readonly vocabulary: Vocabulary;
  readonly encoder: EncoderIdentity;
  /** Weights of the encoder, if it was fine-tuned. */
  readonly fineTuned?: FineTunedWeights | undefined;
  /** Views of each image to write a caption from. @default 1 */
  readonly views?: number | undefined;
  /** Options of its training, if nothing else of its training was kept. */
  readonly settings?: SavedSettings | undefined;
  /** State for resuming; absent in a checkpoint for captioning only. */
  readonly training?: Training;
}

export interface SaveOptions {
  /** Precision of the weights; `float16` is for captioning, not for resuming. */
  readonly precision?: 'float32' | 'float16';
}

/**
 * Saves a checkpoint, atomically replacing one in the same folder.
 *
 * @param options.precision @default 'float32'
 * @throws CaptionerError `diverged` when a weight is not finite; `no-space`. A previous checkpoint is then unchanged.
 */
export async function saveCheckpoint(
  folder: string,
  {decoder, vocabulary, encoder, fineTuned, views, settings, training}: Checkpoint,
  {precision = 'float32'}: SaveOptions = {},
): Promise<void> {
  const card: CheckpointMetadata = {
    version: formatVersion,
    decoder: {kind: decoder.kind, depth: decoder.depth, options: decoder.options},
    vocabulary,
    encoder,
    ...(fineTuned && {fineTuned: {from: fineTuned.from}}),
    ...(views !== undefined && {views}),
    ...(settings && !training && {settings}),
    ...(training && {
      training: {
        settings: training.settings,
        position: training.position,
        data: training.data,
        views: training.views,
        mirrored: training.mirrored,
        compiled: training.compiled,
      },
    }),
  };
  const format = precision === 'float16' ? float16 : float32;
  const weights = [...allWeights(decoder)].map(([name, weight]): [string, TensorData] => {
    const numbers = weight.dataSync<'float32'>();
    if (!numbers.every(Number.isFinite))
      throw new CaptionerError(
        'diverged',
        `${folder}: expected finite weights, got NaN or infinity in "${name}"`,
      );
    // Normalization statistics stay float32: they are small, and each number affects all words.
    return [
      name,
      decoder.featureNormalization.has(name) ? float32(numbers, weight.shape) : format(numbers, weight.shape),
    ];
  });
  const optimizer =
    training &&
    [...training.optimizer].map(([name, numbers]) => [name, float32(numbers, [numbers.length])] as const);
  await writeFolderAtomic(folder, {
    [files.card]: `${JSON.stringify(card, undefined, 2)}\n`,
    [files.weights]: formatSafetensors(weights),
    ...(fineTuned && {
      [files.encoder]: formatSafetensors(
        [...fineTuned.tensors].map(([name, tensor]) => [name, format(toFloat32(tensor), tensor.shape)]),
      ),
    }),
    ...(optimizer && {
      [files.optimizer]: formatSafetensors(optimizer),
      [files.history]: JSON.stringify(training.history),
    }),
  });
}

/**
 * Loads a checkpoint and verifies its checksums.
 *
 * @param folder A checkpoint, or a run: then its best checkpoint, or the latest if none has been validated yet. Relative to the folder in
 *   which the command was run.
 * @returns The checkpoint; the caller disposes the decoder.
 * @throws CaptionerError `not-found`, `truncated`, `checksum`, `header`, `version`, `shape`, `dtype`, `overlap` or `mismatch`.
 */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  const at = inRun(userPath(folder));
  const contents = await readFolderVerified(at);
  const content = (name: string): Buffer => {
    const bytes = contents.get(name);
    if (bytes) return bytes;
    throw new CaptionerError('not-found', `${at}: expected a file ${name} in the manifest, found none`);
  };
  const {
    decoder: made,
    encoder,
    fineTuned: from,
    views,
    settings,
    training,
    ...card
  } = parseMetadata(content(files.card), join(at, files.card));
  const where = join(at, files.weights);
  const tensors = migrated(parseSafetensors(content(files.weights), where).tensors);
  // Sizes in the card are believed only if the weights have them: before anything is allocated.
  const size = vocabularySize(card.vocabulary) ?? Vocabulary.fromJSON(card.vocabulary).size;
  checkShapes(made.kind, weightShapesOf(made.kind, size, made.depth, made.options), tensors, where);
  const vocabulary = Vocabulary.fromJSON(card.vocabulary);
  const decoder = createDecoder(made.kind, vocabulary.size, made.depth, made.options);
  try {
    setWeights(decoder, tensors);
    const fineTuned = from && {
      from: from.from,
      tensors: widened(parseSafetensors(content(files.encoder), join(at, files.encoder)).tensors),
    };
    if (training === undefined) return {decoder, vocabulary, encoder, fineTuned, views, settings};
    const state = parseSafetensors(content(files.optimizer), join(at, files.optimizer)).tensors;
    const optimizer = new Map([...state].map(([name, tensor]) => [name, toFloat32(tensor)]));
    const history = parseHistory(content(files.history), join(at, files.history));
    return {decoder, vocabulary, encoder, fineTuned, training: {...training, history, optimizer}};
  } catch (error) {
    decoder.dispose();
    throw error;
  }
}

/** Converts tensors to float32, whatever precision they were saved in. */
function widened(tensors: ReadonlyMap<string, TensorData>): Map<string, TensorData> {
  return new Map([...tensors].map(([name, tensor]) => [name, float32(toFloat32(tensor), tensor.shape)]));
}

function inRun(folder: string): string {
  finishReplacement(folder);
  if (!existsSync(folder))
    throw new CaptionerError(
      'not-found',
      `${shortPath(folder)}: expected a checkpoint or a run, found nothing`,
    );
  for (const pointer of pointers) {
    const name = pointedTo(folder, pointer);
    if (name !== undefined) return join(folder, checkpointsName, name);
  }
  if (isRun(folder))
    throw new CaptionerError(
      'not-found',
      `${shortPath(folder)}: this run has no finished epoch yet; train it, or choose another`,
    );
  return folder;
}

/** Returns trained weights and normalization statistics. */
function allWeights(decoder: Decoder): Map<string, tf.Variable> {
  return new Map([...decoder.weights, ...decoder.featureNormalization]);
}

/** Returns tensors by the names that weights have today. */
function migrated(tensors: ReadonlyMap<string, TensorData>): ReadonlyMap<string, TensorData> {
  return new Map([...tensors].map(([name, tensor]) => [migrateWeightName(name), tensor]));
}

/** @throws CaptionerError `mismatch` unless the tensors have the names and shapes of the decoder's weights. */
function checkShapes(
  kind: string,
  expected: ReadonlyMap<string, readonly number[]>,
  tensors: ReadonlyMap<string, TensorData>,
  where: string,
): void {
  for (const name of tensors.keys())
    if (!expected.has(name))
      throw new CaptionerError('mismatch', `${where}: a decoder "${kind}" has no weight "${name}"`);
  for (const [name, shape] of expected) {
    const tensor = tensors.get(name);
    if (tensor === undefined)
      throw new CaptionerError('mismatch', `${where}: expected a weight "${name}", found none`);
    if (tensor.shape.join() !== shape.join())
      throw new CaptionerError(
        'mismatch',
        `${where}: expected "${name}" [${shape.join(', ')}], got [${tensor.shape.join(', ')}]`,
      );
  }
}

function setWeights(decoder: Decoder, tensors: ReadonlyMap<string, TensorData>): void {
  for (const [name, weight] of allWeights(decoder)) {
    const numbers = toFloat32(tensors.get(name)!);
    tf.tidy(() => weight.assign(tf.tensor(numbers, weight.shape)));
  }
}

export type {Position} from './metadata';
