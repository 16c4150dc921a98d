/**
 * Executes the project's notebooks with parameters that make them short, each once for all tests of a run. Whatever is
 * made of them lies in `.build/reports`, where a reader of a failed test finds it.
 */
import {existsSync, readdirSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {projectRoot} from '../support';

export interface ReportTool {
  readonly report: (
    notebook: string,
    parameters?: readonly (readonly [string, string])[],
    options?: {
      folder?: string;
      output?: string;
      replace?: boolean;
      sharedAssets?: boolean;
      log?: (line: string) => void;
    },
  ) => Promise<{html: string; ipynb: string; index: string; seconds: number}>;
}

const run = join(projectRoot, '.build', 'reports', 'run');

/** Base of the runs of chapter 7. */
const looking = join(projectRoot, '.build', 'reports', 'looking');

/** Base of the runs of chapter 9. */
const staged = join(projectRoot, '.build', 'reports', 'staged');

/** Run of chapter 10. */
const biased = join(projectRoot, '.build', 'reports', 'biased');

/** Run of chapter 11. */
const own = join(projectRoot, '.build', 'reports', 'own');

interface Quick {
  readonly parameters: readonly (readonly [string, string])[];
  /** A notebook that has to be executed before. */
  readonly after?: string;
}

/** Parameters that make notebooks short and keep them away from the user's runs; the other notebooks are short anyway. */
const quick: Readonly<Record<string, Quick>> = {
  // Another encoder than the walk-through has, with images of another size.
  '03-encoder.ipynb': {parameters: [['encoderName', 'efficientnet-lite0'], ['inputSize', '192']]}, // prettier-ignore
  '05-training.ipynb': {parameters: [['run', run], ['epochs', '3'], ['units', '64'], ['embedding', '64']]}, // prettier-ignore
  '01-captions-in-five-minutes.ipynb': {parameters: [['count', '4']]},
  '04-lstm-from-scratch.ipynb': {parameters: [['trainingSteps', '20']]},
  '11-your-own-photographs.ipynb': {
    parameters: [
      ['run', own],
      ['epochs', '1'],
    ],
  },
  '06-search.ipynb': {parameters: [['checkpoint', run]], after: '05-training.ipynb'},
  '08-evaluation.ipynb': {parameters: [['checkpoint', run]], after: '05-training.ipynb'},
  '07-attention.ipynb': {parameters: [['run', looking], ['epochs', '3'], ['units', '64'], ['count', '8']]}, // prettier-ignore
  '09-fine-tuning-and-rewards.ipynb': {
    parameters: [
      ['run', staged],
      ['epochs', '[2, 1, 1]'],
      ['count', '80'],
      ['tested', '16'],
      ['units', '64'],
    ],
  },
  '10-why-this-word.ipynb': {
    parameters: [
      ['checkpoint', `${looking}-adaptive`],
      ['count', '3'],
      ['biasedScenes', '80'],
      ['biasedEpochs', '1'],
      ['biasedRun', biased],
    ],
    after: '07-attention.ipynb',
  },
};

const folder = join(projectRoot, 'notebooks');

export const notebooks: readonly string[] = existsSync(folder)
  ? readdirSync(folder)
      .filter((name) => name.endsWith('.ipynb'))
      .sort()
  : [];

export async function reportTool(): Promise<ReportTool> {
  return (await import(pathToFileURL(join(projectRoot, 'tools', 'report.mjs')).href)) as ReportTool;
}

const done = new Map<string, Promise<{html: string; ipynb: string; seconds: number}>>();

/** The report of `notebooks/<name>`, executed with quick parameters. */
export function quickReport(name: string): Promise<{html: string; ipynb: string; seconds: number}> {
  const made = done.get(name) ?? makeReport(name);
  done.set(name, made);
  return made;
}

async function makeReport(name: string): Promise<{html: string; ipynb: string; seconds: number}> {
  const {parameters = [], after} = quick[name] ?? {};
  // Chapter 5 would give its run a number beside an earlier one.
  if (name.startsWith('05-')) rmSync(run, {recursive: true, force: true});
  if (name.startsWith('09-'))
    for (const stage of ['frozen', 'best', 'best-scst'])
      rmSync(`${staged}-${stage}`, {recursive: true, force: true});
  if (name.startsWith('10-')) rmSync(biased, {recursive: true, force: true});
  if (name.startsWith('11-')) rmSync(own, {recursive: true, force: true});
  if (name.startsWith('07-'))
    for (const kind of ['adaptive', 'transformer'])
      rmSync(`${looking}-${kind}`, {recursive: true, force: true});
  if (after !== undefined) await quickReport(after);
  const {report} = await reportTool();
  return report(join(folder, name), parameters, {
    folder: join(projectRoot, '.build', 'reports'),
    output: name.replace('.ipynb', ''),
    replace: true,
    log: () => {},
  });
}
