/** `captioner explain`: why each word of a caption was written, as a page, as JSON or as arrays. */
import {extname} from 'node:path';
import type {Captioner} from '../captioner';
import type {InferenceViews} from '../encoders/augmentation';
import {CaptionerError} from '../errors';
import type {Explanation} from '../explain/explanation';
import {writeFileAtomic} from '../files/atomic';
import {npz, type NamedArray} from '../files/npz';
import {userPath} from '../paths';
import {later} from '../show-progress';
import {progress} from '../show/progress';
import {percent} from '../show/number-format';
import {columns} from '../show/text';
import {checkpointsOf, print, seeingOf, weightsOf} from './io';

export interface ExplainFlags extends InferenceViews {
  readonly checkpoint?: readonly string[];
  /** Names of methods. */
  readonly method?: readonly string[];
  /** Words or their positions, separated by commas. */
  readonly words?: string;
  /** Word that the one in `words` is contrasted with. */
  readonly against?: string;
  readonly caption?: string;
  /** Options of the method. */
  readonly set?: Readonly<Record<string, unknown>>;
  readonly output?: string;
  readonly weights?: string;
}

const formats = ['.html', '.json', '.npz'] as const;
type Format = (typeof formats)[number];

/** Explains a caption by each method, writes the file, and prints the words with their probabilities. */
export async function explain(image: string, flags: ExplainFlags): Promise<void> {
  const {output, caption, set = {}} = flags;
  // Without a file only the words are printed, which every method describes alike: this one is fast.
  const {method = [output === undefined ? ('saliency' as const) : undefined]} = flags;
  const format = output === undefined ? undefined : formatOf(output);
  const chosen = chosenWords(flags);
  const file = userPath(image);
  const {Captioner} = await import('../captioner.js');
  const {explain: explainCaption} = await import('../explain/explain.js');
  const {methodNamed} = await import('../explain/methods.js');
  for (const name of method) if (name !== undefined) methodNamed(name);
  const captioner = await Captioner.load(checkpointsOf(flags), {...weightsOf(flags), ...seeingOf(flags)});
  const explanations: Explanation[] = [];
  for (const name of method) {
    const options = {
      ...set,
      ...chosen,
      ...(name !== undefined && {method: name}),
      ...(caption !== undefined && {caption}),
    };
    explanations.push(
      await explainCaption(captioner, file, {...options, progress: later(progress)} as object),
    );
  }
  printWords(explanations[0]!);
  if (output !== undefined) await save(output, format!, {image, file, explanations, captioner});
}

function formatOf(output: string): Format {
  const end = extname(output).toLowerCase();
  const found = formats.find((one) => one === end);
  if (found) return found;
  throw new CaptionerError('options', `Expected --output to end in ${formats.join(', ')}, got ${output}`);
}

/** Words as the library takes them: whole numbers are positions. */
function chosenWords({words, against}: ExplainFlags): object {
  const list = words
    ?.split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '')
    .map((word) => (/^\d+$/.test(word) ? Number(word) : word));
  if (against === undefined) return list === undefined ? {} : {words: list};
  if (list?.length !== 1)
    throw new CaptionerError(
      'options',
      `Expected --words with the one word that --against contrasts, got ${list === undefined ? 'none' : words}`,
    );
  return {target: {word: list[0], against}};
}

function printWords({words}: Explanation): void {
  const rows = words.map(({word, position, probability, rivals, against}) => {
    const others = rivals.filter((rival) => rival.word !== word).slice(0, 3);
    return [
      String(position),
      against === undefined ? word : `${word}, not ${against}`,
      percent(probability),
      others.map((rival) => `${rival.word} ${percent(rival.probability)}`).join(', '),
    ];
  });
  print(columns([['', 'word', 'probability', 'other words'], ...rows], [true, false, true]));
}

interface Explained {
  /** The image as the user named it. */
  readonly image: string;
  readonly file: string;
  readonly explanations: readonly Explanation[];
  readonly captioner: Captioner;
}

async function save(output: string, format: Format, explained: Explained): Promise<void> {
  const {image, file, explanations, captioner} = explained;
  if (format === '.json')
    await writeFileAtomic(
      userPath(output),
      `${JSON.stringify({image, explanations: explanations.map(inJson)})}\n`,
    );
  else if (format === '.npz') await writeFileAtomic(userPath(output), npz(explanations.flatMap(arraysOf)));
  else {
    const {explanationPage} = await import('../show/explanation.js');
    const {fit} = captioner.encoder.preprocessing;
    await writeFileAtomic(userPath(output), await explanationPage(explanations, file, {fit}));
  }
}

/** The same, with nested arrays. */
function inJson({image, previousWords, delta, ...rest}: Explanation): object {
  return {
    ...rest,
    image: nested(image.values, image.shape),
    ...(previousWords && {previousWords: nested(previousWords.values, previousWords.shape)}),
    ...(delta && {delta: nested(delta, [delta.length])}),
  };
}

/** Six significant digits are what single precision is sure of. */
function nested(values: Float32Array, [size, ...rest]: readonly number[]): unknown[] {
  if (rest.length === 0) return Array.from(values, (value) => Number(value.toPrecision(6)));
  const step = values.length / size!;
  return Array.from({length: size!}, (_, at) => nested(values.subarray(at * step, (at + 1) * step), rest));
}

/** The arrays of an explanation, whose names begin with the method's. */
function arraysOf({method, captionWords, words, image, previousWords, delta}: Explanation): NamedArray[] {
  const {length} = words;
  const arrays: NamedArray[] = [
    {name: 'caption', shape: [captionWords.length], values: captionWords},
    {name: 'words', shape: [length], values: words.map(({word}) => word)},
    {name: 'positions', shape: [length], values: Int32Array.from(words, ({position}) => position)},
    {
      name: 'probabilities',
      shape: [length],
      values: Float32Array.from(words, ({probability}) => probability),
    },
    {name: 'image', ...image},
    ...(previousWords ? [{name: 'previousWords', ...previousWords}] : []),
    ...(delta ? [{name: 'delta', shape: [delta.length], values: delta}] : []),
  ];
  return arrays.map((array) => ({...array, name: `${method}/${array.name}`}));
}
