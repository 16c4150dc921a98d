import {execFileSync, spawn, type ChildProcess} from 'node:child_process';
import {readdirSync, readFileSync} from 'node:fs';
import {constants} from 'node:os';
import {createInterface} from 'node:readline';
import {join} from 'node:path';
import {setTimeout as pause} from 'node:timers/promises';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';

/** Number of signals; enough to kill a process whose binding leaves signals unblocked every time. Set by `CAPTIONER_SIGNALS`. */
const enough = Number(process.env['CAPTIONER_SIGNALS'] ?? 6000);
const signals = ['SIGWINCH', 'SIGCHLD', 'SIGUSR2'] as const;

interface Round {
  readonly digest: string;
  readonly handled: number;
}

describe('Signals', () => {
  it('do not change results, and reach their handlers', async () => {
    const {digest} = (await rounds(1).ended)[0]!;
    const {child, found, ready, ended} = rounds(1e6);
    let over = false;
    void ended.catch(() => undefined).then(() => (over = true));
    await ready;
    let sent = 0;
    while (!over && (sent < enough || found.length < 2)) {
      for (const signal of signals) child.kill(signal);
      sent += signals.length;
      await pause(0);
    }
    child.kill('SIGTERM'); // without a handler, ends the process in the middle of a computation
    await ended;
    const [{handled}] = found.slice(-1) as [Round];
    expect(found.map((round) => round.digest)).to.deep.equal(found.map(() => digest));
    expect(handled).to.be.above(sent / 100);
    if (process.env['CAPTIONER_SIGNALS'])
      console.log(`      ${sent} signals, ${handled} handled, ${found.length} rounds`);
  }).timeout(Math.max(120_000, 2 * enough));

  it("are blocked in TensorFlow's threads but not in child processes", function () {
    if (process.platform !== 'linux') this.skip();
    const {threads, child, inWorker} = JSON.parse(script(masks)) as Masks;
    const asynchronous = [
      'SIGINT',
      'SIGTERM',
      'SIGHUP',
      'SIGWINCH',
      'SIGCHLD',
      'SIGPROF',
      'SIGALRM',
    ] as const;
    const faults = ['SIGSEGV', 'SIGBUS', 'SIGFPE', 'SIGILL'] as const;
    const blocks = (mask: string, signal: NodeJS.Signals): boolean =>
      ((BigInt(`0x${mask}`) >> BigInt(constants.signals[signal] - 1)) & 1n) === 1n;
    expect(threads).to.not.have.length(0);
    for (const mask of threads) {
      for (const signal of asynchronous) expect(blocks(mask, signal), signal).to.equal(true);
      for (const signal of faults) expect(blocks(mask, signal), signal).to.equal(false);
    }
    expect([child, inWorker]).to.deep.equal(['0000000000000000', 4]);
  });

  it('reach the profiler', () => {
    const folder = temporaryFolder();
    script(masks, '--cpu-prof', `--cpu-prof-dir=${folder}`);
    const sizes = readdirSync(folder).map((name) => {
      const {samples} = JSON.parse(readFileSync(join(folder, name), 'utf8')) as {samples: unknown[]};
      return samples.length;
    });
    expect(Math.max(...sizes)).to.be.above(100);
  });
});

interface Masks {
  readonly threads: readonly string[];
  readonly child: string;
  readonly inWorker: number;
}

/** Prints the signal masks of TensorFlow's threads and of a child process, and a result computed by a worker thread. */
const masks = `
  const {execFileSync} = require('node:child_process');
  const {readdirSync, readFileSync} = require('node:fs');
  const {Worker} = require('node:worker_threads');
  const mask = (status) => /SigBlk:\\s*(\\w+)/.exec(status)[1];
  const load = "const {tf} = require('captioner/dist/tensorflow/tensorflow'); const ones = tf.ones([2, 2]); const two = tf.matMul(ones, ones).dataSync()[0];";
  eval(load);
  const threads = readdirSync('/proc/self/task')
    .map((task) => readFileSync('/proc/self/task/' + task + '/status', 'utf8'))
    .filter((status) => /^Name:\\s*tf_/.test(status))
    .map(mask);
  const child = mask(execFileSync('cat', ['/proc/self/status']).toString());
  const worker = new Worker(load + "require('node:worker_threads').parentPort.postMessage(2 * two)", {eval: true});
  worker.once('message', (inWorker) => console.log(JSON.stringify({threads, child, inWorker})));`;

/** Runs a script and returns its output. */
function script(code: string, ...flags: readonly string[]): string {
  return execFileSync(process.execPath, [...flags, '-e', code], {
    cwd: projectRoot,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
}

/** Starts compute.ts. It ends after `count` rounds, or on a signal without a handler. */
function rounds(count: number): {
  readonly child: ChildProcess;
  readonly found: readonly Round[];
  readonly ready: Promise<void>;
  readonly ended: Promise<readonly Round[]>;
} {
  const child = spawn(process.execPath, [join(__dirname, 'compute.js'), `${count}`], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const found: Round[] = [];
  let errors = '';
  child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
  let report: () => void;
  const ready = new Promise<void>((resolve) => (report = resolve));
  createInterface(child.stdout).on('line', (line) => {
    if (line === 'ready') report();
    else found.push(JSON.parse(line) as Round);
  });
  const ended = new Promise<readonly Round[]>((resolve, reject) =>
    child.on('close', (code, signal) =>
      code === 0 || signal === 'SIGTERM'
        ? resolve(found)
        : reject(new Error(`ended by ${signal ?? `exit code ${code}`}: ${errors}`)),
    ),
  );
  return {child, found, ready, ended};
}
