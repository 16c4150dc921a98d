/** The words of a caption that differ from an earlier caption, by the longest common subsequence: what stands elsewhere counts as new. */

export interface ComparedWord {
  readonly word: string;
  readonly changed: boolean;
}

/**
 * Compares a caption with an earlier one.
 *
 * @param before Undefined: there is no earlier one, and no word is new.
 */
export function compareWords(caption: string, before: string | undefined): ComparedWord[] {
  const words = wordsOf(caption);
  if (before === undefined) return words.map((word) => ({word, changed: false}));
  const old = wordsOf(before);
  const equal = (at: number, other: number): boolean =>
    words[at]!.toLowerCase() === old[other]!.toLowerCase();
  // Lengths of the longest common subsequences of the ends that begin at each pair of words.
  const lengths = Array.from({length: words.length + 1}, () => new Uint16Array(old.length + 1));
  for (let at = words.length - 1; at >= 0; at--)
    for (let other = old.length - 1; other >= 0; other--)
      lengths[at]![other] = equal(at, other)
        ? lengths[at + 1]![other + 1]! + 1
        : Math.max(lengths[at + 1]![other]!, lengths[at]![other + 1]!);
  let other = 0;
  return words.map((word, at) => {
    while (other < old.length && !equal(at, other) && lengths[at]![other] === lengths[at]![other + 1])
      other++;
    const same = other < old.length && equal(at, other);
    if (same) other++;
    return {word, changed: !same};
  });
}

function wordsOf(caption: string): string[] {
  return caption.split(/\s+/).filter((word) => word !== '');
}
