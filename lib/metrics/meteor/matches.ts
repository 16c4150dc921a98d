/**
 * All possible matches between the words of a candidate and a reference: exact, stem, synonym and paraphrase. `alignment.ts` chooses
 * among them.
 */
import type {Paraphrases} from './paraphrases';
import type {Sentence, Word} from './sentence';
import type {Span} from './span';

export const stages = ['exact', 'stem', 'synonym', 'paraphrase'] as const;
export type Stage = (typeof stages)[number];

export interface Match {
  readonly stage: Stage;
  readonly candidate: Span;
  readonly reference: Span;
}

/**
 * Finds all matches.
 *
 * @returns Matches by the word of the reference where they start. As in METEOR 1.5, their order decides between equally good
 *   alignments, and a match that is found twice is listed twice.
 */
export function findMatches(candidate: Sentence, reference: Sentence, paraphrases: Paraphrases): Match[][] {
  const found: Match[][] = reference.words.map(() => []);
  matchWords(found, 'exact', candidate, reference, (a, b) => a === b);
  // Identical sentences need no further matches, which would only mislead the beam search.
  if (sameWords(candidate, reference)) return found;
  matchWords(found, 'stem', candidate, reference, (a, b) => a !== b && a.stem === b.stem);
  matchWords(found, 'synonym', candidate, reference, (a, b) => a !== b && shareSense(a, b));
  for (const [phrase, span] of reference.phrases)
    for (const other of paraphrases.of(phrase))
      for (const otherSpan of candidate.spans.get(other) ?? [])
        found[span.start]!.push({stage: 'paraphrase', candidate: otherSpan, reference: span});
  for (const [phrase, span] of candidate.phrases)
    for (const other of paraphrases.of(phrase))
      for (const otherSpan of reference.spans.get(other) ?? [])
        found[otherSpan.start]!.push({stage: 'paraphrase', candidate: span, reference: otherSpan});
  return found;
}

function matchWords(
  found: Match[][],
  stage: Stage,
  candidate: Sentence,
  reference: Sentence,
  match: (a: Word, b: Word) => boolean,
): void {
  for (const [j, other] of reference.words.entries())
    for (const [i, word] of candidate.words.entries())
      if (match(word, other))
        found[j]!.push({stage, candidate: {start: i, length: 1}, reference: {start: j, length: 1}});
}

function sameWords(a: Sentence, b: Sentence): boolean {
  return a.words.length === b.words.length && a.words.every((word, at) => word === b.words[at]);
}

function shareSense(a: Word, b: Word): boolean {
  for (const sense of a.senses) if (b.senses.has(sense)) return true;
  return false;
}
