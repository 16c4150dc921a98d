/**
 * METEOR's statistics, which add up over images, and the score computed from them (Denkowski and Lavie 2014, section 2.2, with the
 * parameters for English).
 */
import {stages, type Match} from './matches';
import type {Sentence} from './sentence';
import type {Span} from './span';

/** Weight of recall, exponent and weight of the fragmentation penalty, and weight of content words. */
const [alpha, beta, gamma, delta] = [0.85, 0.2, 0.6, 0.75];
const weights = {exact: 1, stem: 0.6, synonym: 0.8, paraphrase: 0.6} as const;

// Layout of the statistics: words and function words of both sides; for each stage the matched content words and function words, the
// candidate's before the reference's; the number of chunks.
const firstStage = 4;
const chunksAt = firstStage + 4 * stages.length;

/**
 * Counts the statistics of an aligned pair.
 *
 * @param matches The alignment, from left to right in the reference.
 */
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
  // A complete match in a single chunk has no fragmentation penalty.
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

/** Returns the numbers of matched words in the candidate and in the reference. */
function matched(total: Float64Array): [ours: number, theirs: number] {
  const sides: [number, number] = [0, 0];
  for (let at = firstStage; at < chunksAt; at++) sides[at % 2 === 0 ? 0 : 1] += total[at]!;
  return sides;
}

/** Computes METEOR from summed statistics, from 0 (no matches) to 1. */
export function score(total: Float64Array): number {
  const [precision, recall] = [weightedFraction(total, 0), weightedFraction(total, 1)];
  const mean = 1 / ((1 - alpha) / precision + alpha / recall);
  const [ours, theirs] = matched(total);
  const penalty = gamma * (total[chunksAt]! / ((ours + theirs) / 2)) ** beta;
  return Math.max(0, mean * (1 - penalty) || 0);
}

/** Returns the weighted fraction of matched words: precision for the candidate (0), recall for the reference (1). */
function weightedFraction(total: Float64Array, side: 0 | 1): number {
  const functions = total[2 + side]!;
  let covered = 0;
  for (const [kind, weight] of [delta, 1 - delta].entries())
    for (const [stage, name] of stages.entries())
      covered += total[firstStage + 4 * stage + 2 * kind + side]! * weights[name] * weight;
  return covered / (delta * (total[side]! - functions) + (1 - delta) * functions);
}
