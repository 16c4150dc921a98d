/**
 * The beams of one image, which shun each other's words: diverse beam search (Vijayakumar et al. 2016, arXiv 1610.02424) with
 * its Hamming diversity. With one group it is a plain beam.
 */
import {Beam, type BeamSettings, type Hypothesis, type NextWords} from './beam';
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
  ) {
    const {beamGroups, beams} = settings;
    const own = {...settings, beams: beams / beamGroups};
    this.#beams = Array.from({length: beamGroups}, () => new Beam(own, requiredPhrases));
  }

  /** Those of the first group first. */
  get open(): Beam['open'] {
    return this.#beams.flatMap(({open}) => open);
  }

  /**
   * One group after the other goes on, each shunning the words that those before it go on with at this step.
   *
   * @param first The row of the first open sentence; the others follow.
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

  /** Of all groups, the best first; what several groups found is there once. */
  best(): Hypothesis[] {
    const all = this.#beams.flatMap((beam) => beam.best());
    const once = new Map(all.map((found) => [`${found.tokens.join()} ${found.finished}`, found]));
    return [...once.values()].sort((a, b) => b.score - a.score);
  }
}
