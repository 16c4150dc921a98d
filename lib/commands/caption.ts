/** `captioner caption`: writes a caption for each image, or samples several. */
import {Captioner, type OnResult} from '../captioner';
import type {Captioned, Sampled} from '../captioner';
import type {InferenceViews} from '../encoders/augmentation';
import {CaptionerError} from '../errors';
import {later} from '../show-progress';
import {progress} from '../show/progress';
import {CaptionOutput} from './caption-output';
import {findImages} from './find-images';
import {
  checkpointsOf,
  clearLine,
  complain,
  continued,
  searchOf,
  seeingOf,
  weightsOf,
  type SearchFlags,
} from './io';

export interface CaptionFlags extends SearchFlags, InferenceViews {
  readonly checkpoint?: readonly string[];
  /** Prints JSON Lines, with every hypothesis and the log-probabilities of its words. */
  readonly json?: boolean;
  readonly csv?: boolean;
  /** Number of images to leave out, because an earlier call captioned them. */
  readonly skip?: number;
  readonly weights?: string;
}

/** Number of images from which on a bar is worth its place. */
const many = 8;

/**
 * Captions images and prints each caption as soon as it is there. Unreadable images are named on stderr and set the exit code to 1; the
 * others are captioned.
 *
 * @throws CaptionerError `stopped`, which says how to continue.
 */
export async function caption(names: readonly string[], flags: CaptionFlags): Promise<void> {
  const {json = false, csv = false, skip = 0} = flags;
  if (json && csv) throw new CaptionerError('options', 'Expected --json or --csv, got both');
  const options = searchOf(flags);
  const {images, problems, single} = await findImages(names);
  const complainOf = (error: unknown): void => {
    complain(error);
    process.exitCode = 1;
  };
  for (const problem of problems) complainOf(problem);
  const left = images.slice(skip);
  if (left.length === 0) return;
  const captioner = await Captioner.load(checkpointsOf(flags), {...weightsOf(flags), ...seeingOf(flags)});
  const output = new CaptionOutput(json ? 'json' : csv ? 'csv' : 'text', !single, skip > 0);
  await output.begin();
  let done = skip;
  const onResult: OnResult<Captioned | Sampled> = async (result) => {
    const {name} = images[done]!;
    clearLine();
    if ('error' in result) complainOf(result.error);
    else await output.print(name, result);
    done++;
  };
  const files = left.map(({file}) => file);
  const shown = {progress: left.length < many ? (false as const) : later(progress)};
  try {
    if (flags.sample === undefined) await captioner.captionEach(files, onResult, {...options, ...shown});
    else
      await captioner.sampleEach(files, onResult, {
        ...options,
        ...shown,
        samples: flags.sample,
        ...(skip > 0 && {first: ((options as {first?: number}).first ?? 0) + skip}),
      });
  } catch (error) {
    throw continued(error, `what is printed is done; add --skip ${done} to caption the rest`);
  }
}
