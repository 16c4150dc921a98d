/** The options of building a vocabulary. */
import {z} from 'zod';
import {optionGroup, type OptionGroup} from '../option-group';
import type {VocabularyOptions} from '../option-types';

/** Only `maximumSize` has no default. */
export type VocabularySettings = Readonly<Required<Omit<VocabularyOptions, 'maximumSize'>>> & {
  readonly maximumSize?: number | undefined;
};

export const vocabularyOptions: OptionGroup<VocabularySettings> = optionGroup<VocabularyOptions>({
  owner: 'vocabulary',
  type: 'VocabularyOptions',
  about: 'Options of `Vocabulary.from`.',
})(
  z.strictObject({
    minimumCount: z
      .int()
      .min(1)
      .default(5)
      .describe('Minimum number of occurrences; rarer words become unknown.'),
    maximumSize: z
      .int()
      .min(1)
      .optional()
      .describe('Maximum number of words; the most frequent are kept. By default there is no limit.'),
  }),
);
