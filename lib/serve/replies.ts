/** Turns what the library gives into what the page shows, without anything of its own. */
import type {Captioned, Captioner} from '../captioner';
import type {ListedCheckpoint} from '../checkpoints/list';
import {fieldsOf, firstSentence} from '../option-fields';
import {searchOptions} from '../search/search-options';
import type {CaptionReply, FoundCaption, NumberField, RunChoice} from './page/api';

/** The numeric options of the search, from their schema. */
export function numberFields(): NumberField[] {
  return fieldsOf(searchOptions.schema)
    .filter(({type}) => type === 'number')
    .map(({name, description, default: value, minimum, maximum, whole}) => ({
      ...{name, description: firstSentence(description), default: value as number, whole},
      ...(minimum !== undefined && {minimum}),
      ...(maximum !== undefined && {maximum}),
    }));
}

/** Options of the search as the library takes them; it is the library that checks them. */
export function searchOf(query: URLSearchParams): Record<string, number> {
  const named = [...query].filter(([name]) => name !== 'run');
  return Object.fromEntries(named.map(([name, text]) => [name, text.trim() === '' ? NaN : Number(text)]));
}

export function runChoice({name, metadata, run, problem}: ListedCheckpoint): RunChoice {
  if (metadata === undefined) return {name, detail: '', problem: problem ?? 'no checkpoint'};
  const epoch = run ? metadata.training?.position.epoch : undefined;
  const parts = [
    metadata.decoder.kind,
    metadata.encoder.name,
    ...(epoch === undefined ? [] : [`epoch ${epoch}`]),
  ];
  return {name, detail: parts.join(', ')};
}

export function captionReply(
  {hypotheses}: Pick<Captioned, 'hypotheses'>,
  {decoder, encoder, vocabulary}: Captioner,
): Omit<CaptionReply, 'run' | 'seconds'> {
  const found = hypotheses.map(
    ({caption, score, tokens, logProbabilities, attention, finished}): FoundCaption => {
      const probabilities = logProbabilities.map((value) => Math.exp(value));
      return {
        ...{caption, score},
        probability: Math.exp(logProbabilities.reduce((sum, value) => sum + value, 0)),
        words: tokens.map((token, at) => ({
          text: vocabulary.word(token),
          probability: probabilities[at]!,
          ...(attention && {attention: Array.from(attention[at]!, rounded)}),
        })),
        ...(finished && {end: probabilities[tokens.length]!}),
      };
    },
  );
  return {hypotheses: found, decoder: decoder.kind, fit: encoder.preprocessing.fit};
}

/** Digits that can be seen. */
function rounded(weight: number): number {
  return Number(weight.toPrecision(4));
}
