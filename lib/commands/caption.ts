/** `captioner caption`: a sentence for each picture. */
import {Captioner} from '../captioner';
import {userPath} from '../places';
import {checkpointsOf, complain, print, searchOf, weightsOf, type SearchFlags} from './output';

export interface CaptionFlags extends SearchFlags {
  readonly checkpoint?: readonly string[];
  readonly json?: boolean;
  readonly weights?: string;
}

/** Pictures that can't be read are named on stderr and make the exit code 1; the others get their captions. */
export async function caption(images: readonly string[], flags: CaptionFlags): Promise<void> {
  const captioner = await Captioner.load(checkpointsOf(flags), weightsOf(flags));
  const results = await captioner.caption(images.map(userPath), searchOf(flags));
  const written: {image: string; caption: string}[] = [];
  for (const [at, result] of results.entries()) {
    if ('error' in result) complain(result.error);
    else written.push({image: images[at]!, caption: result.caption});
  }
  if (flags.json) print(JSON.stringify(written, undefined, 2));
  else for (const one of written) print(images.length > 1 ? `${one.image}: ${one.caption}` : one.caption);
  if (written.length < images.length) process.exitCode = 1;
}
