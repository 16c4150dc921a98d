/** Finds markers that other tools put around captions, such as `<start>` and `endseq`: they are no words, but would be trained like some. */

const known = new Set([
  'startseq',
  'endseq',
  'startofseq',
  'endofseq',
  'startsequence',
  'endsequence',
  'sos',
  'bos',
  'eos',
]);
const bracketed = /^(?:<[|/]?[\w -]+[|/]?>|\[[A-Za-z]+\]|#{2,}\w+#{2,}|_{1,2}[A-Za-z]+_{1,2})$/;

/** Returns the markers that most of the captions begin or end with, in order of appearance. */
export function markersIn(captions: Iterable<string>): string[] {
  const counts = new Map<string, number>();
  let all = 0;
  for (const caption of captions) {
    all++;
    const words = caption.trim().split(/\s+/);
    // Words around the caption; a marker may be followed by a full stop.
    for (const word of new Set([words[0]!, words.at(-1)!, words.at(-2) ?? '']))
      if (isMarker(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].filter(([, count]) => count > all / 2).map(([word]) => word);
}

function isMarker(word: string): boolean {
  return bracketed.test(word) || known.has(word.toLowerCase());
}

/**
 * Returns what most candidates begin and end with although no reference has it.
 *
 * @param candidates Words of the captions.
 * @param references Words of their references.
 */
export function foreignEnds(
  candidates: readonly (readonly string[])[],
  references: readonly (readonly (readonly string[])[])[],
): string[] {
  const words = new Set(references.flat(2));
  const mostly = (of: (words: readonly string[]) => string | undefined): string[] => {
    const counts = new Map<string, number>();
    for (const own of candidates) {
      const word = of(own);
      if (word !== undefined && !words.has(word)) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
    return [...counts].filter(([, count]) => count > candidates.length / 2).map(([word]) => word);
  };
  return candidates.length < 2
    ? []
    : [...new Set([...mostly((own) => own[0]), ...mostly((own) => own.at(-1))])];
}
