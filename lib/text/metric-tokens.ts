/**
 * Tokenizes captions for metrics and rewards. Captions in the Latin script are tokenized as the COCO evaluation does, so that their scores
 * compare with published ones. Captions in other scripts have the words of the vocabulary: the COCO evaluation keeps their punctuation and
 * doesn't know all of their letters.
 */
import {ptbTokenize} from './ptb-tokenizer';
import {isMostlyNonLatin, spaceWords} from './scripts';
import {tokenize} from './tokenizer';

const beyondAscii = /[^\p{ASCII}]/u;

/** Returns the tokens of a caption, in lower case and without punctuation: for English, those of `ptbTokenize`. */
export function metricTokens(caption: string): string[] {
  if (!beyondAscii.test(caption)) return ptbTokenize(caption);
  const text = caption.normalize('NFC');
  return isMostlyNonLatin(text) ? tokenize(text) : ptbTokenize(spaceWords(text).replaceAll('İ', 'i'));
}
