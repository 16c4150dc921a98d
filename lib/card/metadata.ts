/** The metadata at the head of a card, as Hugging Face reads it (https://huggingface.co/docs/hub/model-cards). */
import {basename} from 'node:path';
import type {TrainedOn} from '../training/provenance';
import type {Assessment} from './assessment';
import type {ModelFacts} from './facts';

/** Hugging Face's identifiers of metrics, by the beginning of ours. */
const metricTypes: Readonly<Record<string, string>> = {
  BLEU: 'bleu',
  METEOR: 'meteor',
  ROUGE: 'rouge',
  CIDEr: 'cider',
};

/** Returns the metadata as YAML. */
export function metadataOf(
  {name, decoder, encoder}: ModelFacts,
  {
    licence,
    trained,
    evaluated,
    assessment,
  }: {
    readonly licence: string;
    readonly trained: TrainedOn | undefined;
    readonly evaluated: TrainedOn | undefined;
    readonly assessment: Assessment | undefined;
  },
): string {
  const fields: (readonly [string, unknown])[] = [
    // A licence that Hugging Face has no identifier for is `other`, with its name beside it.
    ['license', /^[a-z0-9.-]+$/.test(licence) ? licence : 'other'],
    ...(/^[a-z0-9.-]+$/.test(licence) ? [] : [['license_name', licence] as const]),
    ['library_name', 'captioner'],
    ['pipeline_tag', 'image-to-text'],
    ['tags', ['image-captioning', decoder.kind, encoder.name]],
    ...(trained ? [['datasets', [basename(trained.folder)]] as const] : []),
  ];
  const lines = fields.flatMap(([key, value]) =>
    Array.isArray(value)
      ? [`${key}:`, ...value.map((item) => `- ${quoted(item)}`)]
      : [`${key}: ${quoted(value)}`],
  );
  if (!assessment || !evaluated) return lines.join('\n');
  const data = basename(evaluated.folder);
  const results = Object.entries(assessment.scores).map(([metric, {value}]) => {
    const type = Object.entries(metricTypes).find(([start]) => metric.startsWith(start))?.[1] ?? metric;
    return `    - {type: ${quoted(type)}, name: ${quoted(metric)}, value: ${Number(value.toFixed(4))}}`;
  });
  return [
    ...lines,
    'model-index:',
    `- name: ${quoted(name)}`,
    '  results:',
    '  - task: {type: image-to-text, name: Image captioning}',
    `    dataset: {type: ${quoted(data)}, name: ${quoted(data)}, split: ${assessment.split}}`,
    '    metrics:',
    ...results,
  ].join('\n');
}

/** JSON is YAML; simple words need no quotes. */
function quoted(value: unknown): string {
  const text = String(value);
  return /^[a-z][a-z0-9-]*$/i.test(text) && !/^(true|false|null|yes|no|on|off|y|n)$/i.test(text)
    ? text
    : JSON.stringify(text);
}
