/** Where tests find the project and photographs, and where they may write. */
import {existsSync, mkdtempSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join, resolve} from 'node:path';
import {CaptionerError} from 'captioner';
import {permutation} from 'captioner/dist/random/random';
import {expect} from 'chai';

/** Valid for files compiled to `.build/test`. */
export const projectRoot = resolve(__dirname, '..', '..');

/** Returns the absolute path that an environment variable names, if it exists. */
export function named(variable: string): string | undefined {
  const path = process.env[variable];
  if (!path) return undefined;
  const absolute = resolve(projectRoot, path);
  return existsSync(absolute) ? absolute : undefined;
}

/** The folder with Flickr8k. */
export function flickr8k(): string | undefined {
  return named('FLICKR8K');
}

/** The Python that set-up made or adopted. */
export function python(): string {
  const own = join(projectRoot, '.venv', 'bin', 'python');
  return existsSync(own) ? own : join(process.env['CONDA_PREFIX'] ?? '', 'bin', 'python');
}

/** The error that an action is refused with. */
export async function refusal(action: Promise<unknown>): Promise<CaptionerError> {
  const error = await action.then(
    () => expect.fail('was not refused'),
    (reason: unknown) => reason,
  );
  if (error instanceof CaptionerError) return error;
  throw error;
}

/** Whole numbers below `limit` that look random and are the same in every run of the tests. */
export function draws(count: number, limit: number, seed: number): number[] {
  return [...permutation(limit, seed, 0).subarray(0, count)];
}

const folders: string[] = [];

/** A new folder, removed when the process ends. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'captioner-'));
  folders.push(folder);
  return folder;
}

/** Features and runs for which the tests of this `describe` name no folder go to a temporary one. */
export function writeElsewhere(): void {
  const earlier = process.env['CAPTIONER_OUTPUT'];
  before(() => {
    process.env['CAPTIONER_OUTPUT'] = temporaryFolder();
  });
  after(() => {
    if (earlier === undefined) delete process.env['CAPTIONER_OUTPUT'];
    else process.env['CAPTIONER_OUTPUT'] = earlier;
  });
}

process.on('exit', () => {
  for (const folder of folders) rmSync(folder, {recursive: true, force: true});
});
