/** Opens the dataset of a command, with a progress bar if that takes long, and prints a summary of it. */
import type {Dataset} from '../datasets/dataset';
import {openDataset} from '../datasets/open-dataset';
import {describeSummary, summarize} from '../datasets/summary';
import {progress} from '../show/progress';
import {warn} from './io';

export function open(data: string): Promise<Dataset> {
  return openDataset(data, {progress});
}

export function introduce(dataset: Dataset): void {
  for (const line of describeSummary(summarize(dataset)).split('\n')) warn(line);
}
