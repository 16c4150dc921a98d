/** The options of search and of sampling. Loads no TensorFlow, since `--help` lists them. */
import {z} from 'zod';
import {optionGroup, type OptionGroup} from '../option-group';
import type {Limits, SampleOptions, SearchOptions} from '../option-types';

const limits = {
  minimumLength: z
    .int()
    .min(0)
    .max(200)
    .default(0)
    .describe('Minimum caption length in words; a caption is shorter only if no other word is allowed.'),
  maximumLength: z.int().min(1).max(200).default(24).describe('Maximum caption length in words.'),
  suppressWords: z
    .array(z.int().min(0))
    .readonly()
    .default([])
    .describe(
      'Words that are never written, such as `["man"]`; functions that know no vocabulary take word ids.',
    ),
};

type Lengths = Readonly<Record<'minimumLength' | 'maximumLength', number>>;

const lengthsFit: [(lengths: Lengths) => boolean, {path: string[]; message: string}] = [
  ({minimumLength, maximumLength}) => minimumLength <= maximumLength,
  {path: ['minimumLength'], message: 'expected at most `maximumLength`'},
];

/** Those that search and sampling share. */
export const limitOptions: OptionGroup<Readonly<Required<Limits>>> = optionGroup<Limits>({
  owner: 'limits',
  type: 'Limits',
  about: 'Length and words of captions, for search and sampling alike.',
})(z.strictObject(limits));

const search = z.strictObject({
  beams: z.int().min(1).max(100).default(3).describe('Beam width; 1 is greedy search.'),
  lengthPenalty: z
    .number()
    .min(0)
    .max(5)
    .default(0.7)
    .describe(
      'Length normalisation: log-probabilities are divided by the length, end included, to this power (Wu et al. 2016, arXiv 1609.08144, equation 14, simplified); 0 disables it.',
    ),
  ...limits,
  noRepeatNgramSize: z
    .int()
    .min(0)
    .max(200)
    .default(0)
    .describe(
      'No n-gram of this size occurs twice in a caption (Paulus et al. 2018, arXiv 1705.04304, section 2.5); 0 disables it.',
    ),
  beamGroups: z
    .int()
    .min(1)
    .max(100)
    .default(1)
    .describe(
      'Groups of diverse beam search, each of which avoids the words of those before it; their number must divide `beams`.',
    ),
  diversityPenalty: z
    .number()
    .min(0)
    .max(100)
    .default(0.5)
    .describe(
      'Log-probability that a word loses each time that an earlier group writes it at the same position.',
    ),
  requiredPhrases: z
    .array(z.array(z.int().min(0)).min(1).readonly())
    .readonly()
    .default([])
    .describe(
      'Phrases that every caption contains, such as `["red ball"]`; functions that know no vocabulary take lists of word ids. The beam is widened to their number of words plus one, and they may repeat an n-gram that `noRepeatNgramSize` forbids where there is no other way.',
    ),
});

export const searchOptions: OptionGroup<Readonly<Required<SearchOptions>>> = optionGroup<SearchOptions>({
  owner: 'search',
  type: 'SearchOptions',
  about: 'Options of beam search.',
  extends: 'Limits',
})(
  search
    .refine(({beamGroups, beams}) => beams % beamGroups === 0, {
      path: ['beamGroups'],
      message: 'expected a number that divides `beams`',
    })
    .refine(...lengthsFit),
);

const sampling = z.strictObject({
  samples: z
    .int()
    .min(1)
    .max(10_000)
    .default(1)
    .describe('Captions per image; on the command line, `--sample N` sets it.'),
  temperature: z
    .number()
    .min(0.01)
    .max(100)
    .default(1)
    .describe(
      'Divisor of the logits: below 1, likely words become likelier; close to 0, it is greedy search.',
    ),
  topK: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'Samples from the k most likely words only (Fan et al. 2018, arXiv 1805.04833); 0 disables it.',
    ),
  topP: z
    .number()
    .gt(0)
    .max(1)
    .default(1)
    .describe(
      'Samples from the fewest likeliest words whose probabilities reach this sum (nucleus sampling, Holtzman et al. 2020, arXiv 1904.09751).',
    ),
  ...limits,
  seed: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .default(1)
    .describe('Seed for sampling.'),
  first: z
    .int()
    .min(0)
    .default(0)
    .describe(
      'Number of the first image, where images come in several calls: it decides the random numbers.',
    ),
});

export const sampleOptions: OptionGroup<Readonly<Required<SampleOptions>>> = optionGroup<SampleOptions>({
  owner: 'sampling',
  type: 'SampleOptions',
  about: 'Options of sampling.',
  extends: 'Limits',
})(sampling.refine(...lengthsFit));
