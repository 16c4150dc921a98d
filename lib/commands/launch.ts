/** `captioner launch`: starts the workers of a cluster on this machine, each with its `TF_CONFIG`, and forwards signals to them. */
import {spawn, type ChildProcess} from 'node:child_process';
import {createServer} from 'node:net';
import {constants} from 'node:os';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {launchedVariable} from '../interrupt';
import {exitCodes} from './exit-codes';
import {warn} from './io';

export interface LaunchFlags {
  readonly workers: number;
}

/** Time that workers have to end by themselves after one has failed. */
const patience = 120_000; // ms

const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * @param command Arguments of `captioner`, which must be a `train` command.
 * @throws CaptionerError `options`
 */
export async function launch(command: readonly string[], {workers}: LaunchFlags): Promise<void> {
  if (command[0] !== 'train')
    throw new CaptionerError(
      'options',
      `launch: expected the command train, got ${command[0]}; only a training divides its work`,
    );
  const ports = await freePorts(workers);
  const addresses = ports.map((port) => `127.0.0.1:${port}`);
  const program = join(__dirname, '..', '..', 'bin', 'captioner.js');
  const started = addresses.map((_, index) => {
    const config = {cluster: {worker: addresses}, task: {type: 'worker', index}};
    // In a group of its own, so that Ctrl-C in a terminal reaches it once, from here.
    return spawn(process.execPath, [program, ...command], {
      env: {...process.env, TF_CONFIG: JSON.stringify(config), [launchedVariable]: '1'},
      stdio: ['pipe', 'inherit', 'inherit'],
      detached: true,
    });
  });
  const forward = (signal: NodeJS.Signals): void => started.forEach((worker) => worker.kill(signal));
  for (const signal of signals) process.on(signal, forward);
  let timer: NodeJS.Timeout | undefined;
  const codes = await Promise.all(
    started.map(async (worker, index) => {
      const code = await ended(worker, index);
      if (code !== 0 && code !== exitCodes.stopped)
        timer ??= setTimeout(() => started.forEach((one) => one.kill('SIGKILL')), patience);
      return code;
    }),
  );
  clearTimeout(timer);
  for (const signal of signals) process.off(signal, forward);
  process.exitCode = codeOf(codes);
}

function ended(worker: ChildProcess, index: number): Promise<number> {
  return new Promise((resolve, reject) => {
    worker.on('error', reject);
    worker.on('close', (code, signal) => {
      if (signal) warn(`worker ${index} was ended by ${signal}`);
      resolve(code ?? 128 + constants.signals[signal!]);
    });
  });
}

/** Returns the exit code for several failures: one that another try won't mend comes first. */
function codeOf(codes: readonly number[]): number {
  const failed = codes.filter((code) => code !== 0);
  const killed = (code: number): boolean => code > 128 && code !== exitCodes.stopped;
  const own = failed.find((code) => code !== exitCodes.cluster && !killed(code));
  return own ?? (failed.length > 0 ? exitCodes.cluster : 0);
}

/** Finds ports that nobody listens on. All are held until the last is found, so that they differ. */
async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({length: count}, async () => {
      const server = createServer();
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject).listen(0, '127.0.0.1', resolve);
      });
      return server;
    }),
  );
  return Promise.all(
    servers.map(async (server) => {
      const {port} = server.address() as {port: number};
      await new Promise((resolve) => server.close(resolve));
      return port;
    }),
  );
}
