/** Opens the dataset of a command, with a progress bar if that takes long, and prints a summary of it. */
import {splitNamed, splits, type Dataset, type Split} from '../datasets/dataset';
import {openDataset} from '../datasets/open-dataset';
import {describeSummary, summarize} from '../datasets/summary';
import {CaptionerError} from '../errors';
import {progress} from '../show/progress';
import {warn} from './io';

export function open(data: string): Promise<Dataset> {
  return openDataset(data, {progress});
}

/** Returns the split that a user names, as tables may say it. @throws CaptionerError `options` */
export function splitOption(text: string): Split {
  const split = splitNamed(text);
  if (split !== undefined) return split;
  throw new CaptionerError('options', `Expected --split ${splits.join(', ')}, got ${text}`);
}

export function introduce(dataset: Dataset): void {
  for (const line of describeSummary(summarize(dataset)).split('\n')) warn(line);
}
