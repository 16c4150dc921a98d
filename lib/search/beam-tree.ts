/** A beam search as a tree: every word that was considered, whether it was kept, and which captions came of it. */
import type {SearchOptions} from '../option-types';
import type {StepDecoder} from '../decoders/decoder';
import type {tf} from '../tensorflow/tensorflow';
import {special} from '../text/vocabulary';
import type {ConsideredWord, Hypothesis} from './beam';
import {beamSearchSteps} from './beam-search';

/** A word that a beam search considered. */
export interface BeamNode {
  /** Id of the word, or of the end. */
  readonly token: number;
  /** Probability, given the image and the words before it. */
  readonly probability: number;
  /** Probability of the sentence up to it. */
  readonly total: number;
  /** Whether the search kept it: as a hypothesis to extend or, at the end, as a caption. */
  readonly kept: boolean;
  /** Rank of the caption that ends here, from 1; only at ends that the search returned. */
  readonly rank?: number;
  /** Words considered after it, as the search ranked them. */
  readonly children: readonly BeamNode[];
}

/** A beam search and what it found. */
export interface BeamTree {
  readonly hypotheses: readonly Hypothesis[];
  /** First words. */
  readonly children: readonly BeamNode[];
}

/**
 * Searches for the captions of one image like `beamSearch`, and records what was kept and what was dropped.
 *
 * @param features Features of one image; not disposed.
 * @throws CaptionerError As `beamSearch`.
 */
export function* beamTreeSteps(
  decoder: StepDecoder,
  features: tf.Tensor,
  options: SearchOptions = {},
): Generator<void, BeamTree, void> {
  const considered: ConsideredWord[] = [];
  const [hypotheses] = yield* beamSearchSteps(decoder, features, options, (one) => void considered.push(one));
  return {hypotheses: hypotheses!, children: grow(considered, hypotheses!)};
}

interface Growing extends BeamNode {
  kept: boolean;
  readonly children: Growing[];
}

function grow(considered: readonly ConsideredWord[], hypotheses: readonly Hypothesis[]): BeamNode[] {
  const root: Growing[] = [];
  const nodes = new Map<string, Growing>();
  for (const {tokens, word, logProbability, sum, kept} of considered) {
    const path = [...tokens, word].join();
    const known = nodes.get(path);
    if (known) {
      // Several groups of a diverse search considered it.
      known.kept ||= kept;
      continue;
    }
    const ended =
      word === special.end
        ? hypotheses.findIndex((one) => one.finished && one.tokens.join() === tokens.join())
        : -1;
    const node: Growing = {
      ...{token: word, probability: Math.exp(logProbability), total: Math.exp(sum), kept, children: []},
      ...(ended >= 0 && {rank: ended + 1}),
    };
    nodes.set(path, node);
    (tokens.length === 0 ? root : nodes.get(tokens.join())!.children).push(node);
  }
  return root;
}
