/**
 * The alignment of a candidate with a reference (Denkowski and Lavie 2014, section 2.1): a set of non-overlapping matches that covers as
 * many words as possible in as few chunks as possible. A chunk is a run of matches that is contiguous in both. A beam search goes
 * through the reference from left to right.
 */
import type {Match} from './matches';
import type {Span} from './span';

const beams = 40;

/**
 * Finds the best alignment.
 *
 * @param matches Matches by the word of the reference where they start.
 * @param length Number of words of the candidate.
 * @returns The aligned matches, from left to right in the reference.
 */
export function align(matches: readonly (readonly Match[])[], length: number): Match[] {
  let paths = [new Path(unambiguous(matches, length), length)];
  for (const [at, here] of matches.entries()) paths = best(paths).flatMap((path) => path.continued(at, here));
  paths = best(paths);
  for (const path of paths) path.endChunk();
  return best(paths)[0]!.matches.filter((match) => match !== undefined);
}

/** Sorts by most covered words, then fewest chunks, then smallest distance; ties keep their order. */
function best(paths: Path[]): Path[] {
  return paths
    .sort((a, b) => b.covered - a.covered || a.chunks - b.chunks || a.distance - b.distance)
    .slice(0, beams);
}

/** Returns the matches that overlap with no other, by the word of the reference where they start. */
function unambiguous(matches: readonly (readonly Match[])[], length: number): (Match | undefined)[] {
  const candidate = new Uint32Array(length);
  const reference = new Uint32Array(matches.length);
  for (const match of matches.flat()) {
    forEach(match.candidate, (at) => candidate[at]!++);
    forEach(match.reference, (at) => reference[at]!++);
  }
  const alone = (counts: Uint32Array, span: Span): boolean => !some(span, (at) => counts[at] !== 1);
  return matches.map((here) =>
    here.find((match) => alone(candidate, match.candidate) && alone(reference, match.reference)),
  );
}

class Path {
  readonly matches: (Match | undefined)[];
  /**
   * Covered words of both sides. Words of inexact matches count half, rounded down for each side of each match, because METEOR 1.5
   * computes with integers.
   */
  covered = 0;
  chunks = 0;
  distance = 0;
  readonly #candidate: Uint8Array;
  readonly #reference: Uint8Array;
  /** Position in the reference after the last match or skipped word. */
  #next = 0;
  /** Position in the candidate after the open chunk. */
  #end: number | undefined;

  constructor(matches: (Match | undefined)[], length: number) {
    this.matches = matches;
    this.#candidate = new Uint8Array(length);
    this.#reference = new Uint8Array(matches.length);
    for (const match of matches) if (match) this.#take(match);
  }

  /** Returns the continuations of this path at a word of the reference: one for each possible match, and the path that skips the word. */
  continued(at: number, matches: readonly Match[]): Path[] {
    if (at < this.#next) return [this];
    const match = this.matches[at];
    if (match) {
      this.#cover(match);
      this.distance += gap(match);
      return [this];
    }
    const paths: Path[] = [];
    for (const match of matches)
      if (this.#isFree(match)) {
        paths.push(this.#with(match));
        // As in METEOR 1.5, a path counts the distances of the matches tried before its own instead of its own. Ties depend on this.
        this.distance += gap(match);
      }
    this.endChunk();
    this.#next++;
    paths.push(this);
    return paths;
  }

  endChunk(): void {
    if (this.#end !== undefined) this.chunks++;
    this.#end = undefined;
  }

  #with(match: Match): Path {
    const path = new Path([...this.matches], this.#candidate.length);
    path.matches[match.reference.start] = match;
    path.#candidate.set(this.#candidate);
    path.#reference.set(this.#reference);
    path.covered = this.covered;
    path.chunks = this.chunks;
    path.distance = this.distance;
    path.#end = this.#end;
    path.#take(match);
    path.#cover(match);
    return path;
  }

  #isFree({candidate, reference}: Match): boolean {
    return (
      !some(candidate, (at) => this.#candidate[at] === 1) &&
      !some(reference, (at) => this.#reference[at] === 1)
    );
  }

  #take({candidate, reference}: Match): void {
    forEach(candidate, (at) => (this.#candidate[at] = 1));
    forEach(reference, (at) => (this.#reference[at] = 1));
  }

  #cover({stage, candidate, reference}: Match): void {
    this.covered +=
      stage === 'exact' ? 2 : Math.floor(candidate.length / 2) + Math.floor(reference.length / 2);
    if (this.#end !== undefined && candidate.start !== this.#end) this.chunks++;
    this.#end = candidate.start + candidate.length;
    this.#next = reference.start + reference.length;
  }
}

function gap({candidate, reference}: Match): number {
  return Math.abs(candidate.start - reference.start);
}

function forEach({start, length}: Span, visit: (at: number) => void): void {
  for (let at = start; at < start + length; at++) visit(at);
}

function some({start, length}: Span, holds: (at: number) => boolean): boolean {
  for (let at = start; at < start + length; at++) if (holds(at)) return true;
  return false;
}
