/** Starts the workers of a cluster in a network namespace of their own, where nothing but its loopback is reached. */
import {spawn, spawnSync} from 'node:child_process';
import {join} from 'node:path';
import {projectRoot} from '../support';

/** Whether network namespaces are allowed here. */
export function namespacesAllowed(): boolean {
  return spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status === 0;
}

/** What a worker printed, and how it ended. */
export interface WorkerEnd {
  readonly pid: number;
  readonly from: number;
  /** Whether it has a run's folder. */
  readonly saves: boolean;
  readonly losses: ReadonlyMap<number, number>;
  /** Step after which its training ended, and SHA-256 of its weights then. */
  readonly ended: number;
  readonly digest: string;
  readonly epochs: number;
  /** Lines that the command printed itself. */
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number;
}

type Line = Partial<Omit<WorkerEnd, 'losses'>> & {readonly step?: number; readonly loss?: number};

/** How a test changes workers and watches them. */
export interface ClusterOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Arguments of single workers, in place of those of all. */
  readonly argsOf?: (rank: number) => readonly string[] | undefined;
  /** Workers that never start. */
  readonly missing?: readonly number[];
  /** Is called after each step of each worker. */
  readonly onStep?: (rank: number, step: number, pid: number) => void;
  /** Is called when a worker has ended. */
  readonly onEnd?: (rank: number) => unknown;
}

const worker = join(__dirname, 'cluster-worker.js');
const command = join(projectRoot, 'lib', 'bin', 'captioner.js');

/** Trains alone, in a process of its own. */
export function trainAlone(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<WorkerEnd> {
  return ending([process.execPath, worker, ...args], env);
}

/** Trains on workers of a cluster, and waits for all of them. */
export async function trainTogether(
  size: number,
  args: readonly string[],
  {env = {}, argsOf, missing = [], onStep, onEnd}: ClusterOptions = {},
): Promise<WorkerEnd[]> {
  // All live in one namespace, which the first process makes and the others enter.
  const keeper = spawn('unshare', ['-rn', 'sh', '-c', 'ip link set lo up && echo ready && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    await new Promise((ready) => keeper.stdout.once('data', ready));
    const enter = ['nsenter', '--preserve-credentials', '-U', '-n', '-t', `${keeper.pid}`];
    const addresses = Array.from({length: size}, (_, rank) => `127.0.0.1:${23450 + rank}`);
    const ranks = addresses.map((_, rank) => rank).filter((rank) => !missing.includes(rank));
    return await Promise.all(
      ranks.map(async (rank) => {
        const config = {cluster: {worker: addresses}, task: {type: 'worker', index: rank}};
        const own = {TF_CONFIG: JSON.stringify(config), ...env};
        // One that can't join is the plain command: the other program would try to join twice.
        const program = missing.length > 0 ? command : worker;
        const line = [...enter, process.execPath, program, ...(argsOf?.(rank) ?? args)];
        const end = await ending(line, own, (step, pid) => onStep?.(rank, step, pid));
        onEnd?.(rank);
        return end;
      }),
    );
  } finally {
    keeper.stdin.end();
  }
}

function ending(
  [program, ...args]: readonly string[],
  env: Readonly<Record<string, string>>,
  onStep?: (step: number, pid: number) => void,
): Promise<WorkerEnd> {
  const child = spawn(program!, args, {env: {...process.env, ...env}, stdio: ['ignore', 'pipe', 'pipe']});
  const losses = new Map<number, number>();
  let found: Line = {};
  const text = {stdout: '', stderr: ''};
  let rest = '';
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      if (!line.startsWith('{')) text.stdout += `${line}\n`;
      else {
        const {step, loss, ...more} = JSON.parse(line) as Line;
        found = {...found, ...more};
        if (step === undefined) continue;
        losses.set(step, loss!);
        onStep?.(step, found.pid!);
      }
    }
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (text.stderr += chunk));
  const greeting = /^(WARNING: All log messages before absl|I0000 ).*\n/gm;
  return new Promise((done) => {
    child.on('close', (code, signal) => {
      const stderr = text.stderr.replace(greeting, '');
      const {pid = 0, from = -1, saves = false, ended = -1, digest = '', epochs = -1} = found;
      const ends = {pid, from, saves, ended, digest, epochs, losses};
      done({...ends, stdout: text.stdout, stderr, code: code ?? (signal === 'SIGKILL' ? 137 : 128)});
    });
  });
}
