/** Prepares a training from a description: a single run, or the stages of a preset, one after the other. */
import type {ExportOptions} from '../checkpoints/export';
import {siblings} from '../checkpoints/run-folders';
import {checkpointsIn} from '../checkpoints/run-layout';
import type {Dataset} from '../datasets/dataset';
import {counted, description, lastName, setDescription} from '../description';
import {CaptionerError} from '../errors';
import {shortPath, userPath} from '../paths';
import {prepareStage, type PreparedStage} from './prepare-stage';
import {presetOf, type Preset, type Stage} from './presets';
import type {TrainingRecipe} from './training-recipe';

export type {TrainingRecipe};

/** A training run that is ready to begin. */
export interface PreparedTraining extends PreparedStage {
  /** Path that the folders of all stages begin with; undefined where nothing is saved. */
  readonly base: string | undefined;
  /** Prepares the preset's next stage, which starts from this one's best checkpoint; undefined after the last. Closes this one. */
  readonly next?: () => Promise<PreparedTraining>;
  /** How the preset exports the last stage's checkpoint. */
  readonly export?: ExportOptions;
}

/** A training without a preset. */
const single: Pick<Preset, 'stages' | 'export'> = {stages: [{suffix: '', recipe: {}}]};

/**
 * Prepares a training run. Options are checked before any image is read.
 *
 * A run never takes the folder of another: where `run` holds one already, the new run gets a number (`scenes-2`), and `folder` and `notice`
 * say so. `resume` continues the newest run of that name. A training that this process prepared for the same `run` before is closed, so a
 * notebook cell can be run again.
 *
 * @param data A dataset, or a function that opens one once the recipe is found valid.
 * @throws CaptionerError `options`, `mismatch`, `not-found`, and as `loadCheckpoint`, `openFeatures` and `Trainer.create`
 * @example
 * const run = await prepareTraining(await openDataset('scenes'), {decoder: 'attention', run: 'checkpoints/attention'});
 * await run.trainer.train();
 * run.close();
 */
export async function prepareTraining(
  data: Dataset | (() => Promise<Dataset>),
  recipe: TrainingRecipe = {},
): Promise<PreparedTraining> {
  const {preset: name, ...rest} = recipe;
  const {stages, export: exported} = name === undefined ? single : presetOf(name);
  checkRun(recipe, stages.length);
  const asked = rest.run === undefined ? undefined : userPath(rest.run);
  const suffixes = stages.map(({suffix}) => suffix);

  const prepare = async (
    stage: number,
    base: string | undefined,
    resume: boolean,
  ): Promise<PreparedTraining> => {
    const {suffix, recipe} = stages[stage]!;
    // A run that is resumed has its decoder.
    const {decoder, ...others} = recipe;
    const own: Stage['recipe'] = resume || decoder === undefined ? others : recipe;
    const {decoderOptions, trainerOptions} = rest;
    const prepared = await prepareStage(
      data,
      {
        ...own,
        ...rest,
        ...(base !== undefined && {run: `${base}${suffix}`}),
        ...(stage > 0 && !resume && {from: `${base}${suffixes[stage - 1]}`}),
        resume,
        decoderOptions: stage > 0 ? {} : {...(resume ? {} : own.decoderOptions), ...decoderOptions},
        trainerOptions: {...own.trainerOptions, ...trainerOptions},
      },
      {asked, suffixes: stage > 0 ? [''] : suffixes},
    );
    // The first stage has no suffix; where its folder has a number, so have those of the others.
    const numbered = stage === 0 && !resume ? prepared.folder : base;
    const next = (): Promise<PreparedTraining> => {
      prepared.close();
      return prepare(stage + 1, numbered, false);
    };
    const last = stage === stages.length - 1;
    const more = last ? exported && {export: exported} : {next};
    return setDescription({...prepared, base: numbered, ...more}, describeTraining);
  };
  if (!rest.resume) return prepare(0, asked, false);

  const runs = siblings(asked!, suffixes);
  const base = runs[0]?.folder ?? asked!;
  // A preset is resumed at the last stage that was begun.
  const begun = suffixes.filter((suffix) => checkpointsIn(`${base}${suffix}`).length > 0);
  const resumed = await prepare(Math.max(0, begun.length - 1), base, true);
  const newest = runs.length > 1 ? `, the newest of ${runs.length} runs of this name` : '';
  const {step} = resumed.trainer.position;
  const notice = `Resuming ${shortPath(resumed.folder ?? base)}${newest}, at step ${step}`;
  return setDescription({...resumed, notice}, describeTraining);
}

function describeTraining({dataset, decoder, folder, notice, trainer, next}: PreparedTraining): string {
  const {position, options} = trainer;
  return description(`Training of a decoder of kind ${decoder.kind} on ${lastName(dataset.folder)}`, {
    'run': folder === undefined ? 'not saved' : shortPath(folder),
    'notice': notice,
    'position': `${position.epoch} of ${counted(options.epochs, 'epoch')}`,
    'next stage': next && 'ready; call next() when this one is done',
  });
}

function checkRun({preset, run, resume, from}: TrainingRecipe, stages: number): void {
  const fail = (message: string): never => {
    throw new CaptionerError('options', message);
  };
  if (stages > 1 && run === undefined)
    fail(`Expected a folder \`run\` for the stages of the preset "${preset}", got none`);
  if (resume && from !== undefined)
    fail('Expected `resume` or `from`, got both: a resumed run already has weights');
  if (resume && run === undefined) fail('Expected `run` with `resume`: the folder of the run to resume');
}
