/**
 * The numbers that METEOR adds up over images, and the score that follows from them (Denkowski and Lavie 2014, section 2.2,
 * with its parameters for English).
 */
import {stages, type Match} from './matches';
import type {Sentence} from './sentence';
import type {Span} from './span';

/** How much recall counts beside precision, how fragments lower the score (power and share), and content words' weight. */
const [alpha, beta, gamma, delta] = [0.85, 0.2, 0.6, 0.75];
const weights = {exact: 1, stem: 0.6, synonym: 0.8, paraphrase: 0.6} as const;

// The words and the function words of both sides; for each stage the content words and function words that it matched, the
// candidate's in front of the reference's; and the chunks.
const firstStage = 4;
const chunksAt = firstStage + 4 * stages.length;

/** @param matches From left to right in the reference. */
export function count(candidate: Sentence, reference: Sentence, matches: readonly Match[]): Float64Array {
  const total = new Float64Array(chunksAt + 1);
  for (const [side, {words}] of [candidate, reference].entries()) {
    total[side] = words.length;
    total[2 + side] = words.filter(({isFunction}) => isFunction).length;
  }
  for (const match of matches) {
    const at = firstStage + 4 * stages.indexOf(match.stage);
    addWords(total, at, candidate, match.candidate);
    addWords(total, at + 1, reference, match.reference);
  }
  // A caption that matches from end to end in one piece has no fragments, be it alone or among others.
  const chunks = countChunks(matches);
  const [ours, theirs] = matched(total);
  const whole = ours === candidate.words.length && theirs === reference.words.length && chunks === 1;
  total[chunksAt] = whole ? 0 : chunks;
  return total;
}

function addWords(total: Float64Array, at: number, {words}: Sentence, {start, length}: Span): void {
  for (const {isFunction} of words.slice(start, start + length)) total[isFunction ? at + 2 : at]!++;
}

function countChunks(matches: readonly Match[]): number {
  return matches.filter(({candidate, reference}, at) => {
    const before = matches[at - 1];
    return !before || end(before.candidate) !== candidate.start || end(before.reference) !== reference.start;
  }).length;
}

function end({start, length}: Span): number {
  return start + length;
}

/** Words that matches cover in the candidate and in the reference. */
function matched(total: Float64Array): [ours: number, theirs: number] {
  const sides: [number, number] = [0, 0];
  for (let at = firstStage; at < chunksAt; at++) sides[at % 2 === 0 ? 0 : 1] += total[at]!;
  return sides;
}

/** @returns 0 to 1; 0 where nothing matches. */
export function score(total: Float64Array): number {
  const [precision, recall] = [share(total, 0), share(total, 1)];
  const mean = 1 / ((1 - alpha) / precision + alpha / recall);
  const [ours, theirs] = matched(total);
  const penalty = gamma * (total[chunksAt]! / ((ours + theirs) / 2)) ** beta;
  return Math.max(0, mean * (1 - penalty) || 0);
}

/** Of the weight of a side's words, how much is matched. */
function share(total: Float64Array, side: 0 | 1): number {
  const functions = total[2 + side]!;
  let covered = 0;
  for (const [kind, weight] of [delta, 1 - delta].entries())
    for (const [stage, name] of stages.entries())
      covered += total[firstStage + 4 * stage + 2 * kind + side]! * weights[name] * weight;
  return covered / (delta * (total[side]! - functions) + (1 - delta) * functions);
}
