/** The settings of a run, and which of them its user chose. Loads no TensorFlow. */
import {isDeepStrictEqual} from 'node:util';
import {decoderOptions} from '../decoders/decoder-options';
import {suitedOptions, trainerSettings, type Objective} from './options';

/** Settings by name. */
export type Settings = Readonly<Record<string, unknown>>;

/** The parts of a run that decide which settings suit it. */
export interface RunParts {
  readonly kind: string;
  readonly options: Settings;
  readonly trainer: Settings;
  /** First block of the encoder that is trained. */
  readonly fineTune?: string | undefined;
  /** Number of training captions, where it is known. */
  readonly captions?: number | undefined;
}

/** Returns the settings of decoder and trainer under one roof; both have the same seed unless it was set for each. */
export function allSettings({options, trainer}: RunParts): Settings {
  const {seed, ...rest} = options;
  const own = seed !== undefined && seed !== trainer['seed'] ? {'decoder seed': seed} : {};
  return {...rest, ...trainer, ...own};
}

/** Returns the settings that differ from the defaults that suit the run. */
export function changedFromDefaults(parts: RunParts): Settings {
  const {kind, trainer, captions} = parts;
  const settings = allSettings(parts);
  const ofDecoder = defaultsOf(kind);
  const task = {
    features: kind === 'lstm' ? ('pooled' as const) : ('grid' as const),
    tuned: parts.fineTune !== undefined,
    objective: trainer['objective'] as Objective,
  };
  // Where the number of captions is not known, the run is compared with what suits few and many; the nearer is meant.
  const sizes = captions === undefined ? [1, 1e6] : [captions];
  const candidates = sizes.map((size) => {
    const defaults: Settings = {...ofDecoder, ...trainerSettings(), ...suitedOptions(size, task)};
    const differing = Object.entries(settings).filter(
      ([name, value]) => !/\bseed$/.test(name) && !isDeepStrictEqual(value, defaults[name]),
    );
    return Object.fromEntries(differing);
  });
  return candidates.reduce((a, b) => (Object.keys(b).length < Object.keys(a).length ? b : a));
}

function defaultsOf(kind: string): Settings {
  const parsed = decoderOptions.get(kind)?.schema.safeParse({});
  return parsed?.success ? (parsed.data as Settings) : {};
}
