/** The options of building a feature store. Loads no TensorFlow. */
import {z} from 'zod';
import type {FieldMeta} from '../option-fields';
import {optionGroup, type OptionGroup} from '../option-group';
import type {BuildOptions} from '../option-types';
import type {OnBuildProgress} from '../build-progress';
import type {ProgressDisplay} from '../show-progress';
import {featureKinds} from './shard';

/** Only `onProgress` and `progress` have no default. */
export type BuildSettings = Readonly<Required<Omit<BuildOptions, 'onProgress' | 'progress'>>> & {
  readonly onProgress?: OnBuildProgress | undefined;
  readonly progress?: ProgressDisplay | undefined;
};

const listener: FieldMeta = {type: 'OnBuildProgress', from: './build-progress'};
const display: FieldMeta = {type: 'ProgressDisplay', from: './show-progress'};

export const buildOptions: OptionGroup<BuildSettings> = optionGroup<BuildOptions>({
  owner: 'feature store',
  type: 'BuildOptions',
  about: 'Options of `FeatureStore.build`.',
})(
  z.strictObject({
    kind: z
      .enum(featureKinds)
      .default('pooled')
      .describe('A vector for each grid cell (`grid`), or their mean (`pooled`).'),
    batch: z.int().min(1).max(65_536).default(16).describe('Images that the encoder reads at once.'),
    shard: z
      .int()
      .min(1)
      .default(256)
      .describe('Images per shard file, which are also the most that a killed run loses.'),
    part: z
      .strictObject({number: z.int().min(1), of: z.int().min(1)})
      .refine(({number, of}) => number <= of, {error: 'expected `number` to be at most `of`'})
      .readonly()
      .default({number: 1, of: 1})
      .describe(
        'Only every `of`-th shard, starting with shard `number` (from 1), so that several machines share the work. Each needs a folder of its own; files copied into one folder are one store.',
      ),
    onProgress: z
      .custom<OnBuildProgress>((value) => typeof value === 'function')
      .optional()
      .describe('Called with the number of images that are done.')
      .meta({option: listener}),
    progress: z
      .custom<ProgressDisplay>((value) => value === false || typeof value === 'function')
      .optional()
      .describe(
        'Shows how far the build is. By default a notebook has a bar if it takes longer than half a second.',
      )
      .meta({option: display}),
  }),
);
