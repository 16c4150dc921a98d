/** Prints captions as they come, as text, JSON Lines or CSV. */
import type {Captioned, Sampled} from '../captioner';
import type {Sentence} from '../search/beam';
import {shown} from '../terminal';
import {write} from './io';

export const captionFormats = ['text', 'json', 'csv'] as const;
export type CaptionFormat = (typeof captionFormats)[number];

/** A sentence as written to JSON, without its attention maps. */
type Written = Omit<Sentence, 'tokens' | 'attention'> & {readonly caption: string; readonly score?: number};

export class CaptionOutput {
  /**
   * @param named Whether lines of text begin with the name of the image.
   * @param continued Whether the output continues an earlier one, which has the header.
   */
  constructor(
    private readonly format: CaptionFormat,
    private readonly named: boolean,
    private readonly continued: boolean,
  ) {}

  async begin(): Promise<void> {
    if (this.format === 'csv' && !this.continued) await write('image,caption\n');
  }

  /** Prints the captions of one image. */
  async print(image: string, result: Captioned | Sampled): Promise<void> {
    await write(this.#lines(image, result).join(''));
  }

  #lines(image: string, result: Captioned | Sampled): string[] {
    // Escapes characters that JSON doesn't have to; parsers read the same text.
    const json = (value: object): string => `${shown(JSON.stringify({image, ...value}))}\n`;
    if (this.format === 'json' && 'hypotheses' in result)
      return [json({caption: result.caption, hypotheses: result.hypotheses.map(inJson)})];
    const sentences = 'samples' in result ? result.samples : [result];
    if (this.format === 'json') return (sentences as readonly Written[]).map((one) => json(inJson(one)));
    const captions = sentences.map(({caption}) => caption);
    if (this.format === 'csv') return captions.map((caption) => `${[image, caption].map(quoted).join()}\n`);
    return captions.map((caption) =>
      this.named ? `${shown(image)}: ${shown(caption)}\n` : `${shown(caption)}\n`,
    );
  }
}

function inJson({caption, score, finished, logProbabilities}: Written): Written {
  return {caption, ...(score !== undefined && {score}), finished, logProbabilities};
}

/** A field of CSV (RFC 4180). */
function quoted(field: string): string {
  return /[",\r\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field;
}
