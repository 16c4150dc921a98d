/** Explains the words of a caption: what in the image and in the words before made each of them likely. */
import {z} from 'zod';
import type {Captioner} from '../captioner';
import {checkImage, imageName, type ImageInput} from '../encoders/image-input';
import {decodePixels, readImageBytes} from '../encoders/images';
import {interruptible, runInSteps, type Interrupt} from '../interrupt';
import {unknownOption} from '../option-names';
import {CaptionerError} from '../errors';
import {parseOptions} from '../options';
import {startProgress, type ProgressOptions} from '../show-progress';
import {CaptionModel} from './caption-model';
import {captionTokens, chooseWords, writtenTokens, type WordSelection} from './chosen-words';
import {describeWords} from './described-words';
import type {Explanation} from './explanation';
import {wordAblation} from './word-ablation';
import {methodNamed, methods, type MethodName, type MethodOptions} from './methods';

/** Options that every method has. */
export interface CommonExplainOptions extends WordSelection, ProgressOptions {
  /** The caption to explain, in words that the decoder knows. @default the one that the captioner writes */
  readonly caption?: string;
  /** Images in memory at once: fewer take less memory and, above 8, hardly more time. @default 8 */
  readonly batch?: number;
  /** Stops the explanation, which then throws `stopped`. */
  readonly signal?: AbortSignal;
}

/** Options of `explain`, with those of the method. */
export type ExplainOptions<Name extends MethodName = MethodName> = CommonExplainOptions & {
  /** Name of the method. @default 'lime' */
  readonly method?: Name;
} & MethodOptions[Name];

/** The one that says best what the captioner depends on, see docs/explaining.md. */
export const defaultMethod: MethodName = 'lime';

const choice = z.union([z.string().min(1), z.number()]);
const common = z.strictObject({
  method: z.string().default(defaultMethod),
  caption: z.string().optional(),
  words: z.array(choice).readonly().optional(),
  target: z.strictObject({word: choice, against: z.string().min(1)}).optional(),
  batch: z.int().min(1).max(1024).default(8),
  progress: z.unknown().optional(),
  signal: z.instanceof(AbortSignal).optional(),
});

/**
 * Explains each word of a caption of an image.
 *
 * @param image The path of an image file, or the content of one.
 * @returns Values for each word: positive ones made it more likely, negative ones less.
 * @throws CaptionerError `options` for unknown methods, options and words; `image`, `not-found` for an image that can't be read;
 *   `stopped`.
 * @example const why = await explain(captioner, 'photo.jpg', {words: ['dog']});
 */
export async function explain<Name extends MethodName>(
  captioner: Captioner,
  image: ImageInput,
  options: ExplainOptions<Name> = {},
): Promise<Explanation> {
  const {method, given, settings} = readOptions(options);
  const {encoder, decoder, vocabulary} = captioner;
  checkImage(image, 'the image');
  const {preprocessing} = encoder;
  const pixels = await decodePixels(await readImageBytes(image), imageName(image, 0), preprocessing);
  const written = given.caption === undefined ? undefined : captionTokens(given.caption, vocabulary);
  const start = performance.now();
  const bar = startProgress(given, 'Explaining');
  const work = async (interrupt: Interrupt): Promise<Explanation> => {
    const check = async (): Promise<void> => {
      await interrupt.pause();
      interrupt.throwIfRequested();
    };
    const caption = written ?? (await writtenTokens(captioner, pixels, check));
    const chosen = chooseWords(caption, given as WordSelection, vocabulary);
    const model = new CaptionModel({encoder, decoder}, {...chosen, pixels, caption, batch: given.batch});
    const total = method.passes(model.words, settings) + (method.perturbs ? caption.length : 0);
    const pause = async (): Promise<void> => {
      await check();
      await bar.update(Math.min(model.forwardPasses + model.backwardPasses, total), total);
    };
    try {
      const words = describeWords(model, vocabulary);
      const found = await runInSteps(method.compute(model, settings), pause);
      const previousWords =
        found.previousWords ?? (method.perturbs ? await runInSteps(wordAblation(model), pause) : undefined);
      await bar.update(total, total);
      const {forwardPasses, backwardPasses} = model;
      return {
        method: method.name,
        caption: vocabulary.decode(caption),
        captionWords: caption.map((token) => vocabulary.word(token)),
        words,
        ...found,
        ...(previousWords && {previousWords}),
        cost: {forwardPasses, backwardPasses, seconds: (performance.now() - start) / 1000},
      };
    } finally {
      model.dispose();
    }
  };
  try {
    return await interruptible(work, {
      stopped: () => 'before the caption was explained',
      resumes: false,
      signal: given.signal,
    });
  } finally {
    await bar.finish();
  }
}

function readOptions(options: object): {
  method: ReturnType<typeof methodNamed>;
  given: z.output<typeof common> & ProgressOptions;
  settings: unknown;
} {
  const entries = Object.entries(options);
  const names = Object.keys(common.shape);
  const given = parseOptions(
    common,
    Object.fromEntries(entries.filter(([name]) => names.includes(name))),
    'explain',
  ) as z.output<typeof common> & ProgressOptions;
  const method = methodNamed(given.method);
  const own = entries.filter(([name]) => !names.includes(name));
  const groups = [method.options, {owner: 'explain', names}];
  const others = [...methods.values()].filter((one) => one !== method).map((one) => one.options);
  for (const [name] of own)
    if (!method.options.names.includes(name))
      throw new CaptionerError('options', `explain: ${unknownOption(name, groups, others)}`);
  const settings = parseOptions(method.options.schema, Object.fromEntries(own), method.options.owner);
  return {method, given, settings};
}
