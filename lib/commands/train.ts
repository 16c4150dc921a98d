/** `captioner train`: starts a run with new weights or those of a checkpoint, or resumes one; alone, or with the workers of a cluster. */
import type {Socket} from 'node:net';
import {exportCheckpoint} from '../checkpoints/export';
import {isStopped} from '../interrupt';
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
import {continued, print, warn} from './io';
import {launchedVariable} from './launch';

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
  /** False with `--no-mirror`; otherwise true, and the dataset or the run decides. */
  readonly mirror: boolean;
}

export async function train(flags: TrainFlags): Promise<void> {
  if (cluster().size === 1) return trainStages(flags);
  stopOnSigterm();
  if (process.env[launchedVariable]) stopWithLauncher();
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

/** A killed launcher forwards no signal, and its workers must not outlive it. */
function stopWithLauncher(): void {
  const input = process.stdin as Socket;
  input.on('end', () => process.emit('SIGTERM', 'SIGTERM')).resume();
  input.unref();
}

async function trainStages({data, epochs, mirror, ...flags}: TrainFlags): Promise<void> {
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
    await trainStage(stage);
    while (stage.next) {
      stage = await stage.next();
      await trainStage(stage);
    }
  } finally {
    stage.close();
  }
  if (!isChief()) return;
  print(`Done. Run saved in ${shortPath(stage.folder!)}`);
  if (stage.export === undefined) return;
  const to = `${stage.base}-export`;
  await exportCheckpoint([stage.folder!], to, {...stage.export, replace: true});
  print(`Exported for captions to ${shortPath(to)}`);
}

async function trainStage({trainer, wordVectors, vocabulary, words}: PreparedTraining): Promise<void> {
  if (!isChief()) return trainer.train();
  warn(describeWords(words));
  if (wordVectors)
    warn(
      `word vectors for ${wordVectors.found} of ${vocabulary.toJSON().words.length} words, ${wordVectors.size} dimensions`,
    );
  for (const {checkpoint, reason} of trainer.skipped) warn(`skipped ${checkpoint}: ${reason}`);
  try {
    await trainer.train(watchTraining(trainer));
  } catch (error) {
    throw continued(error, 'continue with --resume');
  }
}
