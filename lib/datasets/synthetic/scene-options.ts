/** The options of drawing scenes. */
import {z} from 'zod';
import {optionGroup, type OptionGroup} from '../../option-group';
import type {SceneOptions} from '../../option-types';

const count = z.int().min(0).max(99_999);

/** Which scenes a folder holds. */
export type ScenePlan = Readonly<Required<SceneOptions>>;

export const sceneOptions: OptionGroup<ScenePlan> = optionGroup<SceneOptions>({
  owner: 'scenes',
  type: 'SceneOptions',
  about: 'Options of `drawScenes`.',
})(
  z.strictObject({
    seed: z.int().min(0).max(0xffffffff).default(1).describe('Seed of the scenes.'),
    train: count.default(600).describe('Number of training images.'),
    validation: count.default(100).describe('Number of validation images.'),
    test: count.default(100).describe('Number of test images.'),
    rareWords: z
      .boolean()
      .default(false)
      .describe('Whether captions use rare nouns now and then, most of them a few times only, as people do.'),
    fewestCaptions: z
      .int()
      .min(1)
      .max(5)
      .default(5)
      .describe('Fewest captions of an image. Below 5, each image has a number drawn from here to 5.'),
    bias: z
      .number()
      .min(0)
      .max(1)
      .default(0)
      .describe(
        'Probability that a child wears blue in a training or validation scene, whatever it would wear. Without this bias, and always in test scenes, blue and yellow are equally frequent.',
      ),
  }),
);
