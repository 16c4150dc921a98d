/** Checks the options of a recipe before any image is read, and divides them between decoder and trainer. */
import type {CheckpointMetadata} from '../checkpoints/metadata';
import {decoderOptions as decoderOptionGroups} from '../decoders/decoder-options';
import {createDecoder, optionsOf} from '../decoders/registry';
import {CaptionerError} from '../errors';
import {unknownOption} from '../option-names';
import {userPath} from '../paths';
import {sampleOptions, searchOptions} from '../search/search-options';
import {readProvenance} from './provenance';
import {trainerSettings, type TrainerOptions} from './options';
import type {TrainingRecipe} from './training-recipe';

/** The checkpoint or run that a training starts from or resumes. */
export type Before = Pick<CheckpointMetadata, 'encoder' | 'fineTuned' | 'training'> & {
  readonly decoder: {readonly kind: string; readonly options: Readonly<Record<string, unknown>>};
};

/** Checks what can be wrong without an image. @throws CaptionerError `options` */
export function checkOptions(
  {decoder, minimumCount, wordVectors, resume, from, run, features, ...recipe}: TrainingRecipe,
  {decoderOptions, trainerOptions}: DividedOptions,
  kind: string,
  before: Before | undefined,
): void {
  const fixed = (what: string, part = 'decoder'): CaptionerError =>
    new CaptionerError(
      'options',
      `Expected no ${what} with \`${resume ? 'resume' : 'from'}\`: the ${part} exists already`,
    );
  for (const name of ['encoder', 'weights', 'size', 'fit', 'fineTune', 'views', 'mirror'] as const)
    if (features !== undefined && recipe[name] !== undefined)
      throw new CaptionerError(
        'options',
        `Expected no \`${name}\` with \`features\`, a store that is used as it is; leave one of them out`,
      );
  // A decoder's options are fixed; repeating the same value is allowed.
  if (before ?? from)
    for (const [name, value] of Object.entries(decoderOptions))
      if (name !== 'seed' && value !== before?.decoder.options[name])
        throw fixed(`decoder option \`${name}\``);
  if (before && decoder !== undefined && decoder !== before.decoder.kind)
    throw fixed(`other \`decoder\` than "${before.decoder.kind}"`);
  if (before && minimumCount !== undefined && minimumCount !== countOf((resume ? run : from)!))
    throw fixed('other `minimumCount` (--minimum-count) than its own', 'vocabulary');
  if (before && wordVectors !== undefined) throw fixed('`wordVectors`');
  createDecoder(kind, 4, 4, decoderOptions).dispose();
  trainerSettings({...before?.training?.settings, ...trainerOptions});
}

/** The minimum count of a run's vocabulary, if it is known. */
function countOf(run: string): number | undefined {
  const {minimumCount, suitedMinimumCount} = readProvenance(userPath(run)) ?? {};
  return suitedMinimumCount ?? minimumCount;
}

export interface DividedOptions {
  readonly decoderOptions: object;
  readonly trainerOptions: TrainerOptions;
}

/** Divides the options that are given by name. @throws CaptionerError `options` for a name that neither decoder nor trainer has */
export function divideOptions(
  {set = {}, decoderOptions, trainerOptions}: TrainingRecipe,
  decoder: string,
): DividedOptions {
  // The trainer's `seed` serves both.
  const ofDecoder = optionsOf(decoder).filter((name) => name !== 'seed');
  const ofTrainer = Object.keys(trainerSettings());
  for (const name of Object.keys(set))
    if (![...ofDecoder, ...ofTrainer].includes(name))
      throw new CaptionerError(
        'options',
        unknownOption(
          name,
          [
            {owner: `${decoder} decoder`, names: ofDecoder},
            {owner: 'trainer', names: ofTrainer},
          ],
          [...decoderOptionGroups.values(), searchOptions, sampleOptions],
        ),
      );
  const part = (wanted: boolean): object =>
    Object.fromEntries(Object.entries(set).filter(([name]) => ofDecoder.includes(name) === wanted));
  return {
    decoderOptions: {...decoderOptions, ...part(true)},
    trainerOptions: {...trainerOptions, ...part(false)},
  };
}
