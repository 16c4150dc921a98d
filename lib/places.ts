/** Where the project keeps what it makes and what set-up converts, whatever folder a command is given in. */
import {realpathSync} from 'node:fs';
import {join, resolve} from 'node:path';

/** The project's folder: `CAPTIONER_HOME`, or the one this library was built in. */
export function home(): string {
  return process.env['CAPTIONER_HOME'] ?? resolve(realpathSync(__dirname), '..', '..');
}

/** The folder of converted encoder weights, `<name>.safetensors` each. */
export function encoderFolder(): string {
  return join(home(), 'data', 'encoders');
}

/**
 * A path that a user gave, made absolute: relative to the folder where the command was given. npm changes the
 * working folder to the project's, and a notebook kernel to the notebook's, so they hand the first one on.
 */
export function userPath(path: string): string {
  return resolve(process.env['CAPTIONER_CWD'] ?? process.env['INIT_CWD'] ?? process.cwd(), path);
}
