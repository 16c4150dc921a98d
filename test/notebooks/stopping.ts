/** Runs cells in a real kernel and presses its stop button; see stop.py. */
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {projectRoot, python} from '../support';

/** A cell, and when stop is pressed while it runs. */
export interface Action {
  readonly code: string;
  readonly stops?: readonly number[];
  readonly then?: readonly string[];
  readonly late?: readonly string[];
}

export interface Result {
  readonly dead?: boolean;
  readonly silent?: boolean;
  readonly statuses: readonly string[];
  readonly texts: readonly string[];
  readonly seconds: number;
}

/** Runs cells in one kernel. */
export function inKernel(actions: readonly Action[]): Promise<Result[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(python(), [join(projectRoot, 'test', 'notebooks', 'stop.py')]);
    let [out, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.on('close', (code) => {
      const results = out
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => JSON.parse(line) as Result);
      if (code === 0) resolve(results);
      else reject(new Error(errors));
    });
    child.stdin.end(JSON.stringify({folder: join(projectRoot, 'notebooks'), actions}));
  });
}
