/**
 * Benchmarks training on several workers: 1, 2 and 4 of them, each with a core, on the loopback interface of a network namespace of their
 * own. All are measured in turns, so that other load on the machine affects them alike, and compared with a model: of a step of `a` batches
 * that take `c` seconds each, and a sum of gradients that takes `r`, N workers need `a · c / N + r`.
 */
import {spawn, spawnSync} from 'node:child_process';
import {loadavg} from 'node:os';
import {createInterface} from 'node:readline';
import {fileURLToPath} from 'node:url';
import {BenchError} from './pytorch.mjs';

const worker = fileURLToPath(new URL('scaling/worker.mjs', import.meta.url));
/** Batches that a step learns from. */
const accumulate = 4;
const counts = {steps: 2, sums: 5, pings: 50};

/** The workers of one cluster, in the namespace of `keeper`. */
class Cluster {
  #workers;
  #answers;

  constructor(size, cores, keeper, port) {
    this.size = size;
    const addresses = Array.from({length: size}, (_, rank) => `127.0.0.1:${port + rank}`);
    this.#workers = addresses.map((_, index) => {
      const core = cores[index % cores.length];
      const config = {cluster: {worker: addresses}, task: {type: 'worker', index}};
      const one = {OMP_NUM_THREADS: '1', TF_NUM_INTRAOP_THREADS: '1', TF_NUM_INTEROP_THREADS: '1'};
      return spawn(
        'nsenter',
        [
          ...['--preserve-credentials', '-U', '-n', '-t', `${keeper.pid}`],
          ...['taskset', '-c', `${core}`, process.execPath, worker, `${accumulate}`],
        ],
        {
          env: {...process.env, ...one, ...(size > 1 && {TF_CONFIG: JSON.stringify(config)})},
          stdio: ['pipe', 'pipe', 'pipe'],
        },
      );
    });
    const errors = this.#workers.map(() => '');
    this.#answers = this.#workers.map((child, at) => {
      child.stderr.on('data', (bytes) => (errors[at] = (errors[at] + bytes).slice(-2000)));
      child.stdin.on('error', () => {});
      const lines = createInterface({input: child.stdout})[Symbol.asyncIterator]();
      return async () => {
        const {value, done} = await lines.next();
        if (done)
          throw new BenchError(`worker ${at} of ${size} ended: ${errors[at].trim().split('\n').at(-1)}`);
        return JSON.parse(value);
      };
    });
  }

  /** @returns {Promise<number>} Number of weights. */
  async ready() {
    const [{weights}] = await this.#all();
    return weights;
  }

  /** @returns {Promise<number>} Seconds for one step, or one sum, of the slowest worker. */
  async measure(what) {
    for (const child of this.#workers) child.stdin.write(`${what} ${counts[what]}\n`);
    return Math.max(...(await this.#all()).map(({seconds}) => seconds));
  }

  stop() {
    for (const child of this.#workers) child.kill('SIGKILL');
  }

  #all() {
    return Promise.all(this.#answers.map((answer) => answer()));
  }
}

/**
 * Measures and prints.
 *
 * @param {number} rounds Measurements of each cluster.
 * @returns {Promise<object>} Medians, in seconds.
 */
export async function scaling(rounds) {
  const cores = allowedCores();
  if (spawnSync('unshare', ['-rn', 'ip', 'link', 'set', 'lo', 'up']).status !== 0)
    throw new BenchError(
      'scaling: network namespaces are not allowed here, and its servers, which anyone may use, must not listen outside of one',
    );
  const keeper = spawn('unshare', ['-rn', 'sh', '-c', 'ip link set lo up && echo ready && exec cat'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const clusters = [];
  try {
    await new Promise((ready) => keeper.stdout.once('data', ready));
    for (const size of [1, 2, 4]) clusters.push(new Cluster(size, cores, keeper, 24000 + 10 * size));
    const [weights] = await Promise.all(clusters.map((one) => one.ready()));
    for (const one of clusters) await one.measure('steps');
    const found = new Map(clusters.map(({size}) => [size, {steps: [], sums: [], pings: []}]));
    const load = loadavg()[0];
    for (let round = 0; round < rounds; round++) {
      if (process.stderr.isTTY) process.stderr.write(`\rscaling: round ${round + 1} of ${rounds}\x1b[K`);
      for (const one of clusters)
        for (const what of one.size > 1 ? Object.keys(counts) : ['steps'])
          found.get(one.size)[what].push(await one.measure(what));
    }
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    return report(found, {weights, cores, load});
  } finally {
    for (const one of clusters) one.stop();
    keeper.stdin.end();
  }
}

function report(found, {weights, cores, load}) {
  const alone = median(found.get(1).steps);
  const batch = alone / accumulate;
  console.log(
    `attention decoder, ${(weights / 1e6).toFixed(1)} M weights, ${accumulate} batches a step, ${cores.length} cores, load ${load.toFixed(1)} at the start`,
  );
  console.log('workers   step, s   sum, s   ping, ms   faster   by the model');
  const rows = [...found].map(([size, {steps, sums, pings}]) => {
    // Each round by itself: its clusters ran under the same conditions.
    const ratios = steps.map((seconds, round) => found.get(1).steps[round] / seconds);
    const sum = size > 1 ? median(sums) : 0;
    const shared = Math.max(1, size / cores.length);
    const model = alone / ((batch * accumulate * shared) / size + sum);
    const ping = size > 1 ? median(pings) : 0;
    return {workers: size, step: median(steps), steps, sum, ping, faster: median(ratios), ratios, model};
  });
  for (const {workers, step, sum, ping, faster, ratios, model} of rows) {
    const range = `(${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)})`;
    const cells = [
      step.toFixed(3).padStart(9),
      sum.toFixed(3).padStart(8),
      (ping * 1000).toFixed(1).padStart(10),
      faster.toFixed(2).padStart(8),
    ];
    console.log(`${`${workers}`.padStart(7)} ${cells.join(' ')} ${range}   ${model.toFixed(2)}`);
  }
  return {name: 'scaling', weights, accumulate, cores: cores.length, load, rows};
}

/** The first cores that this process may use; more workers than these share them. */
function allowedCores() {
  const {stdout} = spawnSync('taskset', ['-cp', `${process.pid}`], {encoding: 'utf8'});
  const list = /list: (.*)/.exec(stdout ?? '')?.[1];
  if (list === undefined) throw new BenchError('scaling: expected the program taskset, found none');
  const all = list.split(',').flatMap((part) => {
    const [from, to = from] = part.split('-').map(Number);
    return Array.from({length: to - from + 1}, (_, at) => from + at);
  });
  return all.slice(0, 4);
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}
