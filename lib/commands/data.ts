/** Opens the dataset of a command, with a progress bar if that takes long, and prints a summary of it. */
import type {Dataset} from '../datasets/dataset';
import {openDataset} from '../datasets/open-dataset';
import {describeSummary, summarize} from '../datasets/summary';
import {progress, type Progress} from '../show/progress';
import {warn} from './io';

/** Smaller caption files are read too fast for a progress bar. */
const large = 16e6; // bytes
const mega = (bytes: number): number => Math.round(bytes / 1e6);

export async function open(data: string): Promise<Dataset> {
  let bar: Progress | undefined;
  try {
    return await openDataset(data, {
      onProgress: async (done, total) => {
        if (total < large) return;
        bar ??= progress('Reading captions (MB)', mega(total));
        await bar.update(mega(done));
      },
    });
  } finally {
    await bar?.finish();
  }
}

export function introduce(dataset: Dataset): void {
  for (const line of describeSummary(summarize(dataset)).split('\n')) warn(line);
}
