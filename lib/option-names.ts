/** Messages for unknown names: the current name, the nearest known name, or all known names. */

/** Current names of the options of version 0.1. */
const renamed: Readonly<Record<string, string>> = {
  rate: 'learningRate',
  encoderRate: 'encoderLearningRate',
  clip: 'clipNorm',
  together: 'captionsPerImage',
  judged: 'validationImages',
  panel: 'panelImages',
  best: 'selectBy',
  movingAverage: 'emaDecay',
  lengthExponent: 'lengthPenalty',
  noRepeatNgram: 'noRepeatNgramSize',
  groups: 'beamGroups',
  diversity: 'diversityPenalty',
  forced: 'requiredPhrases',
  banned: 'suppressWords',
  image: 'imageInput',
};

/**
 * The type of a name that is known only when the program runs. A literal doesn't have it, so that a name that is written in the code must be
 * one of those that are listed by type.
 */
export type AnyName<Name extends string> = Name & (string extends Name ? unknown : never);

export interface NamedOptions {
  /** As messages name it: `trainer`, `lstm decoder`. */
  readonly owner: string;
  readonly names: readonly string[];
}

/**
 * @param groups Options that may be named here.
 * @param others Other options, which may have been meant instead.
 * @returns For a message: ``unknown option `unit`; did you mean `units`?``
 */
export function unknownOption(
  name: string,
  groups: readonly NamedOptions[],
  others: readonly NamedOptions[] = [],
): string {
  const known = groups.flatMap(({names}) => names);
  const today = Object.hasOwn(renamed, name) ? renamed[name]! : name;
  const owners = others.filter(({names}) => names.includes(today)).map(({owner}) => owner);
  if (known.includes(today)) return `\`${name}\` is called \`${today}\` now`;
  if (owners.length > 0) {
    const belongs = `is one of the ${owners.join(' and ')} options`;
    return name === today
      ? `unknown option \`${name}\`, which ${belongs}`
      : `\`${name}\` is called \`${today}\` now and ${belongs}`;
  }
  const near = nearest(name, known);
  if (near !== undefined) return `unknown option \`${name}\`; did you mean \`${near}\`?`;
  const lists = groups.map(({owner, names}) =>
    groups.length > 1 ? ` for the ${owner}: ${names.join(', ')}` : `: ${names.join(', ')}`,
  );
  return `unknown option \`${name}\`; known${lists.join(';')}`;
}

/** @returns For a message: `Unknown decoder "ltsm"; did you mean "lstm"?` */
export function unknownName(what: string, name: string, known: readonly string[]): string {
  const near = nearest(name, known);
  return `Unknown ${what} "${name}"; ${near === undefined ? `known: ${known.join(', ')}` : `did you mean "${near}"?`}`;
}

/**
 * The known name that at most a third of the letters has to change for, or the only one that begins with the name; letters' case does not
 * count.
 */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let least = Math.max(1, Math.floor(wanted.length / 3)) + 1;
  for (const candidate of known) {
    const far = distance(wanted, candidate.toLowerCase());
    if (far < least) [best, least] = [candidate, far];
  }
  if (best !== undefined || wanted.length < 3) return best;
  const longer = known.filter((candidate) => candidate.toLowerCase().startsWith(wanted));
  return longer.length === 1 ? longer[0] : undefined;
}

/** Letters to be changed, added, left out or swapped with the next one (Damerau and Levenshtein). */
function distance(one: string, other: string): number {
  let [before, row]: number[][] = [[], Array.from({length: other.length + 1}, (_, at) => at)];
  for (let k = 1; k <= one.length; k++) {
    const next = [k];
    for (let at = 1; at <= other.length; at++) {
      const changed = row![at - 1]! + (one[k - 1] === other[at - 1] ? 0 : 1);
      const swapped =
        one[k - 1] === other[at - 2] && one[k - 2] === other[at - 1] ? before![at - 2]! + 1 : Infinity;
      next.push(Math.min(next[at - 1]! + 1, row![at]! + 1, changed, swapped));
    }
    [before, row] = [row, next];
  }
  return row!.at(-1)!;
}
