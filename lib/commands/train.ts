/** `captioner train`: starts a run with new weights or those of a checkpoint, or resumes one; alone, or with the workers of a cluster. */
import type {Socket} from 'node:net';
import {exportCheckpoint} from '../checkpoints/export';
import {CaptionerError} from '../errors';
import {isStopped, launchedVariable} from '../interrupt';
import {shortPath} from '../paths';
import {progress} from '../show/progress';
import {watchTraining} from '../show/watch';
import {cluster, isChief} from '../tensorflow/cluster';
import {meet} from '../training/chief';
import {prepareTogether} from '../training/cluster-training';
import {describeWords} from '../training/training-words';
import type {PreparedTraining, TrainingRecipe} from '../training/recipe';
import {introduce, open} from './data';
import type {EncoderFlags} from './features';
import {continued, print, warn, write} from './io';

export interface TrainFlags
  extends
    Partial<EncoderFlags>,
    Pick<
      TrainingRecipe,
      | 'preset'
      | 'decoder'
      | 'from'
      | 'resume'
      | 'replace'
      | 'features'
      | 'fineTune'
      | 'views'
      | 'minimumCount'
      | 'wordVectors'
      | 'set'
    > {
  readonly data: string;
  readonly run: string;
  readonly epochs?: number;
  /** Prints events as JSON, one a line. */
  readonly jsonLines?: boolean;
  /** False with `--no-mirror`; otherwise true, and the dataset or the run decides. */
  readonly mirror: boolean;
}

export async function train(flags: TrainFlags): Promise<void> {
  try {
    await trainTogether(flags);
  } catch (error) {
    if (flags.jsonLines && isChief()) await writeLine({type: 'error', ...told(error)});
    throw error;
  }
}

/** An error as programs read it. */
function told(error: unknown): {readonly code: string | null; readonly message: string} {
  const {message} = error instanceof Error ? error : new Error(String(error));
  return {code: error instanceof CaptionerError ? error.code : null, message};
}

function writeLine(line: object): Promise<void> {
  return write(`${JSON.stringify(line)}\n`);
}

async function trainTogether(flags: TrainFlags): Promise<void> {
  if (process.env[launchedVariable]) stopWithLauncher();
  if (cluster().size === 1) return trainStages(flags);
  stopOnSigterm();
  try {
    await trainStages(flags);
  } catch (error) {
    if (!isStopped(error)) throw error;
    meet();
    if (isChief()) throw error;
    process.exitCode = 130;
    return;
  }
  // A worker that left while the chief still writes would count as lost.
  meet();
}

/** TensorFlow takes SIGTERM, which Slurm and Kubernetes send, once it has joined a cluster; here it stops like Ctrl-C. */
function stopOnSigterm(): void {
  process.on('SIGTERM', () => {
    if (!process.emit('SIGINT')) process.exit(143);
  });
}

/** A killed launcher forwards no signal, and what it started must not outlive it. */
function stopWithLauncher(): void {
  const input = process.stdin as Socket;
  input.on('end', () => process.emit('SIGTERM', 'SIGTERM') || process.exit(143)).resume();
  input.unref();
}

async function trainStages({data, epochs, mirror, jsonLines = false, ...flags}: TrainFlags): Promise<void> {
  const openData = async () => {
    const dataset = await open(data);
    if (isChief()) introduce(dataset);
    return dataset;
  };
  let stage = await prepareTogether(openData, {
    ...flags,
    ...(!mirror && {mirror}),
    trainerOptions: epochs === undefined ? {} : {epochs},
    progress: isChief() ? progress : false,
  });
  try {
    if (isChief() && stage.notice !== undefined) warn(stage.notice);
    await trainStage(stage, jsonLines);
    while (stage.next) {
      stage = await stage.next();
      await trainStage(stage, jsonLines);
    }
  } finally {
    stage.close();
  }
  if (!isChief()) return;
  const run = shortPath(stage.folder!);
  await (jsonLines ? writeLine({type: 'saved', run}) : print(`Done. Run saved in ${run}`));
  if (stage.export === undefined) return;
  const to = `${stage.base}-export`;
  await exportCheckpoint([stage.folder!], to, {...stage.export, replace: true});
  const shown = shortPath(to);
  await (jsonLines ? writeLine({type: 'exported', to: shown}) : print(`Exported for captions to ${shown}`));
}

async function trainStage(
  {trainer, wordVectors, vocabulary, words}: PreparedTraining,
  jsonLines: boolean,
): Promise<void> {
  if (!isChief()) return trainer.train();
  warn(describeWords(words));
  if (wordVectors)
    warn(
      `word vectors for ${wordVectors.found} of ${vocabulary.toJSON().words.length} words, ${wordVectors.size} dimensions`,
    );
  for (const {checkpoint, reason} of trainer.skipped) warn(`skipped ${checkpoint}: ${reason}`);
  try {
    await trainer.train(jsonLines ? {onEvent: writeLine} : watchTraining(trainer));
  } catch (error) {
    throw continued(error, 'continue with --resume');
  }
}
