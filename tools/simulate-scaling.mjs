/**
 * Simulates training on many workers, from what `npm run bench -- scaling --json FILE` measured: every batch takes a time drawn from the
 * measured ones, a step waits for its slowest worker, and then the ring of gradients takes its time on the network. Prints the hours and the
 * efficiency for COCO and for ten million pairs. `--check` compares the simulation with the measured steps of several workers instead.
 */
import {readFileSync} from 'node:fs';

const usage = `Usage: node tools/simulate-scaling.mjs FILE [--check]

FILE is what npm run bench -- scaling --json FILE has written.`;

/** Floats that are sent at once, as in lib/tensorflow/collectives.ts. */
const bucket = 4_000_000;
const steps = 500;

/** A random generator with a seed (mulberry32), so that a simulation can be repeated. */
function generator(seed) {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/**
 * Seconds that a ring takes to add up a vector: each worker sends 2(N − 1)/N of it, in 2(N − 1) rounds.
 *
 * @param {{weights: number, workers: number, bandwidth: number, latency: number}} what `bandwidth` in bytes a second, `latency` in
 *   seconds a round.
 */
function ring({weights, workers, bandwidth, latency}) {
  const rounds = 2 * (workers - 1);
  const buckets = Math.ceil(weights / bucket);
  return ((rounds / workers) * weights * 4) / bandwidth + rounds * latency * buckets;
}

/**
 * Mean seconds of a step.
 *
 * @param {{batches: readonly number[], workers: number, accumulate: number, sum: number, slower?: number}} what `batches` are times to
 *   draw from; `slower` is a factor for workers that share a core.
 */
function simulate({batches, workers, accumulate, sum, slower = 1}) {
  const random = generator(workers * 1000 + accumulate);
  const draw = () => batches[Math.floor(random() * batches.length)] * slower;
  let total = 0;
  for (let step = 0; step < steps; step++) {
    let slowest = 0;
    for (let rank = 0; rank < workers; rank++) {
      let own = 0;
      for (let part = rank; part < accumulate; part += workers) own += draw();
      slowest = Math.max(slowest, own);
    }
    total += slowest + sum;
  }
  return total / steps;
}

/** Reads the benchmark's measurements of this machine. */
function constantsOf([{weights, accumulate, cores, rows}]) {
  const [alone, two] = [1, 2].map((workers) => rows.find((row) => row.workers === workers));
  // A ping of two workers is two rounds.
  const latency = two.ping / 2;
  const buckets = Math.ceil(weights / bucket);
  const bandwidth = (weights * 4) / Math.max(1e-3, two.sum - two.ping * buckets);
  return {
    weights,
    accumulate,
    cores,
    rows,
    latency,
    bandwidth,
    batches: alone.steps.map((step) => step / accumulate),
  };
}

function check({weights, accumulate, cores, rows, latency, bandwidth, batches}) {
  console.log('workers   measured, s   simulated, s');
  for (const {workers, step} of rows) {
    const slower = Math.max(1, workers / cores);
    const sum = workers > 1 ? slower * ring({weights, workers, bandwidth, latency}) : 0;
    const simulated = simulate({batches, workers, accumulate, sum, slower});
    console.log(
      `${`${workers}`.padStart(7)} ${step.toFixed(3).padStart(13)} ${simulated.toFixed(3).padStart(14)}`,
    );
  }
}

const sets = [
  {name: 'COCO', captions: 600_000},
  {name: 'ten million pairs', captions: 10_000_000},
];
const networks = [
  {name: '1 Gbit/s', bandwidth: 125e6},
  {name: '10 Gbit/s', bandwidth: 1.25e9},
];
const batch = 64;

function plan({weights, latency, bandwidth: ours, batches}) {
  console.log(
    `${(weights / 1e6).toFixed(1)} M weights, ${(batches.reduce((a, b) => a + b) / batches.length).toFixed(3)} s a batch of ${batch} on one core, ` +
      `gRPC ${(ours / 1e9).toFixed(2)} GB/s, ${(latency * 1000).toFixed(2)} ms a round`,
  );
  console.log(
    'data                workers  batches a worker  network     h an epoch  efficiency  captions a step',
  );
  for (const {name, captions} of sets)
    for (const workers of [1, 2, 8, 16, 64])
      for (const each of [1, 4])
        for (const network of networks) {
          if (workers === 1 && (each > 1 || network !== networks[0])) continue;
          const accumulate = workers * each;
          // gRPC itself is a limit, too.
          const bandwidth = Math.min(network.bandwidth, ours);
          const sum = workers > 1 ? ring({weights, workers, bandwidth, latency}) : 0;
          const seconds = simulate({batches, workers, accumulate, sum});
          const alone = simulate({batches, workers: 1, accumulate, sum: 0});
          const hours = (seconds * captions) / batch / accumulate / 3600;
          const cells = [
            name.padEnd(19),
            `${workers}`.padStart(7),
            `${each}`.padStart(17),
            ` ${workers > 1 ? network.name : ''}`.padEnd(12),
            hours.toFixed(hours < 1 ? 2 : 1).padStart(10),
            `${Math.round((100 * alone) / workers / seconds)} %`.padStart(11),
            `${accumulate * batch}`.padStart(16),
          ];
          console.log(cells.join(' '));
        }
}

const [file, ...flags] = process.argv.slice(2);
if (file === undefined || flags.some((flag) => flag !== '--check')) {
  console.error(usage);
  process.exitCode = 2;
} else {
  const constants = constantsOf(JSON.parse(readFileSync(file, 'utf8')));
  (flags.length > 0 ? check : plan)(constants);
}
