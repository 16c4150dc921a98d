/** `captioner caption`: writes a caption for each image, or samples several. */
import {Captioner} from '../captioner';
import type {Sentence} from '../search/beam';
import type {InferenceViews} from '../encoders/augmentation';
import {userPath} from '../paths';
import {later} from '../show-progress';
import {progress} from '../show/progress';
import {checkpointsOf, complain, print, searchOf, seeingOf, weightsOf, type SearchFlags} from './io';

export interface CaptionFlags extends SearchFlags, InferenceViews {
  readonly checkpoint?: readonly string[];
  /** Prints JSON, with every hypothesis and the log-probabilities of its words. */
  readonly json?: boolean;
  readonly weights?: string;
}

/** Captions images. Unreadable images are reported on stderr and set the exit code to 1; the others are captioned. */
export async function caption(images: readonly string[], flags: CaptionFlags): Promise<void> {
  const options = searchOf(flags);
  const captioner = await Captioner.load(checkpointsOf(flags), {...weightsOf(flags), ...seeingOf(flags)});
  const files = images.map(userPath);
  const shown = {progress: later(progress)};
  const results =
    flags.sample === undefined
      ? await captioner.caption(files, {...options, ...shown})
      : await captioner.sample(files, {...options, ...shown, samples: flags.sample});
  const written: {
    readonly image: string;
    readonly caption: string;
    readonly hypotheses?: readonly Written[];
  }[] = [];
  for (const [at, result] of results.entries()) {
    const image = images[at]!;
    if ('error' in result) complain(result.error);
    else if ('samples' in result) written.push(...result.samples.map((one) => ({image, ...inJson(one)})));
    else written.push({image, caption: result.caption, hypotheses: result.hypotheses.map(inJson)});
  }
  if (flags.json) print(JSON.stringify(written, undefined, 2));
  else for (const one of written) print(images.length > 1 ? `${one.image}: ${one.caption}` : one.caption);
  if (results.some((result) => 'error' in result)) process.exitCode = 1;
}

/** A sentence as written to JSON, without its attention maps. */
type Written = Omit<Sentence, 'tokens' | 'attention'> & {readonly caption: string; readonly score?: number};

function inJson({caption, score, finished, logProbabilities}: Written): Written {
  return {caption, ...(score !== undefined && {score}), finished, logProbabilities};
}
