/** Messages between the workers of a cluster besides gradients: the chief's findings, and checks that all of them train the same. */
import {deserialize, serialize} from 'node:v8';
import {CaptionerError} from '../errors';
import {cluster, isChief} from '../tensorflow/cluster';
import {broadcast, gather} from '../tensorflow/collectives';

/**
 * Gives all workers what the chief found; the others wait for it.
 *
 * @param work Runs on the chief only.
 * @throws CaptionerError `cluster`; the chief throws what `work` throws, and ends, which the others notice.
 */
export async function fromChief<T>(work: () => T | Promise<T>): Promise<T> {
  if (!isChief()) return deserialize(broadcast()) as T;
  const found = await work();
  broadcast(serialize(found));
  return found;
}

/** Waits until all workers are here. @throws CaptionerError `cluster` */
export function meet(): void {
  if (cluster().size > 1) gather('', 1);
}

/** Bytes that a worker's facts may take. */
const length = 4096;

/**
 * Checks that all workers agree on what they are about to do.
 *
 * @param facts Values by what they are, for the message: `version` to `0.2.0`.
 * @throws CaptionerError `mismatch` on every worker, naming each that differs from the chief; `cluster`
 */
export function checkAlike(facts: Readonly<Record<string, string>>): void {
  const {workers} = cluster();
  const all = gather(JSON.stringify(facts), length).map((text) => JSON.parse(text) as typeof facts);
  const [chief, ...others] = all as [typeof facts, ...(typeof facts)[]];
  const complaints = others.flatMap((other, at) => {
    const names = [...new Set([...Object.keys(chief), ...Object.keys(other)])];
    const different = names.filter((name) => other[name] !== chief[name]);
    if (different.length === 0) return [];
    const what = different.map((name) => `${name} ${chief[name] ?? 'none'}, got ${other[name] ?? 'none'}`);
    return [`${workers[at + 1]}: expected ${what.join('; ')}`];
  });
  if (complaints.length === 0) return;
  throw new CaptionerError(
    'mismatch',
    `the workers differ from ${workers[0]}, so no step was taken: ${complaints.join('; ')}; give all of them the same command, version and data`,
  );
}
