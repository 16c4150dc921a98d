/** `captioner runs`: lists runs, and removes those that are named. Loads no TensorFlow. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {createInterface} from 'node:readline/promises';
import {checkRemovable, removeRun} from '../checkpoints/remove-run';
import {CaptionerError} from '../errors';
import {outputFolder, shortPath, userPath} from '../paths';
import {runsText} from '../show/runs';
import {formatDuration, formatNumber} from '../show/text';
import {listRuns, readRun, type RunSummary} from '../training/list-runs';
import {print, warn} from './io';

export interface RunsFlags {
  readonly json?: boolean;
  readonly metric?: string;
}

export function runs(folder: string | undefined, {json = false, metric}: RunsFlags): void {
  const found = listRuns(folder);
  if (json) return print(JSON.stringify(found, undefined, 2));
  if (found.length === 0) return warn('there are no runs yet');
  print(runsText(found, metric === undefined ? {} : {metric}));
}

/** Removes runs after a question, which `--yes` answers. What can't be removed is said before anything is. */
export async function removeRuns(
  names: readonly string[],
  {yes = false}: {readonly yes?: boolean},
): Promise<void> {
  const folders = [...new Set(names.map(folderOf))];
  folders.forEach(checkRemovable);
  for (const folder of folders) warn(describe(readRun(folder)));
  if (!yes) await confirm(folders.length);
  for (const folder of folders) {
    const {kept} = await removeRun(folder);
    const rest = kept.length > 0 ? `; kept what is not of a run: ${kept.join(', ')}` : '';
    print(`Removed ${shortPath(folder)}${rest}`);
  }
}

/** A path, or the name of a run in the project's checkpoints. */
function folderOf(name: string): string {
  const path = userPath(name);
  const found = [path, join(outputFolder(), 'checkpoints', name)].find((folder) => existsSync(folder));
  if (found === undefined)
    throw new CaptionerError('not-found', `${shortPath(path)}: expected a run, found nothing`);
  return found;
}

function describe({folder, state, epochs, step, best, seconds}: RunSummary): string {
  const score = Object.entries(best?.metrics ?? {}).at(-1);
  return [
    `${shortPath(folder)}: ${state}`,
    `${epochs} epochs, ${formatNumber(step)} steps, ${formatDuration(seconds)}`,
    ...(score ? [`best ${score[0]} ${score[1].toFixed(3)}`] : []),
  ].join(', ');
}

/** @throws CaptionerError `options` without a terminal to ask in; `stopped` for another answer than yes */
async function confirm(count: number): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CaptionerError(
      'options',
      'Expected --yes, since there is no terminal to ask in; nothing was removed',
    );
  const terminal = createInterface({input: process.stdin, output: process.stderr});
  try {
    const what = count === 1 ? 'this run' : `these ${count} runs`;
    const ended = new Promise<string>((resolve) => terminal.once('close', () => resolve('')));
    const answer = await Promise.race([
      terminal.question(`Remove ${what}? It can't be undone. [y/N] `),
      ended,
    ]);
    if (!/^y(es)?$/i.test(answer.trim())) throw new CaptionerError('stopped', 'Nothing was removed');
  } finally {
    terminal.close();
  }
}
