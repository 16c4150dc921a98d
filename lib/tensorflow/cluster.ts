/**
 * The cluster that this process trains in: TensorFlow's own distributed runtime, with the workers that the environment variable `TF_CONFIG`
 * lists, as users of TensorFlow know it. Loads no TensorFlow. Its one context joins when it is made (tools/setup/cluster.h), so
 * `joinCluster` is called before it is loaded, by the commands that can share their work.
 */
import {z} from 'zod';
import {CaptionerError} from '../errors';
import {parseOptions} from '../options';

export interface Cluster {
  /** Number of this worker, from 0, which is the chief. */
  readonly rank: number;
  readonly size: number;
  /** Names for messages, by rank: `worker 1 (host1:2222)`. */
  readonly workers: readonly string[];
  /** Prefix of the names of this worker's devices; empty without a cluster. */
  readonly task: string;
}

/** Jobs in the order in which their tasks are numbered; the first task of all is the chief. */
const jobs = ['chief', 'worker'] as const;

const address = z.string().refine((text) => /^[^\s"]+:\d{1,5}$/.test(text), {error: 'expected host:port'});
const config = z.object({
  cluster: z.partialRecord(z.enum(jobs), z.array(address).readonly()),
  task: z.object({type: z.enum(jobs), index: z.coerce.number().int().min(0)}),
});

const alone: Cluster = {rank: 0, size: 1, workers: ['this process'], task: ''};
let current = alone;

/** The cluster of this process; without one, it is the only worker. */
export function cluster(): Cluster {
  return current;
}

/** Whether this process is the worker that validates, writes and logs. */
export function isChief(): boolean {
  return current.rank === 0;
}

/**
 * Reads `TF_CONFIG` and has TensorFlow join that cluster when it is loaded.
 *
 * @throws CaptionerError `options` when `TF_CONFIG` names no cluster, an address twice, or not this task.
 */
export function joinCluster(env: NodeJS.ProcessEnv = process.env): void {
  const text = env['TF_CONFIG'];
  if (!text) return;
  const {cluster: listed, task} = parseOptions(config, parseJson(text), 'TF_CONFIG');
  const tasks = jobs.flatMap((job) =>
    (listed[job] ?? []).map((address, index) => ({job, index, address, device: deviceOf(job, index)})),
  );
  const rank = tasks.findIndex(({job, index}) => job === task.type && index === task.index);
  if (rank < 0)
    throw new CaptionerError(
      'options',
      `TF_CONFIG: expected the task to be one of the cluster's ${tasks.length}, got ${task.type} ${task.index}`,
    );
  const twice = tasks.find(({address}, at) => tasks.findIndex((other) => other.address === address) < at);
  if (twice)
    throw new CaptionerError(
      'options',
      `TF_CONFIG: expected each worker at an address of its own, got ${twice.address} twice`,
    );
  if (tasks.length === 1) return;
  const [heartbeat, join] = [heartbeatOf(env), seconds(env, 'CAPTIONER_JOIN', 600)];
  const workers = tasks.map(({job, index, address}) => `${job} ${index} (${address})`);
  current = {rank, size: tasks.length, workers, task: tasks[rank]!.device};
  env['CAPTIONER_TASK'] = `${current.task}/`;
  env['CAPTIONER_SERVER_DEF'] = serverDef(tasks, rank, {heartbeat, join});
  // Our error says more about a lost worker than TensorFlow's log.
  env['TF_CPP_MIN_LOG_LEVEL'] ??= '3';
}

/** Why TensorFlow could not join, or undefined; called after it was loaded, so that no process that this one starts joins too. */
export function joinError(env: NodeJS.ProcessEnv = process.env): CaptionerError | undefined {
  const reason = env['CAPTIONER_CLUSTER_ERROR'];
  const ignored = env['CAPTIONER_SERVER_DEF'] !== undefined;
  for (const name of ['CAPTIONER_SERVER_DEF', 'CAPTIONER_TASK', 'CAPTIONER_CLUSTER_ERROR']) delete env[name];
  if (reason === undefined && ignored)
    return new CaptionerError(
      'tensorflow',
      'the TensorFlow binding was compiled without support of clusters; run `npm start` or `npm test` to compile it again',
    );
  if (reason === undefined) return undefined;
  const {rank, size, workers} = current;
  return new CaptionerError(
    'cluster',
    `${workers[rank]}: could not join the other ${size - 1} of ${size} workers (${brief(reason)}); check that all of them run and reach each other, then start all again`,
  );
}

/** Turns an error of a collective op into one that says which worker was lost, where TensorFlow names it. */
export function lostWorker(cause: unknown): CaptionerError {
  const {rank, workers} = current;
  const reason = cause instanceof Error ? cause.message : String(cause);
  const named = [...reason.matchAll(/\/job:(\w+)\/replica:0\/task:(\d+)/g)].flatMap(([, job, index]) => {
    const found = workers.findIndex((name) => name.startsWith(`${job} ${index} `));
    return found < 0 || found === rank ? [] : [workers[found]!];
  });
  const who = named.length > 0 ? [...new Set(named)].join(', ') : 'another worker';
  return new CaptionerError(
    'cluster',
    `${workers[rank]}: lost contact with ${who} (${brief(reason)}); start all workers again, with --resume if a checkpoint was saved`,
    {cause},
  );
}

type Task = {readonly job: string; readonly address: string; readonly index: number; readonly device: string};

/** A tensorflow.ServerDef as text, with TensorFlow's coordination service in the chief. */
function serverDef(
  tasks: readonly Task[],
  rank: number,
  {heartbeat, join}: {readonly heartbeat: number; readonly join: number},
): string {
  const {job, index} = tasks[rank]!;
  const leader = quoted(tasks[0]!.device);
  const names = jobs.filter((name) => tasks.some((task) => task.job === name));
  const ofJob = (name: string): readonly Task[] => tasks.filter((task) => task.job === name);
  const members = names.map((name) => {
    const all = ofJob(name).map(({index, address}) => `tasks { key: ${index} value: ${quoted(address)} }`);
    return `job { name: ${quoted(name)} ${all.join(' ')} }`;
  });
  const coordination = [
    `service_type: "standalone" service_leader: ${leader}`,
    'enable_health_check: true cluster_register_with_barrier: true',
    `cluster_register_timeout_in_ms: ${join * 1000} heartbeat_timeout_in_ms: ${heartbeat * 1000}`,
    // Without it a worker that ends counts as finished even if it failed, and the others wait for ever.
    `shutdown_barrier_timeout_in_ms: ${2 * heartbeat * 1000}`,
    ...names.map((name) => `coordinated_job_list { name: ${quoted(name)} num_tasks: ${ofJob(name).length} }`),
  ];
  const experimental = `collective_group_leader: ${leader} collective_nccl: true coordination_config { ${coordination.join(' ')} }`;
  return [
    `cluster { ${members.join(' ')} }`,
    `job_name: ${quoted(job)} task_index: ${index} protocol: "grpc"`,
    `default_session_config { device_filters: ${quoted(`/job:${job}/task:${index}`)} allow_soft_placement: true experimental { ${experimental} } }`,
  ].join('\n');
}

const deviceOf = (job: string, index: number): string => `/job:${job}/replica:0/task:${index}`;
const quoted = (text: string): string => JSON.stringify(text);

/** The first line of a message of TensorFlow's, without what the binding says ahead of it. */
function brief(reason: string): string {
  const [line = ''] = reason
    .replace(/^Invalid TF_Status: \d+\s*(Message: )?/, '')
    .trim()
    .split('\n');
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CaptionerError(
      'options',
      `TF_CONFIG: expected JSON such as {"cluster":{"worker":["host0:2222","host1:2222"]},"task":{"type":"worker","index":0}}, got ${text.slice(0, 80)}`,
      {cause},
    );
  }
}

/** Seconds after which a silent worker counts as lost: `CAPTIONER_HEARTBEAT`. @throws CaptionerError `options` */
export function heartbeatOf(env: NodeJS.ProcessEnv = process.env): number {
  return seconds(env, 'CAPTIONER_HEARTBEAT', 30);
}

function seconds(env: NodeJS.ProcessEnv, name: string, usual: number): number {
  const text = env[name];
  if (!text) return usual;
  if (/^[1-9]\d{0,5}$/.test(text)) return Number(text);
  throw new CaptionerError('options', `${name}: expected whole seconds from 1 up, got ${text}`);
}
