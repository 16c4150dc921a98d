/** Runs cells in one real kernel, one after the other. */
import {inKernel} from './stopping';

/** Result of a cell. */
export interface CellResult {
  readonly status: string;
  readonly text: string;
}

export async function runCells(cells: readonly string[]): Promise<CellResult[]> {
  const results = await inKernel(cells.map((code) => ({code})));
  return results.map(({statuses, texts}) => ({
    // A kernel that died gives none.
    status: (statuses as readonly string[] | undefined)?.[0] ?? 'dead',
    text: texts[0]!,
  }));
}
