/** `captioner card`: a model card of a run or a checkpoint, as Markdown and as a page. */
import {join} from 'node:path';
import {assertNoCard} from '../card/card-files';
import {userPath} from '../paths';
import {progress} from '../show/progress';
import {open, splitOption} from './data';
import {continued, print, searchOf, warn, weightsOf, type SearchFlags} from './io';

export interface CardFlags extends Omit<SearchFlags, 'sample'> {
  readonly data?: string;
  readonly split?: string;
  readonly to?: string;
  /** Number of images to caption. */
  readonly limit?: number;
  /** Whether the page shows photographs. */
  readonly images?: boolean;
  readonly licence?: string;
  readonly weights?: string;
  readonly replace?: boolean;
  /** Whether more than one image in a hundred may be missing. */
  readonly allowMissing?: boolean;
}

export async function card(run: string, flags: CardFlags): Promise<void> {
  const {data, limit, images = false, licence, replace = false, to = join(run, 'card')} = flags;
  const split = flags.split === undefined ? undefined : splitOption(flags.split);
  // Before minutes of captioning.
  if (!replace) assertNoCard(to);
  const search = searchOf(flags);
  const dataset = data === undefined ? undefined : await open(data);
  // Wrong options are reported before TensorFlow is loaded.
  const {modelCard} = await import('../card/model-card.js');
  const made = await modelCard(userPath(run), {
    search,
    photographs: images,
    progress,
    ...weightsOf(flags),
    ...(dataset && {data: dataset}),
    ...(split && {split}),
    ...(limit !== undefined && {limit}),
    ...(flags.allowMissing && {allowMissing: true}),
    ...(licence !== undefined && {licence}),
  }).catch((error: unknown) => {
    throw continued(error, 'run the command again; features that are done are kept');
  });
  if (!made.assessment) warn('the dataset is not recorded, so the card has no scores; name it with --data');
  for (const file of await made.save(to, {replace})) print(file);
}
