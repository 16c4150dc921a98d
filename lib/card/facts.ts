/** Facts that are known of a model without running it: read from its checkpoint and from its run's record. */
import {basename} from 'node:path';
import {loadCheckpoint} from '../checkpoints/checkpoint';
import type {History} from '../checkpoints/history';
import type {Position} from '../checkpoints/metadata';
import {decoderOptions} from '../decoders/decoder-options';
import type {EncoderIdentity} from '../encoders/identity';
import {userPath} from '../paths';
import {featuresOf} from '../decoders/registry';
import {suitedOptions, trainerSettings, type TrainerSettings} from '../training/options';
import {readProvenance, type Provenance, type TrainedOn} from '../training/provenance';

/** A model in facts. */
export interface ModelFacts {
  /** Name of the run's folder. */
  readonly name: string;
  readonly decoder: {
    readonly kind: string;
    readonly options: Readonly<Record<string, unknown>>;
    /** Number of trained weights. */
    readonly weights: number;
  };
  readonly encoder: EncoderIdentity;
  readonly fineTuned?: {readonly from: string; readonly weights: number} | undefined;
  /** Views of an image that a caption is written from. */
  readonly views: number;
  /** Words of the vocabulary. */
  readonly words: number;
  /** Undefined where the checkpoint doesn't say how it was trained. */
  readonly settings?: TrainerSettings | undefined;
  /** Undefined for a checkpoint that is only for captions. */
  readonly training?: {
    readonly history: History;
    readonly position: Position;
    readonly views: number;
    readonly mirrored?: boolean | undefined;
  };
  readonly provenance?: Provenance | undefined;
}

/** @throws CaptionerError as `loadCheckpoint` */
export async function readFacts(run: string): Promise<ModelFacts> {
  const {decoder, vocabulary, encoder, fineTuned, views, settings, training} = await loadCheckpoint(run);
  const size = (shape: readonly number[]): number => shape.reduce((product, side) => product * side, 1);
  const sum = (shapes: readonly (readonly number[])[]): number =>
    shapes.reduce((all, shape) => all + size(shape), 0);
  const saved = training?.settings ?? settings;
  try {
    return {
      name: basename(userPath(run)),
      decoder: {
        kind: decoder.kind,
        options: decoder.options,
        weights: sum([...decoder.weights.values()].map(({shape}) => shape)),
      },
      encoder,
      fineTuned: fineTuned && {
        from: fineTuned.from,
        weights: sum([...fineTuned.tensors.values()].map(({shape}) => shape)),
      },
      views: views ?? 1,
      words: vocabulary.toJSON().words.length,
      settings: saved && trainerSettings(saved),
      ...(training && {
        training: {
          history: training.history,
          position: training.position,
          views: training.views ?? 1,
          mirrored: training.mirrored,
        },
      }),
      provenance: readProvenance(userPath(run)),
    };
  } finally {
    decoder.dispose();
  }
}

/** As many as in large datasets, for which the defaults are made. */
const manyCaptions = 30_000;

/** An option whose value is not the default. */
export interface ChangedOption {
  readonly owner: 'trainer' | 'decoder';
  readonly option: string;
  readonly value: unknown;
  readonly default: unknown;
}

/**
 * Lists the options that differ from the defaults, those that suit the data and the decoder included.
 *
 * @param data What the model was trained on, where that is known.
 */
export function changedOptions(
  {decoder, fineTuned, settings, provenance}: ModelFacts,
  data: Pick<TrainedOn, 'captions'> | undefined,
): ChangedOption[] {
  const group = decoderOptions.get(decoder.kind);
  const decoderDefaults = (group?.schema.parse({}) ?? {}) as Record<string, unknown>;
  const own = differing('decoder', decoder.options, decoderDefaults);
  if (settings === undefined) return own;
  const task = {
    features: featuresOf(decoder.kind),
    tuned: fineTuned !== undefined,
    objective: settings.objective,
  };
  const suited = suitedOptions(data?.captions.train ?? manyCaptions, task);
  // As the run began; later changes are listed separately.
  const began = provenance?.settings ?? settings;
  // The seed of the trainer serves the decoder too.
  const rest = own.filter(({option, value}) => option !== 'seed' || value !== began.seed);
  return [...rest, ...differing('trainer', {...began}, {...trainerSettings(suited)})];
}

/** Lists the options that were changed while the model was trained. */
export function optionsChangedOnTheWay({settings, provenance}: ModelFacts): ChangedOption[] {
  if (!settings || !provenance) return [];
  return differing('trainer', {...settings}, {...provenance.settings});
}

function differing(
  owner: ChangedOption['owner'],
  values: Readonly<Record<string, unknown>>,
  defaults: Readonly<Record<string, unknown>>,
): ChangedOption[] {
  return Object.entries(values)
    .filter(([option, value]) => JSON.stringify(value) !== JSON.stringify(defaults[option]))
    .map(([option, value]) => ({owner, option, value, default: defaults[option]}));
}
