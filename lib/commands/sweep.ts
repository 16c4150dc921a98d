/** `captioner sweep`: trains trial after trial with options that Optuna chooses, alone or with other workers of the same study. */
import {mkdirSync} from 'node:fs';
import {basename, extname, join} from 'node:path';
import {CaptionerError} from '../errors';
import {interruptible} from '../interrupt';
import {metricNames} from '../metric-names';
import {shortPath} from '../paths';
import {runsText} from '../show/runs';
import {formatNumber} from '../show/text';
import {heartbeatOf} from '../tensorflow/cluster';
import {listRuns} from '../training/list-runs';
import {readSearchSpace, type SearchSpace} from '../training/search-space';
import {Study, studyFolder, storageOf, type StudyResult, type Trial} from '../training/study';
import {trainTrial, validationLossName, type TrialSettings} from '../training/train-trial';
import {libraryVersion} from '../version';
import {print, warn} from './io';

export interface SweepFlags {
  readonly study?: string;
  readonly storage?: string;
  readonly run?: string;
  readonly trials: number;
  readonly metric?: string;
  readonly startup: number;
  /** False with `--no-prune`. */
  readonly prune: boolean;
}

/** Options of `train` that a trial sets itself. */
const own = ['--run', '--resume', '--replace', '--json-lines'];

/**
 * @param command Arguments of `captioner`, which must be a `train` command.
 * @throws CaptionerError `options` for wrong use, or what a training refused; `mismatch` where the study has other settings; `stopped`
 */
export async function sweep(file: string, command: readonly string[], flags: SweepFlags): Promise<void> {
  const {study = basename(file, extname(file)), trials, metric, startup, prune} = flags;
  const [name, ...args] = command;
  checkCommand(name, args, metric);
  const space = await readSearchSpace(file);
  const folder = studyFolder(study, flags.run);
  mkdirSync(folder, {recursive: true});
  const selected =
    metric !== undefined && metric !== validationLossName ? ['--set', `selectBy=${metric}`] : [];
  const settings: TrialSettings = {study, folder, args: [...args, ...selected], metric};
  const connection = new Study({
    ...{study, space, trials, startup, prune},
    storage: storageOf(flags.storage, folder),
    direction: metric === validationLossName ? 'minimize' : 'maximize',
    heartbeat: heartbeatOf(),
    facts: factsOf(space, args, metric),
  });
  try {
    const result = await interruptible((interrupt) => trainTrials(connection, settings, interrupt), {
      stopped: () => 'the sweep; the same command continues it',
    });
    if (result) printResult(result, study, folder);
  } finally {
    await connection.close();
  }
}

async function trainTrials(
  study: Study,
  settings: TrialSettings,
  interrupt: Parameters<Parameters<typeof interruptible>[0]>[0],
): Promise<StudyResult | undefined> {
  let running = false;
  // A wait for trials of other workers ends with the connection.
  interrupt.signal.addEventListener('abort', () => void (running || study.close()), {once: true});
  for (;;) {
    const next = await study.next((count) => warn(`waiting for ${count} trials of other workers`));
    interrupt.throwIfRequested();
    if (!next || !('number' in next)) return next;
    running = true;
    warn(`${label(next)}: ${inWords(next.values)}`);
    try {
      const end = await trainTrial(study, next, settings, interrupt, {
        onEpoch: (epoch, metric, value) =>
          warn(`${label(next)}: epoch ${epoch}, ${metric} ${formatNumber(value)}`),
        onLocked: (message) => warn(`${label(next)}: waits: ${message}`),
      });
      study.end(end);
      const how = end.state === 'complete' ? formatNumber(end.value) : end.reason;
      warn(`${label(next)}: ${end.state === 'again' ? 'to be tried again' : end.state}: ${how}`);
    } catch (error) {
      // A wrong option would end every other trial, too; another fault may not come again, here or elsewhere.
      const wrong = error instanceof CaptionerError && error.code === 'options';
      study.end({state: wrong ? 'failed' : 'again', last: true});
      throw error;
    }
    running = false;
  }
}

const inWords = (values: Trial['values']): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${typeof value === 'number' ? formatNumber(value) : value}`)
    .join(' ');

const label = ({number, run}: Trial): string =>
  run === `trial-${String(number).padStart(4, '0')}` ? run : `${run}, again`;

/** @throws CaptionerError `options` */
function checkCommand(name: string | undefined, args: readonly string[], metric: string | undefined): void {
  if (name !== 'train')
    throw new CaptionerError('options', `sweep: expected the command train, got ${name ?? 'none'}`);
  const wrong = args.find((arg) => own.some((one) => arg === one || arg.startsWith(`${one}=`)));
  if (wrong !== undefined)
    throw new CaptionerError(
      'options',
      `sweep: expected train without ${wrong}, which each trial has of its own`,
    );
  if (process.env['TF_CONFIG'])
    throw new CaptionerError(
      'options',
      'sweep: expected no TF_CONFIG: workers of a sweep share a study, each with trainings of its own',
    );
  const known = ['factual', validationLossName, ...metricNames];
  if (metric !== undefined && !known.includes(metric))
    throw new CaptionerError('options', `--metric: expected ${known.join(', ')}, got ${metric}`);
}

/** Returns the facts that all workers of a study must share. */
function factsOf(
  space: SearchSpace,
  args: readonly string[],
  metric: string | undefined,
): Record<string, string> {
  return {
    version: libraryVersion().version,
    space: JSON.stringify(space),
    command: args.filter((arg, at) => arg !== '--data' && args[at - 1] !== '--data').join(' '),
    metric: metric ?? 'score of the best epoch',
  };
}

function printResult({complete, pruned, best}: StudyResult, study: string, folder: string): void {
  const runs = listRuns(folder).filter(({trial}) => trial?.study === study);
  if (runs.length > 0) print(runsText(runs, {title: `Study ${study}`}));
  print(`${complete + pruned} trials: ${complete} complete, ${pruned} pruned`);
  if (!best) return;
  const {run, value, values, host} = best;
  print(`Best: ${formatNumber(value)} with ${inWords(values)}`);
  const there = runs.some(({name}) => name === run);
  print(
    there
      ? `captioner caption photo.jpg --checkpoint ${shortPath(join(folder, run))}`
      : `Its run, ${run}, is on ${host}`,
  );
}
