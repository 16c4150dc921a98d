/**
 * A checkpoint is a folder that holds all that a caption needs (weights, options, vocabulary, encoder and preprocessing)
 * and all that resuming needs (optimizer, position, history). It appears whole, and every byte is checked before use.
 */
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Decoder} from '../decoders/decoder';
import {createDecoder} from '../decoders/registry';
import type {Preprocessing} from '../encoders/encoder';
import {CaptionerError} from '../errors';
import {readFolderVerified, writeFolderAtomic} from '../files/atomic';
import {float32, formatSafetensors, parseSafetensors, toFloat32, type TensorData} from '../files/safetensors';
import {tf} from '../runtime/native';
import {Vocabulary} from '../text/vocabulary';
import type {History} from './history';
import type {Settings} from './options';

/** Which encoder the features came from. */
export interface EncoderIdentity {
  readonly name: string;
  readonly digest: string;
  readonly preprocessing: Preprocessing;
}

export interface Position {
  /** Steps taken. */
  readonly step: number;
  /** Epochs ended. */
  readonly epoch: number;
  /** Batches of the current epoch that are done. */
  readonly batch: number;
  /** The base learning rate, as it may have been changed on the way. */
  readonly rate: number;
  /** The best score on validation so far, and the step it was reached at. */
  readonly best?: {readonly score: number; readonly step: number};
}

export interface Training {
  readonly settings: Settings;
  readonly position: Position;
  readonly history: History;
  readonly optimizer: ReadonlyMap<string, Float32Array>;
}

export interface Checkpoint {
  readonly decoder: Decoder;
  readonly vocabulary: Vocabulary;
  readonly encoder: EncoderIdentity;
  /** What a run needs to go on; a checkpoint that is only for captions may lack it. */
  readonly training?: Training;
}

interface Card {
  readonly version: 1;
  readonly decoder: {readonly kind: string; readonly depth: number; readonly options: Decoder['options']};
  readonly vocabulary: unknown;
  readonly encoder: EncoderIdentity;
  readonly training?: {readonly settings: Settings; readonly position: Position};
}

const files = {
  card: 'checkpoint.json',
  weights: 'weights.safetensors',
  optimizer: 'optimizer.safetensors',
  history: 'history.json',
} as const;

/** @throws CaptionerError `no-space` */
export async function saveCheckpoint(folder: string, checkpoint: Checkpoint): Promise<void> {
  const {decoder, vocabulary, encoder, training} = checkpoint;
  const card: Card = {
    version: 1,
    decoder: {kind: decoder.kind, depth: decoder.depth, options: decoder.options},
    vocabulary,
    encoder,
    ...(training && {training: {settings: training.settings, position: training.position}}),
  };
  const weights = [...allWeights(decoder)].map(([name, weight]): [string, TensorData] => [
    name,
    float32(weight.dataSync<'float32'>(), weight.shape),
  ]);
  const optimizer =
    training &&
    [...training.optimizer].map(([name, numbers]) => [name, float32(numbers, [numbers.length])] as const);
  await writeFolderAtomic(folder, {
    [files.card]: `${JSON.stringify(card, undefined, 2)}\n`,
    [files.weights]: formatSafetensors(weights),
    ...(optimizer && {
      [files.optimizer]: formatSafetensors(optimizer),
      [files.history]: JSON.stringify(training.history),
    }),
  });
}

/**
 * @param folder A checkpoint, or a run: then its best one, or where none was judged yet its latest.
 * @returns What was saved; the caller disposes the decoder.
 * @throws CaptionerError `not-found`, `truncated`, `checksum`, `header`, `version`, `shape`, `dtype` or `mismatch`.
 */
export async function loadCheckpoint(folder: string): Promise<Checkpoint> {
  const at = inRun(folder);
  const contents = await readFolderVerified(at);
  const content = (name: string): Buffer =>
    contents.get(name) ??
    (() => {
      throw new CaptionerError('not-found', `${at}: expected a file ${name} in the manifest, found none`);
    })();
  const card = JSON.parse(content(files.card).toString('utf8')) as Card;
  if (card.version !== 1)
    throw new CaptionerError('version', `${at}: expected format version 1, got ${String(card.version)}`);
  const vocabulary = Vocabulary.fromJSON(card.vocabulary);
  const decoder = createDecoder(card.decoder.kind, vocabulary.size, card.decoder.depth, card.decoder.options);
  try {
    const {tensors} = parseSafetensors(content(files.weights), join(at, files.weights));
    setWeights(decoder, tensors, at);
  } catch (error) {
    decoder.dispose();
    throw error;
  }
  if (card.training === undefined) return {decoder, vocabulary, encoder: card.encoder};
  const {tensors} = parseSafetensors(content(files.optimizer), join(at, files.optimizer));
  const optimizer = new Map([...tensors].map(([name, tensor]) => [name, toFloat32(tensor)]));
  const history = JSON.parse(content(files.history).toString('utf8')) as History;
  return {decoder, vocabulary, encoder: card.encoder, training: {...card.training, history, optimizer}};
}

function inRun(folder: string): string {
  for (const pointer of ['best', 'latest']) {
    const file = join(folder, pointer);
    if (existsSync(file)) return join(folder, 'checkpoints', readFileSync(file, 'utf8').trim());
  }
  if (!existsSync(folder))
    throw new CaptionerError('not-found', `${folder}: expected a checkpoint or a run, found nothing`);
  return folder;
}

/** What is learnt and what was measured. */
function allWeights(decoder: Decoder): Map<string, tf.Variable> {
  return new Map([...decoder.weights, ...decoder.constants]);
}

function setWeights(decoder: Decoder, tensors: ReadonlyMap<string, TensorData>, where: string): void {
  const expected = allWeights(decoder);
  for (const name of tensors.keys())
    if (!expected.has(name))
      throw new CaptionerError('mismatch', `${where}: a ${decoder.kind} has no weight "${name}"`);
  for (const [name, weight] of expected) {
    const tensor = tensors.get(name);
    if (tensor === undefined)
      throw new CaptionerError('mismatch', `${where}: expected a weight "${name}", found none`);
    if (tensor.shape.join() !== weight.shape.join())
      throw new CaptionerError(
        'mismatch',
        `${where}: expected "${name}" [${weight.shape.join(', ')}], got [${tensor.shape.join(', ')}]`,
      );
    tf.tidy(() => weight.assign(tf.tensor(toFloat32(tensor), weight.shape)));
  }
}
