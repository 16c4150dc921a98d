/**
 * Sets the environment variables that TensorFlow reads once at start, then loads it or says what is missing. Must be imported before
 * TensorFlow.
 */
import {closeSync, fstatSync, openSync} from 'node:fs';
import {isatty} from 'node:tty';
import util from 'node:util';
import {isMainThread} from 'node:worker_threads';
import {CaptionerError} from '../errors';
import {joinError} from './cluster';

// oneDNN is off by default on processors without AVX-512, where it saves a third of a training step.
process.env['TF_ENABLE_ONEDNN_OPTS'] ??= '1';
process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
// By default a GPU adds in a different order each time, and a resumed run would not repeat exactly.
process.env['TF_DETERMINISTIC_OPS'] ??= '1';
// By default the first process takes all GPU memory, and an open notebook would block the command line.
process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';

// tfjs-node calls two functions of `util` that Node 22 warns about; Node 23 removed one of them.
Object.assign(util, {isArray: Array.isArray, isNullOrUndefined: (value: unknown) => value == null});

try {
  // An import would run before the lines above.
  // eslint-disable-next-line @typescript-eslint/no-require-imports
  silenceStderr(() => void require('@tensorflow/tfjs-node-gpu'));
} catch (cause) {
  const failed = joinError();
  if (failed?.code === 'cluster') throw failed;
  const reason = cause instanceof Error ? (cause.message.split('\n')[0] ?? '') : String(cause);
  throw new CaptionerError(
    'tensorflow',
    `native TensorFlow could not be loaded (${reason}); run \`npm test\` or \`npm start\` to set it up, or \`npx captioner doctor\` to see which part is missing`,
    {cause},
  );
}
const failed = joinError();
if (failed) throw failed;

/**
 * Calls `load` with stderr sent to /dev/null, if that can be undone. TensorFlow writes its greeting in native code before it reads any
 * log level, so the file descriptor itself must be redirected. With `TF_CPP_MIN_LOG_LEVEL=0` stderr is left alone, and so it is in a worker
 * thread: Node closes what a worker opened when the worker ends, which would be the stderr of the whole process.
 */
function silenceStderr(load: () => void): void {
  const leave = process.env['TF_CPP_MIN_LOG_LEVEL'] === '0' || !isMainThread;
  const kept = leave ? undefined : reopenStderr();
  if (kept === undefined) return load();
  // Node makes its stream when it is first asked for. Made while stderr is /dev/null, it would never know that it is a terminal.
  if (isatty(2)) void process.stderr;
  closeSync(2);
  openSync('/dev/null', 'w'); // takes the lowest free number, which is 2
  try {
    load();
  } finally {
    closeSync(2);
    openSync(`/proc/self/fd/${kept}`, 'a');
    closeSync(kept);
  }
}

/** Opens stderr's target a second time. A file reopened this way would not share its position, so files get the greeting. */
function reopenStderr(): number | undefined {
  try {
    const stat = fstatSync(2);
    return stat.isFIFO() || stat.isCharacterDevice() ? openSync('/proc/self/fd/2', 'a') : undefined;
  } catch {
    return undefined;
  }
}
