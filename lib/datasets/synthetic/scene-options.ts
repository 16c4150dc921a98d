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
  }),
);
