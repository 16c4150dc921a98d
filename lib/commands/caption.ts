/** `captioner caption`: a sentence for each picture, or several drawn at random. */
import {Captioner} from '../captioner';
import {userPath} from '../places';
import {checkpointsOf, complain, print, searchOf, weightsOf, type SearchFlags} from './output';

export interface CaptionFlags extends SearchFlags {
  readonly checkpoint?: readonly string[];
  /** How many captions are drawn at random, instead of the best. */
  readonly sample?: number;
  readonly json?: boolean;
  readonly weights?: string;
}

/** Pictures that can't be read are named on stderr and make the exit code 1; the others get their captions. */
export async function caption(images: readonly string[], flags: CaptionFlags): Promise<void> {
  const captioner = await Captioner.load(checkpointsOf(flags), weightsOf(flags));
  const files = images.map(userPath);
  const options = searchOf(flags);
  const results =
    flags.sample === undefined
      ? await captioner.caption(files, options)
      : await captioner.sample(files, {...options, samples: flags.sample});
  const written: {image: string; caption: string}[] = [];
  for (const [at, result] of results.entries()) {
    const image = images[at]!;
    if ('error' in result) complain(result.error);
    else if ('samples' in result) written.push(...result.samples.map(({caption}) => ({image, caption})));
    else written.push({image, caption: result.caption});
  }
  if (flags.json) print(JSON.stringify(written, undefined, 2));
  else for (const one of written) print(images.length > 1 ? `${one.image}: ${one.caption}` : one.caption);
  if (results.some((result) => 'error' in result)) process.exitCode = 1;
}
