/** Every group of options, for documents and for the interfaces that are generated. */
import {sceneOptions} from './datasets/synthetic/scene-options';
import {decoderOptions} from './decoders/decoder-options';
import {methodOptions} from './explain/method-options';
import {buildOptions} from './features/build-options';
import type {OptionGroup} from './option-group';
import {limitOptions, sampleOptions, searchOptions} from './search/search-options';
import {vocabularyOptions} from './text/vocabulary-options';
import {trainerOptions} from './training/trainer-options';

export const optionGroups: readonly OptionGroup[] = [
  trainerOptions,
  ...decoderOptions.values(),
  limitOptions,
  searchOptions,
  sampleOptions,
  buildOptions,
  vocabularyOptions,
  sceneOptions,
  ...methodOptions,
];
