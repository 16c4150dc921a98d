/** Compares methods of explanation: are their maps true of the captioner? */
import type {Captioner} from '../../captioner';
import type {CaptionedImage} from '../../datasets/dataset';
import {CaptionerError} from '../../errors';
import {interruptible} from '../../interrupt';
import type {BootstrapOptions} from '../../metrics/bootstrap';
import {parseOptions} from '../../options';
import {startProgress, type ProgressOptions} from '../../show-progress';
import {methodNamed, type MethodName, type MethodOptions} from '../methods';
import {controls} from './controls';
import {measureImage} from './measure-image';
import type {MeasuredImage, MeasuredMethod, MeasureSettings} from './measurement';
import {summarize, type MethodFaithfulness} from './summary';
import {Truth} from './truth';
import {wrongWordSignals, type WrongWordSignal} from './wrong-words';

/** A method to compare: its name, or its name with options and a label of its own. */
export type ComparedMethod =
  | MethodName
  | {
      [Name in MethodName]: {readonly method: Name; readonly label?: string} & MethodOptions[Name];
    }[MethodName];

/** Options of `faithfulness`. */
export interface FaithfulnessOptions extends ProgressOptions, BootstrapOptions, Partial<MeasureSettings> {
  /** Whether maps that know nothing of the captioner are measured too: random ones, and one with its maximum in the middle. @default true */
  readonly controls?: boolean;
}

/** The comparison of methods. */
export interface Faithfulness {
  readonly methods: readonly MethodFaithfulness[];
  /** How well each signal tells wrong words of the captions from right ones. */
  readonly wrongWords: readonly WrongWordSignal[];
  /** The measurements of each image. */
  readonly images: readonly MeasuredImage[];
}

const defaults: MeasureSettings = {
  steps: 5,
  curveWords: 1,
  perturbations: 16,
  noises: 0,
  seed: 1,
  batch: 16,
};

/**
 * Measures how faithful methods are. On drawn scenes the truth is known: where an object is, and what the captioner says without it.
 *
 * @param images Images of a dataset, each of which is captioned and explained.
 * @param methods Methods to compare.
 * @throws CaptionerError `options`; `image`, `not-found` for an image that can't be read; `stopped`
 * @example await faithfulness(captioner, ofSplit(dataset, 'test'), ['occlusion', 'saliency']);
 */
export async function faithfulness(
  captioner: Captioner,
  images: readonly CaptionedImage[],
  methods: readonly ComparedMethod[],
  options: FaithfulnessOptions = {},
): Promise<Faithfulness> {
  const compared = measured(methods, options);
  const settings = {...defaults, ...options};
  const truth = new Truth();
  const found: MeasuredImage[] = [];
  let done = 0;
  const bar = startProgress(options, 'Measuring faithfulness', images.length);
  try {
    await interruptible(
      async (interrupt) => {
        for (const image of images) {
          const own = await measureImage(captioner, image, compared, truth, settings, interrupt);
          if (own) found.push(own);
          await bar.update(++done);
        }
      },
      {stopped: () => `after ${done} of ${images.length} images`, resumes: false},
    );
  } finally {
    await bar.finish();
  }
  return {methods: summarize(found, options), wrongWords: wrongWordSignals(found, options), images: found};
}

/**
 * Measures how well the captioner's own numbers, and the maps of methods, tell wrong words from right ones: of drawn scenes, words that are
 * false; of photographs, words that none of the people used who described them.
 *
 * @param methods Methods whose maps are tried. @default none
 * @throws CaptionerError As `faithfulness`.
 */
export async function findingWrongWords(
  captioner: Captioner,
  images: readonly CaptionedImage[],
  methods: readonly ComparedMethod[] = [],
  options: Omit<FaithfulnessOptions, 'steps' | 'perturbations' | 'noises'> = {},
): Promise<readonly WrongWordSignal[]> {
  const none = {steps: 0, perturbations: 0, noises: 0};
  return (await faithfulness(captioner, images, methods, {controls: false, ...options, ...none})).wrongWords;
}

/** Looks up methods and checks their options. @throws CaptionerError `options` */
export function measured(
  methods: readonly ComparedMethod[],
  {controls: withControls = true}: Pick<FaithfulnessOptions, 'controls'> = {},
): MeasuredMethod[] {
  const found = methods.map((given): MeasuredMethod => {
    const {method: name, label = name, ...options} = typeof given === 'string' ? {method: given} : given;
    const method = methodNamed(name);
    const settings = parseOptions(method.options.schema, options, method.options.owner);
    return {label, method, settings};
  });
  if (withControls) for (const [label, method] of controls) found.push({label, method, settings: {}});
  const twice = found.find(({label}, at) => found.findIndex((other) => other.label === label) !== at);
  if (twice)
    throw new CaptionerError(
      'options',
      `Expected different labels of the methods, got "${twice.label}" twice`,
    );
  return found;
}
