/** The sections of a card that say what a model was trained on, and how. */
import {basename} from 'node:path';
import type {EpochReport} from '../checkpoints/history';
import {splits} from '../datasets/dataset';
import type {Row} from '../show/table';
import {formatDuration, formatNumber} from '../show/text';
import type {Session, TrainedOn} from '../training/provenance';
import {decimals, list, table, text, type Block, type Section} from './blocks';
import {placeholders, shortPath, trainCommands} from './command';
import {changedOptions, optionsChangedOnTheWay, type ChangedOption, type ModelFacts} from './facts';
import {dataTerms} from './licences';

const notRecorded = 'not recorded';

/**
 * @param trained What the model was trained on; undefined where that isn't recorded.
 * @param evaluated What it is evaluated on; undefined where it isn't.
 */
export function dataSection(trained: TrainedOn | undefined, evaluated: TrainedOn | undefined): Section {
  const known = trained ?? evaluated;
  if (!known) return {title: 'Data', blocks: [text('What the model was trained on is not recorded.')]};
  const same = trained?.fingerprint === evaluated?.fingerprint;
  return {
    title: 'Data',
    blocks: [
      ...(trained
        ? []
        : [
            text(
              'What the model was trained on is not recorded. This is the dataset that it is evaluated on.',
            ),
          ]),
      ...dataBlocks(known),
      ...(trained && evaluated && !same
        ? [text('It is evaluated on another dataset:'), ...dataBlocks(evaluated)]
        : []),
    ],
  };
}

function dataBlocks(data: TrainedOn): Block[] {
  return [
    list(
      `Name: ${basename(data.folder)} (layout ${data.layout})`,
      `Fingerprint: ${data.fingerprint.slice(0, 16)} (SHA-256 of file names, splits and captions)`,
      `Terms of use: ${dataTerms(data.layout)}`,
    ),
    table(
      splits
        .filter((split) => data.images[split] > 0)
        .map((split) => ({split, images: data.images[split], captions: data.captions[split]})),
    ),
  ];
}

export function trainingSection(facts: ModelFacts, trained: TrainedOn | undefined): Section {
  const {training, settings, provenance} = facts;
  const [began] = provenance?.sessions ?? [];
  const rows: Row[] = [
    ...(training
      ? progressRows(training.history.epochs, training.position.step, settings?.epochs)
      : [{fact: 'epochs', value: notRecorded}]),
    {fact: 'objective', value: settings?.objective ?? notRecorded},
    {fact: 'began', value: began?.began.slice(0, 10) ?? notRecorded},
    {fact: 'machine', value: began ? machineOf(began) : notRecorded},
    {fact: 'weights at the start', value: startOf(facts)},
  ];
  const changed = changedOptions(facts, trained);
  const later = optionsChangedOnTheWay(facts);
  return {
    title: 'Training',
    blocks: [
      table(rows),
      ...(settings
        ? [
            text(
              changed.length > 0
                ? 'Settings that differ from the defaults:'
                : 'All settings are the defaults for this dataset and decoder.',
            ),
            ...(changed.length > 0 ? [table(changed.map(optionRow))] : []),
          ]
        : [text('The settings are not recorded.')]),
      ...(trained
        ? []
        : [text('The defaults are compared with those for large datasets, since the data isn’t recorded.')]),
      ...(later.length > 0
        ? [
            text('Changed while it was trained:'),
            table(
              later.map(({option, value, default: before}) => ({
                option,
                before: before ?? 'none',
                after: value,
              })),
            ),
          ]
        : []),
    ],
  };
}

function progressRows(epochs: readonly EpochReport[], steps: number, planned: number | undefined): Row[] {
  const last = epochs.at(-1);
  const seconds = epochs.reduce((sum, epoch) => sum + epoch.seconds, 0);
  return [
    {
      fact: 'epochs',
      value: `${epochs.length}${planned === undefined || planned <= epochs.length ? '' : ` of ${planned} that were planned`}`,
    },
    {fact: 'steps', value: formatNumber(steps)},
    {fact: 'time', value: `${formatDuration(seconds)}, validation included`},
    ...(last
      ? [
          {
            fact: 'loss of the last epoch',
            value: `training ${decimals(last.loss)}, validation ${decimals(last.validationLoss)}`,
          },
        ]
      : []),
  ];
}

function optionRow({owner, option, value, default: usual}: ChangedOption): Row {
  return {part: owner, option, value, default: usual ?? 'none'};
}

function machineOf({machine: {processor, cores, memory, system, device}}: Session): string {
  const gpu = device === 'gpu' ? 'a GPU, ' : '';
  return `${gpu}${cores} ${cores === 1 ? 'core' : 'cores'} of ${processor}, ${memory} GB, ${system.split(' ')[0]}`;
}

function startOf({provenance, settings}: ModelFacts): string {
  if (provenance?.from !== undefined) return `those of ${shortPath(provenance.from)}`;
  if (settings?.objective === 'self-critical') return `those of a trained model, which one is ${notRecorded}`;
  if (!provenance) return notRecorded;
  return provenance.wordVectors === undefined
    ? 'random'
    : `random, words from ${basename(provenance.wordVectors)}`;
}

export function reproductionSection(facts: ModelFacts, trained: TrainedOn | undefined): Section {
  const {provenance, training, settings} = facts;
  const commands = settings ? trainCommands(facts, trained) : [];
  const missing = Object.values(placeholders).filter((name) =>
    commands.some((line) => line.split(' ').includes(name)),
  );
  const sessions = provenance?.sessions ?? [];
  const versions = [...new Set(sessions.map(versionOf))];
  const unsure = [
    !provenance && 'the data, the machine and the version that trained it',
    !training && 'how training went',
    !settings && 'the settings',
  ].filter((part) => typeof part === 'string');
  return {
    title: 'How it was made',
    blocks: [
      ...(settings ? [{kind: 'code', lines: commands} as const] : []),
      list(
        missing.length > 0 && `${missing.join(', ')} stand for what is not recorded.`,
        versions.length > 0 &&
          `Trained with captioner ${versions.join(', then ')}, Node ${sessions[0]!.node}.`,
        sessions.length > 1 &&
          `Stopped and resumed ${sessions.length - 1} times; a resumed run has the losses of an uninterrupted one.`,
        settings && `Seed ${settings.seed}: the same command on the same machine gives the same model.`,
        optionsChangedOnTheWay(facts).length > 0 &&
          'Settings were changed while it was trained (see above), which the command doesn’t repeat.',
        unsure.length > 0 && `Not recorded: ${unsure.join('; ')}.`,
      ),
    ],
  };
}

function versionOf({version, commit}: Session): string {
  return commit === undefined ? version : `${version} (commit ${commit})`;
}
