/**
 * Diverse beam search with Hamming diversity (Vijayakumar et al. 2016, arXiv 1610.02424): the beam of one image in groups, each
 * penalised for the words that the previous groups chose at the same step. One group is plain beam search.
 */
import {Beam, type BeamSettings, type Hypothesis, type NextWords, type OnConsidered} from './beam';
import type {RequiredPhrases} from './required-phrases';

export interface GroupSettings extends BeamSettings {
  readonly beamGroups: number;
  readonly diversityPenalty: number;
}

export class DiverseBeam {
  readonly #beams: readonly Beam[];

  constructor(
    private readonly settings: GroupSettings,
    requiredPhrases: RequiredPhrases,
    onConsidered?: OnConsidered,
  ) {
    const {beamGroups, beams} = settings;
    const group = {...settings, beams: beams / beamGroups};
    this.#beams = Array.from({length: beamGroups}, () => new Beam(group, requiredPhrases, onConsidered));
  }

  /** Open hypotheses of all groups, in the order of the groups. */
  get open(): Beam['open'] {
    return this.#beams.flatMap(({open}) => open);
  }

  /**
   * Advances the groups in order, each with a penalty on the words that the previous groups chose in this step.
   *
   * @param first Row of the first open hypothesis in `next`; the others follow.
   */
  advance(next: NextWords, first: number): void {
    const penalties = new Map<number, number>();
    let row = first;
    for (const beam of this.#beams) {
      const {length} = beam.open;
      beam.advance(next, row, penalties);
      row += length;
      if (this.#beams.length === 1) return;
      for (const {tokens} of beam.open) {
        const word = tokens.at(-1)!;
        penalties.set(word, (penalties.get(word) ?? 0) + this.settings.diversityPenalty);
      }
    }
  }

  /** Returns the distinct finished hypotheses of all groups, best first. */
  best(): Hypothesis[] {
    const all = this.#beams.flatMap((beam) => beam.best());
    const distinct = new Map(all.map((found) => [`${found.tokens.join()} ${found.finished}`, found]));
    return [...distinct.values()].sort((a, b) => b.score - a.score);
  }
}
