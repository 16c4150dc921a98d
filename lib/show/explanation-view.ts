/** Turns explanations of a caption into what the explorer shows: words, maps as images, and how strongly words light up. */
import type {Explanation} from '../explain/explanation';
import {CaptionerError} from '../errors';
import {mapOf, resample, scaleOf, shrink, signUri, type SignedMap} from './signed-map';

/** Columns and rows of the parts of the image that can be pointed at. */
export const partsPerSide = 7;
/** Probability below which a word counts as unsure. */
const unsureBelow = 0.5;
/** Least strength of a map's colours. */
const palest = 0.35;

/** A word of the sentence. */
export interface ViewedWord {
  readonly text: string;
  /** Whether it has maps. */
  readonly explained: boolean;
  readonly probability?: number;
  /** Other words at its place, the most probable first. */
  readonly rivals: readonly {readonly word: string; readonly probability: number}[];
  readonly unsure: boolean;
  readonly against?: string;
}

/** The map of a word. */
export interface ViewedMap {
  /** Position of the word in the sentence. */
  readonly word: number;
  /** PNG of the values that support it, as a data URI; undefined if none do. */
  readonly support: string | undefined;
  readonly oppose: string | undefined;
  /** Value of the strongest colours. */
  readonly scale: number;
  /** Strength of the colours, so that maps of words of which the image says little are pale, 0 to 1. */
  readonly strength: number;
  /** The values, at the resolution of the PNG. */
  readonly map: SignedMap;
  /** Part of the image that supports it most, such as `top left`; undefined if none does. */
  readonly where: string | undefined;
}

/** The values of one method. */
export interface ViewedMethod {
  readonly label: string;
  /** Whether it tells what opposes a word from what supports it. */
  readonly signed: boolean;
  readonly maps: readonly ViewedMap[];
  /** For each part of the image, row by row, how strongly each word of the sentence depends on it, −1 to 1. */
  readonly parts: readonly (readonly number[])[];
  /** For each map, the influence of each word of the sentence, and the largest of all. Absent if the method says nothing of words. */
  readonly influence?: {readonly rows: readonly (readonly number[])[]; readonly largest: number};
}

/** The content of the explorer. */
export interface ExplanationView {
  readonly words: readonly ViewedWord[];
  readonly methods: readonly ViewedMethod[];
  /** Position of the word that is shown first. */
  readonly first: number;
}

/**
 * Prepares explanations of one caption by one or several methods.
 *
 * @param side Longest side of the maps in pixels.
 * @throws CaptionerError `options` when they don't explain the same words of the same caption.
 */
export async function viewExplanations(
  explanations: readonly Explanation[],
  side: number,
): Promise<ExplanationView> {
  const [first] = explanations;
  if (first === undefined || first.words.length === 0)
    throw new CaptionerError(
      'options',
      'showExplanation: expected an explanation of at least one word, got none',
    );
  for (const other of explanations)
    if (wordsOf(other) !== wordsOf(first))
      throw new CaptionerError(
        'options',
        `showExplanation: expected explanations of the same words, got ${wordsOf(first)} by ${first.method} and ${wordsOf(other)} by ${other.method}; explain one caption by each method`,
      );
  const words = viewWords(first);
  const methods: ViewedMethod[] = [];
  for (const explanation of explanations)
    methods.push(await viewMethod(explanation, words.length, side, labelOf(explanation, explanations)));
  return {words, methods, first: firstShown(first, methods[0]!.maps)};
}

/** Chooses the word with the strongest map among the rarer half: these say something of the image, and frequent words have the lowest ids. */
function firstShown({words}: Explanation, maps: readonly ViewedMap[]): number {
  const ids = words.map(({token}) => token).sort((a, b) => a - b);
  const rare = maps.filter((_, at) => words[at]!.token >= ids[Math.floor(ids.length / 2)]!);
  return rare.reduce((best, map) => (map.scale > best.scale ? map : best)).word;
}

function wordsOf({captionWords, words}: Explanation): string {
  const explained = words.map(({word, position, against}) => `${word} ${position} ${against ?? ''}`.trim());
  return `"${captionWords.join(' ')}" (${explained.join(', ')})`;
}

/** Names a method; of two by the same, with different options, the second gets a number. */
function labelOf(explanation: Explanation, all: readonly Explanation[]): string {
  const label = explanation.method.replaceAll('-', ' ');
  const same = all.filter(({method}) => method === explanation.method);
  return same.length === 1 ? label : `${label} ${same.indexOf(explanation) + 1}`;
}

/** The words of the caption; an explained end of the sentence follows them. */
function viewWords({captionWords, words}: Explanation): ViewedWord[] {
  const length = Math.max(captionWords.length, ...words.map(({position}) => position + 1));
  return Array.from({length}, (_, at) => {
    const explained = words.find(({position}) => position === at);
    const text = captionWords[at] ?? explained?.word ?? '';
    if (explained === undefined) return {text, explained: false, rivals: [], unsure: false};
    const {probability, against} = explained;
    const rivals = explained.rivals.filter(({word}) => word !== explained.word);
    return {
      ...{text, explained: true, probability, rivals},
      unsure: probability < unsureBelow || (rivals[0]?.probability ?? 0) > probability,
      ...(against !== undefined && {against}),
    };
  });
}

async function viewMethod(
  {words, image, previousWords}: Explanation,
  length: number,
  side: number,
  label: string,
): Promise<ViewedMethod> {
  const shrunk = words.map((_, at) => shrink(mapOf(image, at), side));
  const largest = Math.max(...shrunk.map(scaleOf));
  const maps = await Promise.all(
    words.map(async ({position}, at) => {
      const map = shrunk[at]!;
      const scale = scaleOf(map);
      const strength = Math.max(palest, Math.sqrt(scale / (largest || 1)));
      const [support, oppose] = await Promise.all([
        signUri(map, scale, 'support'),
        signUri(map, scale, 'oppose'),
      ]);
      return {word: position, support, oppose, scale, strength, map, where: whereOf(map)};
    }),
  );
  const signed = image.values.some((value) => value < 0);
  return {
    ...{label, signed, maps, parts: viewParts(maps, length)},
    ...(previousWords && {influence: viewInfluence(previousWords, length)}),
  };
}

/** The square root makes small values visible; all words have the same scale, since some depend on the image more than others. */
function viewParts(maps: readonly ViewedMap[], length: number): number[][] {
  const coarse = maps.map(({map}) => resample(map, partsPerSide, partsPerSide).values);
  const largest = Math.max(...coarse.map((values) => Math.max(...values.map(Math.abs))));
  return Array.from({length: partsPerSide ** 2}, (_, part) => {
    const lights = Array<number>(length).fill(0);
    for (const [at, {word}] of maps.entries()) {
      const value = coarse[at]![part]!;
      if (largest > 0) lights[word] = Math.sign(value) * Math.sqrt(Math.abs(value) / largest);
    }
    return lights;
  });
}

function viewInfluence(
  {values, shape: [rows, columns]}: NonNullable<Explanation['previousWords']>,
  length: number,
): NonNullable<ViewedMethod['influence']> {
  return {
    rows: Array.from({length: rows}, (_, row) =>
      Array.from({length}, (_, column) => (column < columns ? values[row * columns + column]! : 0)),
    ),
    largest: Math.max(...values.map(Math.abs)),
  };
}

function whereOf(map: SignedMap): string | undefined {
  const thirds = resample(map, 3, 3).values;
  const best = thirds.indexOf(Math.max(...thirds));
  if (best < 0 || thirds[best]! <= 0) return undefined;
  const [row, column] = [Math.floor(best / 3), best % 3];
  const named = [['top', '', 'bottom'][row], ['left', '', 'right'][column]].filter(Boolean).join(' ');
  return named || 'middle';
}
