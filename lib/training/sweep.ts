/**
 * Trains one run after another, each with other settings. Every run has a folder of its own, so that a sweep can be stopped at any time:
 * called again, it skips what is complete and resumes what was stopped.
 */
import {isDeepStrictEqual} from 'node:util';
import {join} from 'node:path';
import type {EpochReport, StepReport} from '../checkpoints/history';
import type {Dataset} from '../datasets/dataset';
import {CaptionerError} from '../errors';
import {shortPath, userPath} from '../paths';
import {checkpointsIn} from '../checkpoints/run-layout';
import {listRuns, readRun, type RunSummary} from './list-runs';
import {presetOf} from './presets';
import {prepareTraining, type PreparedTraining} from './recipe';
import type {TrainingRecipe} from './training-recipe';

/** Options of decoder and trainer by name, as `set` of a recipe takes them. */
export type SweepSettings = Readonly<Record<string, unknown>>;

/** Recipes of a sweep by name, or settings, which name themselves. */
export type SweepRecipes = Readonly<Record<string, SweepRecipe>> | readonly SweepSettings[];

/** A recipe of a sweep; its folder is the sweep's. */
export type SweepRecipe = Omit<TrainingRecipe, 'run' | 'resume' | 'replace' | 'progress'>;

/** Options of a sweep: its folder, and what its runs have in common. */
export interface SweepOptions extends SweepRecipe {
  /** Folder that the runs lie in, each under its name. */
  readonly run: string;
  /** Shows the progress of encoding. @default in a notebook a bar; elsewhere nothing */
  readonly progress?: TrainingRecipe['progress'];
  /** Stops it like the interrupt. */
  readonly signal?: AbortSignal;
}

/** The state of one run of a sweep. */
export interface SweepEntry {
  readonly name: string;
  /** `failed` where training can't continue, as after a loss that isn't finite; `error` says why. */
  readonly state: RunSummary['state'] | 'waiting' | 'failed';
  /** Absent before its first step. */
  readonly run?: RunSummary;
  readonly error?: string;
}

/** Functions that are called while a sweep is on its way. */
export interface SweepCallbacks {
  /** Called when the state of a run or its scores have changed, with all runs of the sweep. */
  readonly onChange?: (entries: readonly SweepEntry[]) => void | Promise<void>;
  /** Called after every step of the run of this name. */
  readonly onStep?: (name: string, report: StepReport, training: PreparedTraining) => void | Promise<void>;
}

/**
 * Runs a sweep without showing it; see `sweep`.
 *
 * @throws CaptionerError `stopped`; `options` for a name that is no folder's; `mismatch` when a run that is there was trained otherwise; and
 *   as `prepareTraining`
 */
export async function runSweep(
  data: Dataset,
  recipes: SweepRecipes,
  {run, progress, signal, ...common}: SweepOptions,
  {onChange, onStep}: SweepCallbacks = {},
): Promise<RunSummary[]> {
  const named = namedRecipes(recipes);
  const parent = userPath(run);
  const entries = new Map<string, SweepEntry>();
  for (const [name, own] of named) {
    const recipe = together(common, own);
    if (recipe.preset !== undefined && presetOf(recipe.preset).stages.length > 1)
      throw new CaptionerError(
        'options',
        `sweep: expected trainings of one stage, got the preset "${recipe.preset}"`,
      );
    const found = checkpointsIn(join(parent, name)).length > 0 ? readRun(join(parent, name)) : undefined;
    if (found) checkSame(found, recipe);
    entries.set(name, {name, state: found?.state ?? 'waiting', ...(found && {run: found})});
  }
  const change = async (entry: SweepEntry): Promise<void> => {
    entries.set(entry.name, entry);
    await onChange?.([...entries.values()]);
  };
  await onChange?.([...entries.values()]);
  for (const [name, own] of named) {
    const recipe = together(common, own);
    const folder = join(parent, name);
    const planned = plannedEpochs(recipe);
    const {state, run: before} = entries.get(name)!;
    if (state === 'complete' && (planned ?? 0) <= before!.epochs) continue;
    const {from, wordVectors, ...rest} = recipe;
    const training = await prepareTraining(data, {
      ...rest,
      // A run that is resumed has its weights.
      ...(before
        ? {resume: true}
        : {...(from !== undefined && {from}), ...(wordVectors !== undefined && {wordVectors})}),
      run: folder,
      ...(progress !== undefined && {progress}),
    });
    const now = (): SweepEntry => ({name, state: 'running', run: readRun(folder)});
    let error: string | undefined;
    try {
      await change(now());
      await training.trainer.train({
        onStep: (report) => onStep?.(name, report, training),
        onEpoch: (_: EpochReport) => change(now()),
        ...(signal && {signal}),
      });
    } catch (failure) {
      // Too high a rate ends one run, not the sweep.
      if (!(failure instanceof CaptionerError) || failure.code !== 'diverged') throw failure;
      error = failure.message;
    } finally {
      training.close();
      const found = readRun(folder);
      await change({
        name,
        state: error === undefined ? found.state : 'failed',
        run: found,
        ...(error !== undefined && {error}),
      });
    }
  }
  const names = named.map(([name]) => name);
  return listRuns(run)
    .filter(({name}) => names.includes(name))
    .sort((a, b) => names.indexOf(a.name) - names.indexOf(b.name));
}

function namedRecipes(recipes: SweepRecipes): [string, SweepRecipe][] {
  const named: [string, SweepRecipe][] = Array.isArray(recipes)
    ? (recipes as readonly SweepSettings[]).map((set) => [nameOf(set), {set}])
    : Object.entries(recipes as Readonly<Record<string, SweepRecipe>>);
  const names = named.map(([name]) => name);
  for (const [at, name] of names.entries()) {
    if (!/^[\w][\w.,=+-]*$/.test(name))
      throw new CaptionerError(
        'options',
        `sweep: expected names of letters, digits and . , = + -, which become folders, got ${JSON.stringify(name)}`,
      );
    if (names.indexOf(name) !== at)
      throw new CaptionerError('options', `sweep: expected settings that differ, got ${name} twice`);
  }
  if (names.length === 0) throw new CaptionerError('options', 'sweep: expected recipes, got none');
  return named;
}

/** Returns the name of settings: `units=256,dropout=0.3`. */
function nameOf(settings: SweepSettings): string {
  const text = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  const parts = Object.entries(settings).map(([name, value]) => `${name}=${text(value)}`);
  return parts.join(',').replace(/[^\w.,=+-]/g, '-') || 'defaults';
}

function together(common: SweepRecipe, own: SweepRecipe): SweepRecipe {
  return {
    ...common,
    ...own,
    set: {...common.set, ...own.set},
    decoderOptions: {...common.decoderOptions, ...own.decoderOptions},
    trainerOptions: {...common.trainerOptions, ...own.trainerOptions},
  };
}

/** Returns the settings that a recipe names, for comparison with those of a run. */
function settingsOf({set, decoderOptions, trainerOptions}: SweepRecipe): Record<string, unknown> {
  return {...(decoderOptions as SweepSettings), ...trainerOptions, ...set};
}

function plannedEpochs(recipe: SweepRecipe): number | undefined {
  const {epochs} = settingsOf(recipe);
  return typeof epochs === 'number' ? epochs : undefined;
}

/** A run that was trained with other settings is not what the sweep asks for. More epochs are. */
function checkSame({folder, settings, decoder, fineTune}: RunSummary, recipe: SweepRecipe): void {
  const wanted = {...settingsOf(recipe), decoder: recipe.decoder, fineTune: recipe.fineTune};
  const found: Readonly<Record<string, unknown>> = {...settings, decoder, fineTune};
  for (const [name, value] of Object.entries(wanted))
    if (name !== 'epochs' && value !== undefined && !isDeepStrictEqual(found[name], value))
      throw new CaptionerError(
        'mismatch',
        `${shortPath(folder)}: this run of the sweep was trained with \`${name}\` ${JSON.stringify(found[name] ?? null)}, not ${JSON.stringify(value)}; ` +
          `give the new one another name, or remove the run`,
      );
}
