/** Named recipes. Each lists only what differs from the defaults, with its reason. */
import type {ExportOptions} from '../checkpoints/export';
import {CaptionerError} from '../errors';
import {unknownName} from '../option-names';
import {presetNames, type PresetName} from './preset-names';
import type {TrainingRecipe} from './training-recipe';

export {presetNames, type PresetName};

/** A training in one or more stages: each starts from the best checkpoint of the one before. */
export interface Preset {
  readonly title: string;
  readonly stages: readonly Stage[];
  /** How the last stage's checkpoint is exported. */
  readonly export?: ExportOptions;
}

/** A stage of a preset: a training of its own. */
export interface Stage {
  /** Added to the name of the run's folder; empty for the first stage. */
  readonly suffix: string;
  readonly recipe: Pick<TrainingRecipe, 'decoder' | 'decoderOptions' | 'fineTune' | 'trainerOptions'>;
}

/** The presets by name. */
export const presets: Readonly<Record<PresetName, Preset>> = {
  quick: {
    title: 'every step of the process within minutes; captions are poor',
    stages: [
      {
        suffix: '',
        recipe: {
          decoderOptions: {units: 256}, // a quarter of the work of 512
          trainerOptions: {epochs: 3, meteor: false}, // METEOR's tables take longer to load than an epoch of a small dataset
        },
      },
    ],
  },
  standard: {
    title: 'soft attention on a frozen encoder: good captions without a GPU',
    stages: [
      {
        suffix: '',
        recipe: {
          decoder: 'attention', // a pooled vector loses where things are: CIDEr-D 0.505 instead of 0.423 on Flickr8k
          trainerOptions: {epochs: 8}, // validation does not improve afterwards
        },
      },
    ],
  },
  best: {
    title: 'the bundled checkpoint: a fine-tuned encoder, then self-critical training',
    stages: [
      {
        suffix: '',
        recipe: {
          decoder: 'attention',
          fineTune: 'blocks.15', // features made for captions, trained on crops and mirror images: CIDEr-D 0.593
          trainerOptions: {epochs: 10},
        },
      },
      {
        suffix: '-scst',
        recipe: {trainerOptions: {objective: 'self-critical'}}, // CIDEr-D itself as the objective: 0.597 with one view
      },
    ],
    export: {views: 3, size: 256}, // test-time augmentation on larger images: CIDEr-D 0.631
  },
};

/** @throws CaptionerError `options` */
export function presetOf(name: string): Preset {
  const known = presetNames.find((one) => one === name);
  if (known === undefined) throw new CaptionerError('options', unknownName('preset', name, presetNames));
  return presets[known];
}
