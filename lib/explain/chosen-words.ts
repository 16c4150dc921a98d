/** Which caption is explained, and which of its words: from what a user names to ids and positions. */
import type {Captioner} from '../captioner';
import {encodeInSteps} from '../encoders/encoder';
import {toPixels} from '../encoders/images';
import {CaptionerError} from '../errors';
import {runInSteps} from '../interrupt';
import {nearest} from '../option-names';
import {beamSearchSteps} from '../search/beam-search';
import {tf} from '../tensorflow/tensorflow';
import {tokenize} from '../text/tokenizer';
import {special, type Vocabulary} from '../text/vocabulary';

/** A word of the caption: the word itself, of which every occurrence is meant, or its position from 0. */
export type WordChoice = string | number;

/** Two words compared: why the one, and not the other? */
export interface ContrastTarget {
  /** The word of the caption; by its position if it occurs more than once. */
  readonly word: WordChoice;
  /** Any other word of the vocabulary. */
  readonly against: string;
}

export interface WordSelection {
  /** The words to explain. @default all */
  readonly words?: readonly WordChoice[];
  /** Explains one word in contrast to another. */
  readonly target?: ContrastTarget;
}

export interface ChosenWords {
  /** Positions in the caption, ascending. */
  readonly positions: readonly number[];
  /** Id of the word that the explained one is contrasted with. */
  readonly against?: number;
}

/**
 * Returns the ids of a caption's words.
 *
 * @throws CaptionerError `options` when a word isn't in the vocabulary, or there is none.
 */
export function captionTokens(caption: string, vocabulary: Vocabulary): number[] {
  const tokens = tokenize(caption).map((word) => knownWord(word, vocabulary, `caption "${caption}"`));
  if (tokens.length === 0)
    throw new CaptionerError('options', `\`caption\`: expected at least one word, got "${caption}"`);
  return tokens;
}

/**
 * Finds the chosen words in a caption.
 *
 * @param tokens Ids of the caption's words.
 * @throws CaptionerError `options` when one isn't in the caption.
 */
export function chooseWords(
  tokens: readonly number[],
  {words, target}: WordSelection,
  vocabulary: Vocabulary,
): ChosenWords {
  if (words && target)
    throw new CaptionerError('options', 'Expected `words` or `target`, got both; `target` names its word');
  const caption = tokens.map((token) => vocabulary.word(token));
  if (target === undefined) {
    const all = words ?? caption.keys();
    const positions = [...new Set([...all].flatMap((word) => positionsOf(word, caption)))];
    if (positions.length === 0)
      throw new CaptionerError('options', '`words`: expected at least one word, got an empty list');
    return {positions: positions.sort((a, b) => a - b)};
  }
  const positions = positionsOf(target.word, caption);
  if (positions.length > 1)
    throw new CaptionerError(
      'options',
      `\`target\`: expected a word that occurs once, got "${target.word}", which the caption has at ${positions.join(' and ')}; name the position`,
    );
  const against = knownWord(target.against, vocabulary, '`target.against`');
  if (against === tokens[positions[0]!])
    throw new CaptionerError(
      'options',
      `\`target\`: expected two different words, got "${target.against}" twice`,
    );
  return {positions, against};
}

function knownWord(word: string, vocabulary: Vocabulary, where: string): number {
  const id = vocabulary.id(word);
  if (id !== special.unknown) return id;
  const near = nearest(word, vocabulary.toJSON().words);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  throw new CaptionerError('options', `${where}: the decoder doesn't know the word "${word}"${hint}`);
}

function positionsOf(word: WordChoice, caption: readonly string[]): number[] {
  const text = `"${caption.join(' ')}"`;
  if (typeof word === 'number') {
    if (Number.isInteger(word) && word >= 0 && word < caption.length) return [word];
    throw new CaptionerError(
      'options',
      `\`words\`: expected a position from 0 to ${caption.length - 1} in ${text}, got ${word}`,
    );
  }
  const found = caption.flatMap((one, at) => (one === word.toLowerCase() ? [at] : []));
  if (found.length > 0) return found;
  const near = nearest(word, caption);
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  throw new CaptionerError('options', `\`words\`: expected words of ${text}, got "${word}"${hint}`);
}

/**
 * Returns the ids of the caption that the captioner writes, of at least one word: of an empty caption there is nothing to explain.
 *
 * @param pixels RGB of the image, as `decodePixels` returns them.
 * @param pause Called between parts of the encoder and between words; may throw to end the search.
 */
export async function writtenTokens(
  captioner: Captioner,
  pixels: Uint8Array,
  pause: () => Promise<void>,
): Promise<number[]> {
  const {encoder, decoder} = captioner;
  const batch = toPixels([pixels], encoder.preprocessing.size);
  try {
    const {grid, pooled} = await runInSteps(encodeInSteps(encoder, batch), pause);
    try {
      return await writtenFromFeatures(captioner, decoder.features === 'grid' ? grid : pooled, pause);
    } finally {
      tf.dispose([grid, pooled]);
    }
  } finally {
    batch.dispose();
  }
}

/** Like `writtenTokens`, from the features of one image, which are not disposed. */
export async function writtenFromFeatures(
  {decoder, maximumLength}: Captioner,
  features: tf.Tensor,
  pause: () => Promise<void>,
): Promise<number[]> {
  const options = {minimumLength: 1, ...(maximumLength !== undefined && {maximumLength})};
  const [found] = await runInSteps(beamSearchSteps(decoder, features, options), pause);
  return [...found![0]!.tokens];
}
