/** `captioner train`: starts a run with new weights or those of a checkpoint, or resumes one. */
import {exportCheckpoint} from '../checkpoints/export';
import {shortPath} from '../paths';
import {progress} from '../show/progress';
import {watchTraining} from '../show/watch';
import {describeWords} from '../training/training-words';
import {prepareTraining, type PreparedTraining, type TrainingRecipe} from '../training/recipe';
import {introduce, open} from './data';
import type {EncoderFlags} from './features';
import {continued, print, warn} from './io';

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

export async function train({data, epochs, mirror, ...flags}: TrainFlags): Promise<void> {
  const openData = async () => {
    const dataset = await open(data);
    introduce(dataset);
    return dataset;
  };
  let stage = await prepareTraining(openData, {
    ...flags,
    ...(!mirror && {mirror}),
    trainerOptions: epochs === undefined ? {} : {epochs},
    progress,
  });
  try {
    if (stage.notice !== undefined) warn(stage.notice);
    await trainStage(stage);
    while (stage.next) {
      stage = await stage.next();
      await trainStage(stage);
    }
  } finally {
    stage.close();
  }
  print(`Done. Run saved in ${shortPath(stage.folder!)}`);
  if (stage.export === undefined) return;
  const to = `${stage.base}-export`;
  await exportCheckpoint([stage.folder!], to, {...stage.export, replace: true});
  print(`Exported for captions to ${shortPath(to)}`);
}

async function trainStage({trainer, wordVectors, vocabulary, words}: PreparedTraining): Promise<void> {
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
