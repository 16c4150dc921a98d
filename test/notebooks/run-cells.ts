/** Runs cells in one real kernel, one after the other. */
import {spawn} from 'node:child_process';
import {join} from 'node:path';
import {projectRoot, python} from '../support';

/** What came of a cell. */
export interface CellResult {
  readonly status: string;
  readonly text: string;
}

export function runCells(cells: readonly string[]): Promise<CellResult[]> {
  return new Promise((resolve, reject) => {
    const child = spawn(python(), [join(projectRoot, 'test', 'notebooks', 'stop.py')]);
    let [out, errors] = ['', ''];
    child.stdout.on('data', (text: Buffer) => (out += text.toString()));
    child.stderr.on('data', (text: Buffer) => (errors += text.toString()));
    child.on('close', (code) => {
      if (code !== 0) return reject(new Error(errors));
      const results = out.split('\n').filter((line) => line !== '');
      resolve(
        results.map((line) => {
          const {statuses, texts} = JSON.parse(line) as {statuses?: string[]; texts: string[]};
          return {status: statuses?.[0] ?? 'dead', text: texts[0]!};
        }),
      );
    });
    const actions = cells.map((code) => ({code}));
    child.stdin.end(JSON.stringify({folder: join(projectRoot, 'notebooks'), actions}));
  });
}
