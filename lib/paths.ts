/** Where the project keeps what it makes and what set-up converts, whatever folder a command is given in. */
import {createHash} from 'node:crypto';
import {existsSync, readdirSync, realpathSync} from 'node:fs';
import {basename, join, resolve} from 'node:path';

/** The folder that this library was built in, where set-up puts the Python packages. */
function project(): string {
  return resolve(realpathSync(__dirname), '..', '..');
}

/** The project's folder: `CAPTIONER_HOME`, or the one this library was built in. */
export function projectFolder(): string {
  return process.env['CAPTIONER_HOME'] ?? project();
}

/** The folder of converted encoder weights, `<name>.safetensors` each. */
export function encoderFolder(): string {
  return join(projectFolder(), 'data', 'encoders');
}

/**
 * The folder of the Python package pycocoevalcap, whose tables METEOR needs: `PYCOCOEVALCAP`, or where set-up or conda put it.
 *
 * @returns undefined where it is not installed.
 */
export function meteorFolder(): string | undefined {
  const named = process.env['PYCOCOEVALCAP'];
  if (named) return named;
  const roots = [join(project(), '.venv'), process.env['CONDA_PREFIX']].filter((root) => root !== undefined);
  const libraries = roots.map((root) => join(root, 'lib')).filter((folder) => existsSync(folder));
  return libraries
    .flatMap((folder) =>
      readdirSync(folder).map((name) => join(folder, name, 'site-packages', 'pycocoevalcap')),
    )
    .find((folder) => existsSync(join(folder, 'meteor')));
}

/**
 * A path that a user gave, made absolute: relative to the folder where the command was given. npm changes the
 * working folder to the project's, and a notebook kernel to the notebook's, so they hand the first one on.
 */
export function userPath(path: string): string {
  return resolve(process.env['CAPTIONER_CWD'] ?? process.env['INIT_CWD'] ?? process.cwd(), path);
}

/** Where the features of a data set's images are kept: one folder for each data set, encoder (its weights and preprocessing too) and kind. */
export function featureFolder(
  dataset: {readonly folder: string},
  {
    name,
    digest,
    preprocessing,
  }: {readonly name: string; readonly digest: string; readonly preprocessing: object},
  kind: string,
): string {
  const identity = JSON.stringify([dataset.folder, digest, preprocessing]);
  const short = createHash('sha256').update(identity).digest('hex').slice(0, 8);
  return join(projectFolder(), 'data', 'features', `${basename(dataset.folder)}-${name}-${kind}-${short}`);
}

/** Where a run on a data set is kept, unless the user says where; beside a checkpoint of that name that came with the project. */
export function runFolder(dataset: {readonly folder: string}, run: string = ''): string {
  if (run !== '') return userPath(run);
  const folder = join(projectFolder(), 'checkpoints', basename(dataset.folder));
  return existsSync(join(folder, 'manifest.json')) ? `${folder}-run` : folder;
}

/** Which checkpoint captions images of a data set, unless the user says which: that of the user's run, or the one that came with the project. */
export function checkpointFolder(dataset: {readonly folder: string}, checkpoint: string = ''): string {
  const run = runFolder(dataset, checkpoint);
  return checkpoint === '' && !existsSync(run) ? run.replace(/-run$/, '') : run;
}
