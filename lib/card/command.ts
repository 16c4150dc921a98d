/** The commands that make a model again. */
import {basename, isAbsolute, relative, sep} from 'node:path';
import {architectureOf} from '../encoders/registry';
import {projectFolder} from '../paths';
import type {TrainedOn} from '../training/provenance';
import {changedOptions, type ModelFacts} from './facts';

/** Defaults of `captioner train` that aren't options of trainer or decoder. */
const defaults: Readonly<Record<'encoder' | 'decoder' | 'fit', string>> = {
  encoder: 'efficientnet-lite2',
  decoder: 'lstm',
  fit: 'stretch',
};
/** Options that change where a run is saved or what is shown, but not what it learns. */
const irrelevant = new Set(['saveEvery', 'panelImages']);

/** Stand for what isn't recorded. */
export const placeholders = {data: 'DATA', from: 'FROM', run: 'RUN'} as const;

/**
 * Returns the commands as lines that a shell reads.
 *
 * @param data What the model was trained on; undefined where that isn't known.
 */
export function trainCommands(facts: ModelFacts, data: TrainedOn | undefined): string[] {
  const {name, encoder, training, views} = facts;
  const folder = `checkpoints/${name}`;
  if (training) return trainCommand(facts, data, folder);
  const size =
    encoder.preprocessing.size === usualSize(encoder.name) ? undefined : encoder.preprocessing.size;
  return [
    ...trainCommand(facts, data, placeholders.run),
    ...broken([
      `npx captioner export ${placeholders.run}`,
      ...words([
        ['--to', folder],
        ['--views', views > 1 ? views : undefined],
        ['--size', size],
      ]),
    ]),
  ];
}

type Flag = readonly [string, string | number | undefined];

function trainCommand(facts: ModelFacts, data: TrainedOn | undefined, run: string): string[] {
  const {settings, training, provenance} = facts;
  const {minimumCount, wordVectors} = provenance ?? {};
  // Rewards need a decoder that is trained already.
  const from = provenance?.from ?? (settings?.objective === 'self-critical' ? placeholders.from : undefined);
  const changed = changedOptions(facts, data).filter(
    ({option, owner}) => !irrelevant.has(option) && !(from !== undefined && owner === 'decoder'),
  );
  const epochs = changed.find(({option}) => option === 'epochs');
  const noMirror = training?.mirrored === false && data?.layout !== 'scenes';
  return broken([
    'npx captioner train',
    ...words([
      ['--data', data ? placeOf(data) : placeholders.data],
      ['--run', run],
      ...(from === undefined ? partFlags(facts) : [['--from', shortPath(from)] as const]),
      ['--views', viewsFlag(facts)],
      ['--epochs', epochs?.value as number | undefined],
      ['--minimum-count', minimumCount],
      ['--word-vectors', wordVectors === undefined ? undefined : basename(wordVectors)],
      ...changed
        .filter((option) => option !== epochs)
        .map(({option, value}) => ['--set', `${option}=${plain(value)}`] as const),
    ]),
    ...(noMirror ? ['--no-mirror'] : []),
  ]);
}

/** Decoder and encoder, where they aren't the usual ones. */
function partFlags({decoder, encoder, fineTuned, training}: ModelFacts): Flag[] {
  const {size, fit} = encoder.preprocessing;
  const unless = <T>(usual: T, value: T): T | undefined => (value === usual ? undefined : value);
  return [
    ['--decoder', unless(defaults.decoder, decoder.kind)],
    ['--encoder', unless(defaults.encoder, encoder.name)],
    // An exported checkpoint has the size of the images that it captions.
    ['--size', training && unless(usualSize(encoder.name), size)],
    ['--fit', unless(defaults.fit, fit)],
    ['--fine-tune', fineTuned?.from],
  ];
}

function viewsFlag({training, fineTuned}: ModelFacts): number | undefined {
  return training && training.views !== (fineTuned ? 6 : 1) ? training.views : undefined;
}

function usualSize(encoder: string): number {
  return architectureOf(encoder).preprocessing.size;
}

function words(flags: readonly Flag[]): string[] {
  return flags.flatMap(([flag, value]) => (value === undefined ? [] : [`${flag} ${quoted(String(value))}`]));
}

/** Returns where a dataset lies, as one would name it in the project's folder. */
function placeOf({folder, layout}: TrainedOn): string {
  const place = shortPath(folder);
  return layout === 'scenes' && place === 'data/scenes' ? 'scenes' : place;
}

/** A path relative to the project; of one outside it only the name, since a card is for other machines. */
export function shortPath(path: string): string {
  if (!isAbsolute(path)) return path.startsWith('..') ? basename(path) : path.split(sep).join('/');
  const inside = relative(projectFolder(), path);
  return inside.startsWith('..') || isAbsolute(inside) ? basename(path) : inside.split(sep).join('/');
}

function plain(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function quoted(word: string): string {
  return /^[\w./=,:@%+-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}

const width = 96;

function broken(parts: readonly string[]): string[] {
  const lines: string[] = [];
  for (const word of parts) {
    const last = lines.at(-1);
    if (last === undefined || last.length + word.length + 3 > width)
      lines.push(last === undefined ? word : `  ${word}`);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines.map((line, at) => (at < lines.length - 1 ? `${line} \\` : line));
}
