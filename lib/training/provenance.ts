/**
 * The record of where a run comes from, kept in its folder as `provenance.json`: the data, the settings that it began with, the version and the machine.
 * A model card says so later, when the code has moved on.
 */
import {existsSync} from 'node:fs';
import {availableParallelism, cpus, release, totalmem, type} from 'node:os';
import {join} from 'node:path';
import {splits, type Dataset, type Split} from '../datasets/dataset';
import {countCaptions, ofSplit} from '../datasets/image-list';
import {provenanceName} from '../checkpoints/run-layout';
import {fingerprint} from '../datasets/fingerprint';
import {writeFileAtomic} from '../files/atomic';
import {readTextChecked} from '../files/regular-file';
import {device} from '../tensorflow/tensorflow';
import {libraryVersion, type LibraryVersion} from '../version';
import type {TrainerSettings} from './trainer-options';

/** A machine that trained. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  /** Gigabytes. */
  readonly memory: number;
  readonly system: string;
  readonly device: 'cpu' | 'gpu';
}

/** A process that trained the run. */
export interface Session extends LibraryVersion {
  /** ISO 8601. */
  readonly began: string;
  readonly node: string;
  readonly machine: Machine;
}

/** The dataset that a run learns from. */
export interface TrainedOn {
  /** Absolute path, on the machine that trained. */
  readonly folder: string;
  readonly layout: string;
  readonly fingerprint: string;
  readonly images: Readonly<Record<Split, number>>;
  readonly captions: Readonly<Record<Split, number>>;
}

/** Origin of the weights and words that a run began with. */
export interface Origin {
  /** Checkpoint or run that the weights were taken from. */
  readonly from?: string | undefined;
  readonly minimumCount?: number | undefined;
  /** The minimum count of the vocabulary, given or chosen. */
  readonly suitedMinimumCount?: number | undefined;
  /** File of word vectors. */
  readonly wordVectors?: string | undefined;
}

/** Where a run comes from: data, first settings, and each session's version and machine. */
export interface Provenance extends Origin {
  readonly data: TrainedOn;
  /** The settings of the first step. */
  readonly settings: TrainerSettings;
  /** The first began the run, each other resumed it. */
  readonly sessions: readonly Session[];
}

/** Records that a run begins. */
export async function beginProvenance(
  folder: string,
  dataset: Dataset,
  settings: TrainerSettings,
): Promise<void> {
  await write(folder, {data: trainedOn(dataset), settings, sessions: [thisSession()]});
}

/** Adds to what is recorded; nothing where nothing is. */
export async function extendProvenance(folder: string, origin: Origin): Promise<void> {
  const known = readProvenance(folder);
  if (known) await write(folder, {...known, ...origin});
}

/** Records that a run is resumed. */
export async function resumeProvenance(folder: string): Promise<void> {
  const known = readProvenance(folder);
  if (known) await write(folder, {...known, sessions: [...known.sessions, thisSession()]});
}

/** Returns what is recorded of a run; undefined for a run of an earlier version, or where the record is damaged. */
export function readProvenance(folder: string): Provenance | undefined {
  const file = join(folder, provenanceName);
  if (!existsSync(file)) return undefined;
  try {
    const found = JSON.parse(readTextChecked(file, {code: 'header'})) as Partial<Provenance> | null;
    return found?.data && found.settings && Array.isArray(found.sessions) ? (found as Provenance) : undefined;
  } catch {
    return undefined;
  }
}

/** Describes a dataset without its images. */
export function trainedOn(dataset: Dataset): TrainedOn {
  const counted = (count: (split: Split) => number): Record<Split, number> =>
    Object.fromEntries(splits.map((split) => [split, count(split)])) as Record<Split, number>;
  return {
    folder: dataset.folder,
    layout: dataset.layout,
    fingerprint: fingerprint(dataset),
    images: counted((split) => ofSplit(dataset, split).length),
    captions: counted((split) => countCaptions(ofSplit(dataset, split))),
  };
}

function thisSession(): Session {
  const [first] = cpus();
  return {
    began: new Date().toISOString(),
    ...libraryVersion(),
    node: process.versions.node,
    machine: {
      processor: first?.model.trim().replace(/\s+/g, ' ') || process.arch,
      cores: availableParallelism(),
      memory: Math.round(totalmem() / 1e9),
      system: `${type()} ${release()}`,
      device: device(),
    },
  };
}

async function write(folder: string, provenance: Provenance): Promise<void> {
  await writeFileAtomic(join(folder, provenanceName), `${JSON.stringify(provenance, undefined, 2)}\n`);
}
