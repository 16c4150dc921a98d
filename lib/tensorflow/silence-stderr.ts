/**
 * Keeps TensorFlow's greeting off the terminal. It is written by native code before any log level is read, so the file
 * descriptor itself has to look away for as long as the library loads.
 */
import {closeSync, fstatSync, openSync} from 'node:fs';

/** Runs `load` with stderr turned away, where that can be undone; asked for all messages, TensorFlow keeps its stderr. */
export function silenceStderr(load: () => void): void {
  const kept = process.env['TF_CPP_MIN_LOG_LEVEL'] === '0' ? undefined : keepStderr();
  if (kept === undefined) return load();
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

/** Another way to where stderr leads. To a file there is none that shares its position, so files get the greeting. */
function keepStderr(): number | undefined {
  try {
    const stat = fstatSync(2);
    return stat.isFIFO() || stat.isCharacterDevice() ? openSync('/proc/self/fd/2', 'a') : undefined;
  } catch {
    return undefined;
  }
}
