/** A mock of tslab's output function that records what the library sends. */
import {join} from 'node:path';

export interface Sent {
  readonly data: Record<string, unknown>;
  readonly transient: {display_id?: string};
  readonly update: boolean;
}

const file = join('/', 'node_modules', 'tslab', 'dist', 'jupyter.js');

/** Runs `body` as if in a kernel and returns the messages sent. */
export async function inKernel(body: () => unknown): Promise<Sent[]> {
  const sent: Sent[] = [];
  const lastWriteDisplayData = (message: Omit<Sent, 'update'>, update: boolean): void => {
    sent.push({...structuredClone(message), update});
  };
  require.cache[file] = {exports: {lastWriteDisplayData}} as unknown as NodeModule;
  try {
    await body();
  } finally {
    delete require.cache[file];
  }
  return sent;
}

/** Returns the HTML of a message. */
export function htmlOf(sent: Sent | undefined): string {
  return sent?.data['text/html'] as string;
}

export function textOf(sent: Sent | undefined): string {
  return sent?.data['text/plain'] as string;
}

/** Runs `body` and returns what it printed to stdout and stderr. */
export async function printed(body: () => unknown): Promise<string> {
  let text = '';
  const {log} = console;
  const keep = (chunk: string | Uint8Array): boolean => {
    text += String(chunk);
    return true;
  };
  console.log = (line: string): void => void keep(`${line}\n`);
  process.stderr.write = keep;
  try {
    await body();
  } finally {
    delete (process.stderr as {write?: unknown}).write; // restores the method of the stream's class
    console.log = log;
  }
  return text;
}

/** Runs `body` and returns what it wrote to stdout and stderr. */
export async function written(body: () => unknown): Promise<{stdout: string; stderr: string}> {
  const streams = ['stdout', 'stderr'] as const;
  const text = {stdout: '', stderr: ''};
  for (const name of streams)
    process[name].write = (chunk: string | Uint8Array): boolean => {
      text[name] += String(chunk);
      return true;
    };
  try {
    await body();
  } finally {
    for (const name of streams) delete (process[name] as {write?: unknown}).write; // restores the method of the class
  }
  return text;
}
