/** Search options with text instead of word ids: "red ball" instead of [17, 52]. */
import {CaptionerError} from '../errors';
import {tokenize} from '../text/tokenizer';
import type {Vocabulary} from '../text/vocabulary';
import type {SearchOptions} from './beam-search';

export interface Wording {
  /** Words that are never written; ids count as well. @default [] */
  readonly suppressWords?: readonly (string | number)[];
  /** See `SearchOptions`: phrases as text, or as ids. @default [] */
  readonly requiredPhrases?: readonly (string | readonly number[])[];
}

/** Search options that accept text as well as ids. */
export type WithText<Options> = Omit<Options, keyof Wording> & Pick<Wording, keyof Options & keyof Wording>;

/**
 * Replaces text by word ids. Values that aren't arrays are passed on for the search to reject.
 *
 * @throws CaptionerError `options` when a word is not in the vocabulary.
 */
export function phrasesToIds<Options extends Pick<SearchOptions, keyof Wording>>(
  options: WithText<Options>,
  vocabulary: Vocabulary,
): Options {
  const {suppressWords, requiredPhrases} = options as Wording;
  const converted: Record<string, unknown> = {...options};
  if (Array.isArray(suppressWords))
    converted['suppressWords'] = suppressWords.map((word: unknown) => {
      if (typeof word !== 'string') return word;
      const ids = idsOf('suppressWords', word, vocabulary);
      if (ids.length === 1) return ids[0];
      throw new CaptionerError('options', `\`suppressWords\`: expected single words, got "${word}"`);
    });
  if (Array.isArray(requiredPhrases))
    converted['requiredPhrases'] = requiredPhrases.map((phrase: unknown) =>
      typeof phrase === 'string' ? idsOf('requiredPhrases', phrase, vocabulary) : phrase,
    );
  return converted as Options;
}

function idsOf(option: keyof Wording, text: string, vocabulary: Vocabulary): number[] {
  const words = tokenize(text);
  if (words.length === 0) throw new CaptionerError('options', `\`${option}\`: expected words, got "${text}"`);
  const unknown = words.find((word) => !vocabulary.has(word));
  if (unknown === undefined) return words.map((word) => vocabulary.id(word));
  throw new CaptionerError(
    'options',
    `\`${option}\`: expected words that the decoder can write, got "${unknown}", which is not in its vocabulary`,
  );
}
