/** The project's folders, independent of the working folder of a command. */
import {createHash} from 'node:crypto';
import {existsSync, readdirSync, realpathSync} from 'node:fs';
import {basename, join, relative, resolve} from 'node:path';

/** The folder in which this library was built; set-up installs the Python packages there. */
function buildFolder(): string {
  return resolve(realpathSync(__dirname), '..', '..');
}

/** The project folder: `CAPTIONER_HOME`, or the folder in which this library was built. */
export function projectFolder(): string {
  return process.env['CAPTIONER_HOME'] ?? buildFolder();
}

/** The folder that all is written to that has no place of its own: `CAPTIONER_OUTPUT`, or the project folder. */
export function outputFolder(): string {
  return process.env['CAPTIONER_OUTPUT'] || projectFolder();
}

/** A folder of `data`, such as that of the scenes: the project's if it is there, or else that of the output folder. */
export function dataFolder(name: string): string {
  const own = join(projectFolder(), 'data', name);
  return existsSync(own) ? own : join(outputFolder(), 'data', name);
}

/** The folder that encoder weights are downloaded to; they are looked for there and in `encoderFolder`. */
export function downloadedEncoders(): string {
  return join(outputFolder(), 'data', 'encoders');
}

/** The folder of converted encoder weights, one `<name>.safetensors` per encoder. */
export function encoderFolder(): string {
  return join(projectFolder(), 'data', 'encoders');
}

/** The folder of the Python environment that set-up made, or that of the active conda environment; undefined without either. */
export function pythonFolder(): string | undefined {
  const folders = [join(projectFolder(), '.venv'), process.env['CONDA_PREFIX']];
  return folders.find((folder) => folder !== undefined && existsSync(join(folder, 'bin', 'python')));
}

/**
 * The folder of the Python package pycocoevalcap, which holds METEOR's tables: `PYCOCOEVALCAP`, or where set-up or conda installed it.
 *
 * @returns undefined if the package is not installed.
 */
export function meteorFolder(): string | undefined {
  const named = process.env['PYCOCOEVALCAP'];
  if (named) return named;
  const roots = [join(buildFolder(), '.venv'), process.env['CONDA_PREFIX']].filter(
    (root) => root !== undefined,
  );
  const libraries = roots.map((root) => join(root, 'lib')).filter((folder) => existsSync(folder));
  return libraries
    .flatMap((folder) =>
      readdirSync(folder).map((name) => join(folder, name, 'site-packages', 'pycocoevalcap')),
    )
    .find((folder) => existsSync(join(folder, 'meteor')));
}

/**
 * Resolves a path from the user against the working folder. Our command line and notebook kernel, whose working folder may be another than
 * that in which the user typed, name the latter in `CAPTIONER_CWD`.
 */
export function userPath(path: string): string {
  return resolve(process.env['CAPTIONER_CWD'] ?? process.cwd(), path);
}

/** The folder of a dataset's cached features: one for each dataset, encoder (with its weights and preprocessing) and kind. */
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
  return join(outputFolder(), 'data', 'features', `${basename(dataset.folder)}-${name}-${kind}-${short}`);
}

/**
 * Shortens a path for people: relative to the folder in which the command was typed, if it lies in that folder or both lie in the project.
 * Reports that are passed on then name no folder of this machine.
 */
export function shortPath(path: string): string {
  const from = userPath('.');
  const inside = (folder: string, one: string): boolean =>
    !/^\.\.(?:[\\/]|$)|^[\\/]|^\w:/.test(relative(folder, one));
  const near = inside(from, path) || (inside(projectFolder(), path) && inside(projectFolder(), from));
  return near ? relative(from, path) || '.' : path;
}
