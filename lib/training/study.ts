/**
 * A study of Optuna, which several workers may share: Python hands out trials (tools/study.py) over lines of JSON, and keeps its heartbeat
 * while they are trained. Loads no TensorFlow.
 */
import {spawn, type ChildProcessByStdio} from 'node:child_process';
import {join} from 'node:path';
import {createInterface} from 'node:readline';
import type {Readable, Writable} from 'node:stream';
import {CaptionerError} from '../errors';
import {outputFolder, projectFolder, pythonFolder, userPath} from '../paths';
import type {SearchSpace} from './search-space';

/** The settings of a study; all of its workers have the same. */
export interface StudySettings {
  /** Address of the database, as SQLAlchemy has it. */
  readonly storage: string;
  readonly study: string;
  readonly space: SearchSpace;
  readonly direction: 'maximize' | 'minimize';
  /** Trials that the study is to have, without failed ones. */
  readonly trials: number;
  readonly prune: boolean;
  /** Complete trials before any is pruned. */
  readonly startup: number;
  /** Seconds after which a silent worker's trial is given to another. */
  readonly heartbeat: number;
  /** Further facts that must be the same for all workers, by name. */
  readonly facts: Readonly<Record<string, string>>;
}

/** A trial that was handed out. */
export interface Trial {
  readonly number: number;
  /** Name of the folder of its run: that of its first try. */
  readonly run: string;
  readonly values: Readonly<Record<string, string | number | boolean>>;
}

/** How a trial ended. `again` has it tried again by whichever worker is next. */
export type TrialEnd =
  | {readonly state: 'complete'; readonly value: number}
  | {
      readonly state: 'pruned' | 'again' | 'failed';
      readonly reason?: string;
      /** Whether this worker takes no further trial. */
      readonly last?: boolean;
    };

/** A finished study. */
export interface StudyResult {
  readonly complete: number;
  readonly pruned: number;
  readonly best?: {
    readonly trial: number;
    readonly run: string;
    readonly host: string;
    readonly value: number;
    readonly values: Trial['values'];
  };
}

interface Answer {
  readonly trial?: number;
  readonly run?: string;
  readonly values?: Trial['values'];
  readonly prune?: boolean;
  readonly waiting?: number;
  readonly end?: StudyResult;
  readonly error?: string;
  readonly missing?: boolean;
  readonly lost?: boolean;
  readonly facts?: Readonly<Record<string, string>>;
}

/** The connection to a study. */
export class Study {
  readonly #python: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #lines: AsyncIterator<string>;
  #stderr = '';

  /** @throws CaptionerError `not-found` without the project's Python */
  constructor(private readonly settings: StudySettings) {
    this.#python = startPython('trials', settings);
    this.#lines = createInterface({input: this.#python.stdout})[Symbol.asyncIterator]();
    this.#python.stderr.on('data', (bytes) => (this.#stderr = `${this.#stderr}${bytes}`.slice(-2000)));
    this.#python.stdin.on('error', () => {}); // its end is noticed where an answer is read
  }

  /**
   * Waits for the next trial.
   *
   * @param onWaiting Is told how many trials are still run by others, when there is nothing left to start.
   * @returns The trial, or how the study ended; undefined if this connection was closed.
   * @throws CaptionerError `options` where the storage can't be opened; `mismatch` where the study has other settings; `cluster` if its
   *   trial was given to another worker
   */
  async next(onWaiting: (trials: number) => void): Promise<Trial | StudyResult | undefined> {
    for (;;) {
      const answer = await this.#read();
      if (answer?.waiting !== undefined) onWaiting(answer.waiting);
      else if (answer?.trial !== undefined)
        return {number: answer.trial, run: answer.run!, values: answer.values!};
      else return answer?.end;
    }
  }

  /** Reports the score of an epoch of the running trial. @returns Whether the trial is to be pruned. */
  async report(epoch: number, value: number): Promise<boolean> {
    this.#write({epoch, value});
    return (await this.#read())?.prune ?? false;
  }

  /** Ends the running trial. */
  end(end: TrialEnd): void {
    this.#write(end);
  }

  /** Closes the connection. A trial that is still running is tried again. */
  async close(): Promise<void> {
    this.#python.stdin.end();
    if (this.#python.exitCode !== null || this.#python.signalCode !== null) return;
    await new Promise((done) => this.#python.once('close', done));
  }

  #write(line: object): void {
    this.#python.stdin.write(`${JSON.stringify(line)}\n`);
  }

  async #read(): Promise<Answer | undefined> {
    const line = await this.#lines.next();
    if (!line.done) return checked(JSON.parse(line.value) as Answer, this.settings);
    const code = await new Promise<number | null>((done) => {
      if (this.#python.exitCode !== null) done(this.#python.exitCode);
      else this.#python.once('close', done);
    });
    if (code === 0) return undefined;
    const reason = this.#stderr.trim().split('\n').at(-1) ?? '';
    throw new Error(`study.py ended with ${code ?? this.#python.signalCode}: ${reason}`);
  }
}

/** A study as it is now. */
export interface StudyState {
  readonly metric: string;
  readonly direction: StudySettings['direction'];
  /** Optuna's figures, as Plotly has them; none before two trials with different scores are complete. */
  readonly figures: Partial<
    Record<
      'importance' | 'parallel',
      {
        readonly data: readonly Readonly<Record<string, unknown>>[];
        readonly layout: Readonly<Record<string, unknown>>;
      }
    >
  >;
  readonly trials: readonly {
    readonly trial: number;
    readonly run: string | null;
    readonly state: string;
    readonly value: number | null;
    readonly values: Trial['values'];
  }[];
}

/** Reads a study, which may still be running. @throws CaptionerError as `Study.next` */
export async function readStudy(settings: Pick<StudySettings, 'study' | 'storage'>): Promise<StudyState> {
  const python = startPython('figures', settings);
  let [text, stderr] = ['', ''];
  python.stdout.setEncoding('utf8').on('data', (part: string) => (text += part));
  python.stderr.setEncoding('utf8').on('data', (part: string) => (stderr = (stderr + part).slice(-2000)));
  await new Promise((done) => python.once('close', done));
  if (text === '') throw new Error(`study.py: ${stderr.trim().split('\n').at(-1)}`);
  return checked(JSON.parse(text) as Answer & StudyState, {...settings, facts: {}});
}

/** Starts study.py and hands it its settings. @throws CaptionerError `not-found` without the project's Python */
export function startPython(
  mode: 'trials' | 'figures',
  settings: object,
): ChildProcessByStdio<Writable, Readable, Readable> {
  const root = pythonFolder();
  if (root === undefined)
    throw new CaptionerError(
      'not-found',
      `a sweep needs Python with Optuna: expected it in ${join(projectFolder(), '.venv')}, found none; run \`npm start\``,
    );
  const program = join(projectFolder(), 'tools', 'study.py');
  const child = spawn(join(root, 'bin', 'python'), [program, mode], {stdio: ['pipe', 'pipe', 'pipe']});
  child.stdin.write(`${JSON.stringify(settings)}\n`);
  return child;
}

/** @throws CaptionerError where the answer is an error */
function checked<Given extends Answer>(
  answer: Given,
  {study, storage, facts}: Pick<StudySettings, 'study' | 'storage' | 'facts'>,
): Given {
  const {error, missing, lost, facts: found} = answer;
  if (error === undefined) return answer;
  if (missing)
    throw new CaptionerError('not-found', `a sweep needs Optuna: ${error}; run \`npm start\` to install it`);
  if (lost) throw new CaptionerError('cluster', `study ${study}: ${error}; start this worker again`);
  if (found === undefined)
    throw new CaptionerError('options', `study ${study} in ${withoutPassword(storage)}: ${error}`);
  const names = [...new Set([...Object.keys(found), ...Object.keys(facts)])];
  const differing = names.filter((name) => found[name] !== facts[name]);
  const what = differing.map((name) => `${name} ${found[name] ?? 'none'}, got ${facts[name] ?? 'none'}`);
  throw new CaptionerError(
    'mismatch',
    `study ${study}: expected ${what.join('; ')}; its workers need the same space and command, and another sweep another --study`,
  );
}

/** Returns an address without its password, for messages. */
export function withoutPassword(storage: string): string {
  return storage.replace(/(:\/\/[^:@/]*):[^@/]*@/, '$1:…@');
}

/** Returns the folder of a study's runs: `checkpoints/<study>`, unless another is named. */
export function studyFolder(study: string, run?: string): string {
  return run === undefined ? join(outputFolder(), 'checkpoints', study) : userPath(run);
}

/** Returns the address of a study's database: SQLite's file in the folder of its runs, unless another is named. @throws CaptionerError `options` */
export function storageOf(storage: string | undefined, folder: string): StudySettings['storage'] {
  if (storage === undefined) return `sqlite:///${join(folder, 'study.db')}`;
  if (/^(sqlite:\/\/\/|(postgresql|mysql)(\+\w+)?:\/\/)/.test(storage)) return storage;
  throw new CaptionerError(
    'options',
    `--storage: expected sqlite:///FILE, for workers on one machine, or postgresql://USER@HOST/DATABASE, got ${storage.split(':')[0]}:…; ` +
      `a journal file has no heartbeat, so that a killed worker's trial would never be tried again`,
  );
}
