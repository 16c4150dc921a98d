/** Commands in this process, which a test runs dozens of times. */
import {main} from 'captioner/dist/cli';

/** How a command ended, and what it printed. */
export interface Ended {
  readonly code: number;
  readonly text: string;
}

/** Runs a command in this process. */
export async function captioner(args: readonly string[]): Promise<Ended> {
  const streams = [process.stdout, process.stderr];
  const originals = streams.map((stream) => stream.write.bind(stream));
  const before = process.exitCode;
  let text = '';
  for (const stream of streams) stream.write = (part: string | Uint8Array) => ((text += String(part)), true);
  process.exitCode = 0;
  try {
    await main(args);
    return {code: Number(process.exitCode ?? 0), text};
  } finally {
    for (const [at, stream] of streams.entries()) {
      stream.write = originals[at]!;
      stream.removeAllListeners('error');
    }
    process.exitCode = before;
  }
}
