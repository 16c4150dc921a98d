/** How many chapters run at a time, and the threads of each. */
import {availableParallelism, totalmem} from 'node:os';
import {wantedDevice} from '../setup/project.mjs';

/** Memory that a training kernel takes at most, with room for the rest of the machine. */
const memory = 3 * 2 ** 30; // bytes

/** @returns {{lanes: number, environment: Record<string, string>}} The environment of each chapter while `lanes` run at a time. */
export function lanesOf(env = process.env, cores = availableParallelism(), bytes = memoryOfMachine()) {
  // Two kernels would each want a GPU's whole memory.
  const fit = wantedDevice(env) === 'gpu' ? 1 : Math.min(2, cores, Math.floor(bytes / memory));
  const lanes = Math.max(1, fit);
  if (lanes === 1) return {lanes, environment: {}};
  // Threads of two kernels on one core wait for each other.
  const threads = String(Math.max(1, Math.floor(cores / lanes)));
  const names = ['OMP_NUM_THREADS', 'TF_NUM_INTRAOP_THREADS'].filter((name) => env[name] === undefined);
  return {lanes, environment: Object.fromEntries(names.map((name) => [name, threads]))};
}

/** Returns the memory limit of a container, or the machine's memory. */
function memoryOfMachine() {
  const limit = process.constrainedMemory?.() ?? 0;
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
