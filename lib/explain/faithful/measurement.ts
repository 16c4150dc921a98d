/** Measurements of an image: plain data, so that a long run can save them image by image. */
import type {Change} from '../../datasets/synthetic/counterfactuals';
import type {Kind} from '../../datasets/synthetic/scene';
import type {ExplanationCost} from '../explanation';
import type {Method} from '../method';
import type {KnownWord} from './truth';

/** A method with its settings. */
export interface MeasuredMethod {
  /** Its name in the table. */
  readonly label: string;
  readonly method: Method;
  readonly settings: unknown;
}

/** Settings of a measurement. */
export interface MeasureSettings {
  /** Steps of deletion and insertion; 0 for neither. */
  readonly steps: number;
  /** Words of each image, chosen at random, of which deletion and insertion are measured. */
  readonly curveWords: number;
  /** Perturbations of infidelity; 0 for none. */
  readonly perturbations: number;
  /** Noisy images of maximum sensitivity; 0 for none. */
  readonly noises: number;
  readonly seed: number;
  /** Images in memory at once. */
  readonly batch: number;
}

/** An explained word with what the captioner itself knows about it. */
export interface MeasuredWord extends KnownWord {
  readonly word: string;
  readonly probability: number;
  /** Entropy of all words at its place, in nats. */
  readonly entropy: number;
  /** Weight of the visual sentinel: attention that no cell gets. */
  readonly sentinel?: number;
  /** Entropy of the attention, in nats. */
  readonly attentionEntropy?: number;
}

/** How far a word's log-probability falls when the objects of a kind change. */
export interface Effect {
  /** Number of the word among the explained ones. */
  readonly word: number;
  readonly kind: Kind;
  readonly change: Change;
  readonly fall: number;
}

/** Scores of a method for one image. Lists are by explained word unless they say otherwise, `said` by effect. */
export interface MeasuredMaps {
  readonly cost: ExplanationCost;
  /** Sum of a map, and of its absolute values. */
  readonly sums: readonly number[];
  readonly masses: readonly number[];
  /** Scores of the words that were chosen for it. */
  readonly deletion?: readonly number[];
  readonly insertion?: readonly number[];
  /** Infidelity after the best scaling, divided by that of a map of zeros: from 0 to 1. */
  readonly infidelity?: readonly number[];
  readonly sensitivity?: readonly number[];
  /** Whether the maximum lies in the box of the objects that the word is about; `null` of words that are about none. */
  readonly pointing: readonly (boolean | null)[];
  readonly energy: readonly (number | null)[];
  /** Sum of the map in the objects' boxes. */
  readonly said: readonly number[];
  /** Mean rank correlation with the maps of each other method. */
  readonly agreement: Readonly<Record<string, number>>;
}

/** The measurements of an image and its caption. */
export interface MeasuredImage {
  readonly id: string;
  readonly caption: string;
  readonly words: readonly MeasuredWord[];
  readonly effects: readonly Effect[];
  readonly methods: Readonly<Record<string, MeasuredMaps>>;
}
