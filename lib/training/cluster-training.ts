/**
 * Prepares a training on each worker of a cluster. The chief goes first, so that datasets and features that are missing are made once
 * where workers share a disk, and sends the checkpoint of a run that is resumed: only the chief has a run's folder.
 */
import {mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {checkpointName, checkpointsName} from '../checkpoints/run-layout';
import type {Dataset} from '../datasets/dataset';
import {CaptionerError} from '../errors';
import {sha256} from '../files/atomic';
import {readFileChecked} from '../files/regular-file';
import {cluster} from '../tensorflow/cluster';
import {compiles} from '../tensorflow/compiled';
import {libraryVersion} from '../version';
import {checkAlike, fromChief} from './chief';
import {startOf} from './open-run';
import {presetOf} from './presets';
import {prepareTraining, type PreparedTraining, type TrainingRecipe} from './recipe';
import type {Trainer} from './trainer';

/** A checkpoint's folder, and its files by name; undefined for a new run. */
type Sent = {readonly name: string; readonly files: ReadonlyMap<string, Uint8Array>} | undefined;

/**
 * Prepares a training that all workers of the cluster share; without a cluster, like `prepareTraining`.
 *
 * @throws CaptionerError `mismatch` when the workers differ in version, data, settings or weights; `options` when batches can't be divided
 *   among them; `cluster`; and as `prepareTraining`
 */
export async function prepareTogether(
  data: Dataset | (() => Promise<Dataset>),
  recipe: TrainingRecipe,
): Promise<PreparedTraining> {
  if (cluster().size === 1) return prepareTraining(data, recipe);
  if (recipe.preset !== undefined && presetOf(recipe.preset).stages.length > 1)
    throw new CaptionerError(
      'options',
      `preset "${recipe.preset}": expected one stage in a cluster, got ${presetOf(recipe.preset).stages.length}; train them one after the other, with --from`,
    );
  let own: PreparedTraining | undefined;
  const sent = await fromChief(async (): Promise<Sent> => {
    own = await prepareTraining(data, recipe);
    return recipe.resume ? readCheckpoint(own) : undefined;
  });
  const stage = own ?? (await prepareOther(data, recipe, sent));
  try {
    checkAlike(factsOf(stage));
    checkDivisible(stage.trainer);
    return stage;
  } catch (error) {
    stage.close();
    throw error;
  }
}

async function prepareOther(
  data: Dataset | (() => Promise<Dataset>),
  {run: _run, resume: _resume, replace: _replace, ...recipe}: TrainingRecipe,
  sent: Sent,
): Promise<PreparedTraining> {
  if (!sent) return prepareTraining(data, recipe);
  const run = mkdtempSync(join(tmpdir(), 'captioner-resume-'));
  try {
    const folder = join(run, checkpointsName, sent.name);
    mkdirSync(folder, {recursive: true});
    for (const [name, bytes] of sent.files) writeFileSync(join(folder, name), bytes);
    return await prepareTraining(data, {...recipe, run, resume: true});
  } finally {
    rmSync(run, {recursive: true, force: true});
  }
}

/** The checkpoint that a run was resumed from. */
function readCheckpoint({folder, trainer}: PreparedTraining): Sent {
  const name = checkpointName(trainer.position.step);
  const checkpoint = join(folder!, checkpointsName, name);
  const files = readdirSync(checkpoint).map(
    (file) => [file, readFileChecked(join(checkpoint, file), {code: 'header'})] as const,
  );
  return {name, files: new Map(files)};
}

function checkDivisible({options: {accumulate}}: Trainer): void {
  const {size} = cluster();
  if (accumulate % size === 0) return;
  throw new CaptionerError(
    'options',
    `trainer: \`accumulate\`: expected a multiple of the ${size} workers, who divide the batches of a step, got ${accumulate}; add --set accumulate=${Math.ceil(accumulate / size) * size}`,
  );
}

/** Returns the facts that must be the same on all workers. */
function factsOf({trainer, features, decoder}: PreparedTraining): Record<string, string> {
  const {accumulate, ...settings} = trainer.options;
  const {version, commit} = libraryVersion();
  const {material, model} = startOf(trainer);
  const short = (value: unknown): string => sha256(JSON.stringify(value)).slice(0, 8);
  return {
    'version': commit === undefined ? version : `${version} (${commit})`,
    'accumulated batches': `${accumulate}`,
    'training captions': material.digest.slice(0, 8),
    'encoder': `${features.encoder.name} ${short([features.encoder, features.preprocessing, features.views])}`,
    'decoder': `${decoder.kind} ${short(decoder.options)}`,
    'trainer options': short(settings),
    'step': `${trainer.position.step}`,
    'steps': compiles() ? 'compiled' : 'op by op',
    'weights': model.digest().slice(0, 8),
  };
}
