/** `captioner train`: trains a run from its first step, from a checkpoint, or from where it was stopped. */
import {exportCheckpoint} from '../checkpoints/export';
import {userPath} from '../paths';
import {progress} from '../show/progress';
import {watchTraining} from '../show/watch';
import {prepareTraining, type PreparedTraining, type TrainingRecipe} from '../training/recipe';
import {introduce, open} from './data';
import type {EncoderFlags} from './features';
import {continued, print, warn} from './io';

export interface TrainFlags
  extends
    Partial<EncoderFlags>,
    Pick<
      TrainingRecipe,
      'preset' | 'decoder' | 'from' | 'resume' | 'fineTune' | 'views' | 'minimumCount' | 'wordVectors' | 'set'
    > {
  readonly data: string;
  readonly run: string;
  readonly epochs?: number;
  /** False after `--no-mirror`; true where nothing was said, and the data set or the run decides. */
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
    await trainStage(stage);
    while (stage.next) {
      stage = await stage.next();
      await trainStage(stage);
    }
  } finally {
    stage.close();
  }
  print(`Done. Run saved in ${stage.folder}`);
  if (stage.export === undefined) return;
  const to = `${userPath(flags.run)}-export`;
  await exportCheckpoint([stage.folder!], to, {...stage.export, replace: true});
  print(`Exported for captions to ${to}`);
}

async function trainStage({trainer, wordVectors, vocabulary}: PreparedTraining): Promise<void> {
  if (wordVectors)
    warn(
      `word vectors of ${wordVectors.found} of ${vocabulary.toJSON().words.length} words, ${wordVectors.size} numbers each`,
    );
  for (const {checkpoint, reason} of trainer.skipped) warn(`skipped ${checkpoint}: ${reason}`);
  try {
    await trainer.train(watchTraining(trainer));
  } catch (error) {
    throw continued(error, 'continue with --resume');
  }
}
