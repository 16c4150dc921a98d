/**
 * Benchmarks the library against PyTorch, or against Keras or pycocoevalcap if the benchmark's name says so. A benchmark is a pair
 * of programs, `bench/<name>.mjs` and `bench/<name>.py`, that do the same work: each prints a line `{"ready": true}` when it is
 * set up, then does one block of work for every line on its input and prints `{"seconds": …, "amount": …}`. The two programs
 * alternate, so that other load on the machine affects both.
 */
import {spawn} from 'node:child_process';
import {readdirSync, writeFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {createInterface} from 'node:readline';
import {setTimeout as pause} from 'node:timers/promises';
import {fileURLToPath} from 'node:url';
import {BenchError, pytorch} from './bench/pytorch.mjs';
import {scaling} from './bench/scaling.mjs';
import {openProject} from './setup/project.mjs';
import {environment} from './setup/python.mjs';

const folder = fileURLToPath(new URL('bench', import.meta.url));
const files = readdirSync(folder);
/** Benchmarks that take another one's programs and pass them a size. */
const variants = {
  'train-lstm-16': ['train-lstm', '16'],
  'train-attention-16': ['train-attention', '16'],
  'train-transformer-16': ['train-transformer', '16'],
  'beam-search-1': ['beam-search', '1'],
};
export const names = [
  ...files
    .filter((file) => file.endsWith('.py') && files.includes(file.replace(/\.py$/, '.mjs')))
    .map((file) => file.replace(/\.py$/, '')),
  ...Object.keys(variants),
].sort();

const usage = `Usage: npm run bench [-- NAME…] [--json FILE] [--rounds N]

Runs the named benchmarks, or all: ${names.join(', ')}.
By itself, "scaling" compares trainings of 1, 2 and 4 workers.
  --json FILE   also write the results as a JSON array of {name, ours, theirs, ratio}
  --rounds N    measurements of each side, 5 or more (default 8)`;

// Milliseconds. Getting ready includes loading TensorFlow or PyTorch and preparing the benchmark's data.
const patience = {ready: 300_000, block: 600_000};

/** One side of a benchmark: a process that does one block of work at a time. */
class Side {
  #child;
  #lines;
  #ended;
  #stderr = '';

  constructor(program, args) {
    this.name = args[0];
    this.#child = spawn(program, args, {stdio: ['pipe', 'pipe', 'pipe']});
    this.#child.stderr.on('data', (bytes) => (this.#stderr = (this.#stderr + bytes).slice(-4000)));
    this.#child.stdin.on('error', () => {}); // #answer reports that it has ended
    this.#lines = createInterface({input: this.#child.stdout})[Symbol.asyncIterator]();
    this.#ended = new Promise((done) => {
      this.#child.on('error', (error) => done(error.message));
      this.#child.on('close', (code, signal) => done(`it ended with ${signal ?? `exit code ${code}`}`));
    });
  }

  async ready() {
    const {ready, unit} = await this.#answer(patience.ready);
    if (ready !== true) throw new BenchError(`${this.name}: expected {"ready": true} first`);
    return unit;
  }

  /** @returns {Promise<number>} Seconds for one unit of work. */
  async block() {
    this.#child.stdin.write('go\n');
    const {seconds, amount} = await this.#answer(patience.block);
    if (!(seconds > 0 && amount > 0))
      throw new BenchError(`${this.name}: expected seconds and amount above 0, got ${seconds} and ${amount}`);
    return seconds / amount;
  }

  stop() {
    this.#child.kill();
  }

  async #answer(limit) {
    const late = new AbortController();
    const line = await Promise.race([
      this.#lines.next(),
      pause(limit, {value: undefined, late: true}, {signal: late.signal, ref: false}),
    ]);
    late.abort();
    if (line.late) throw new BenchError(`${this.name}: no answer within ${limit / 1000} s`);
    if (line.done) {
      const why = await this.#ended;
      throw new BenchError(`${this.name}: ${why}\n${this.#stderr.trim().split('\n').slice(-6).join('\n')}`);
    }
    try {
      return JSON.parse(line.value);
    } catch {
      throw new BenchError(`${this.name}: expected a line of JSON, got "${line.value}"`);
    }
  }
}

async function measure(name, python, rounds) {
  const [programs, ...sizes] = variants[name] ?? [name];
  const ours = new Side(process.execPath, [join(folder, `${programs}.mjs`), ...sizes]);
  let theirs;
  try {
    // Ours starts first: it writes files that both sides may read.
    const unit = (await ours.ready()) ?? 'seconds';
    theirs = new Side(python, [join(folder, `${programs}.py`), ...sizes]);
    await theirs.ready();
    await ours.block();
    await theirs.block();
    const pairs = [];
    for (let round = 0; round < rounds; round++) {
      pairs.push([await ours.block(), await theirs.block()]);
      if (process.stderr.isTTY) process.stderr.write(`\r${name}: round ${round + 1} of ${rounds}\x1b[K`);
    }
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
    const rate = (seconds) => (unit.startsWith('seconds') ? seconds : 1 / seconds);
    return {
      name,
      unit,
      ours: rate(median(pairs.map(([a]) => a))),
      theirs: rate(median(pairs.map(([, b]) => b))),
      // Per pair, because its two sides ran under the same conditions.
      ratio: median(pairs.map(([a, b]) => b / a)),
      ratios: pairs.map(([a, b]) => b / a),
    };
  } finally {
    ours.stop();
    theirs?.stop();
  }
}

function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function parse(argv) {
  const wanted = [];
  let json;
  let rounds = 8;
  for (let at = 0; at < argv.length; at++) {
    const word = argv[at];
    if (word === '-h' || word === '--help') return undefined;
    if (word === '--json' || word === '--rounds') {
      const value = argv[++at];
      if (value === undefined) throw new BenchError(`Expected a value after ${word}`, 2);
      if (word === '--json') json = resolve(process.env.CAPTIONER_CWD ?? process.env.INIT_CWD ?? '.', value);
      else rounds = Number(value);
    } else if (word.startsWith('-')) {
      throw new BenchError(`Unknown option ${word}; known: --json FILE, --rounds N`, 2);
    } else if (names.includes(word) || (word === 'scaling' && argv.every((one) => !names.includes(one)))) {
      wanted.push(word);
    } else {
      throw new BenchError(`Unknown benchmark "${word}"; known: ${names.join(', ')}`, 2);
    }
  }
  if (!Number.isInteger(rounds) || rounds < 5)
    throw new BenchError(`Expected \`--rounds\` to be an integer from 5 up, got ${rounds}`, 2);
  return {wanted: wanted.length > 0 ? wanted : names, json, rounds};
}

/** The Python of each benchmark. Keras and pycocoevalcap are in the project's environment; PyTorch has its own, created on first use. */
function peerPython(wanted) {
  const own = (name) => name.endsWith('-keras') || name.startsWith('score-');
  const torch = wanted.every(own) ? undefined : pytorch();
  return (name) => (own(name) ? environment(openProject()).python : torch);
}

const digits = (value) => value.toPrecision(3);

async function main() {
  const settings = parse(process.argv.slice(2));
  if (settings === undefined) return console.log(usage);
  if (settings.wanted.includes('scaling')) {
    const result = await scaling(settings.rounds);
    if (settings.json !== undefined)
      writeFileSync(settings.json, `${JSON.stringify([result], undefined, 2)}\n`);
    return;
  }
  const python = peerPython(settings.wanted);
  const width = Math.max(...settings.wanted.map((name) => name.length));
  console.log(`${'benchmark'.padEnd(width)}       ours     theirs   ratio  (above 1: ours is faster)`);
  const results = [];
  for (const name of settings.wanted) {
    const {unit, ratios, ...result} = await measure(name, python(name), settings.rounds);
    results.push(result);
    const range = `${Math.min(...ratios).toFixed(2)} to ${Math.max(...ratios).toFixed(2)}`;
    const cells = [
      digits(result.ours).padStart(10),
      digits(result.theirs).padStart(10),
      result.ratio.toFixed(2).padStart(7),
    ];
    console.log(`${name.padEnd(width)} ${cells.join(' ')}  (${range}; ${unit})`);
  }
  if (settings.json !== undefined) writeFileSync(settings.json, `${JSON.stringify(results, undefined, 2)}\n`);
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error instanceof BenchError ? error.message : error);
    process.exit(error instanceof BenchError ? error.code : 1);
  },
);
