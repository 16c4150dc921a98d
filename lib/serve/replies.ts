/** Turns what the library gives into what the page shows, without anything of its own. */
import type {Captioned, Captioner} from '../captioner';
import type {ListedCheckpoint} from '../checkpoints/list';
import type {Explanation} from '../explain/explanation';
import {fieldsOf, firstSentence} from '../option-fields';
import {searchOptions} from '../search/search-options';
import {compareWords} from '../show/changed-words';
import {mapOf, resample} from '../show/signed-map';
import type {
  CaptionReply,
  ExplainReply,
  FoundCaption,
  MethodChoice,
  NumberField,
  RunChoice,
} from './page/api';

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

/** Parts of a query that are no options of the search. */
const notOfSearch: ReadonlySet<string> = new Set(['run', 'hidden', 'before']);

/** Options of the search as the library takes them; it is the library that checks them. */
export function searchOf(query: URLSearchParams): Record<string, number> {
  const named = [...query].filter(([name]) => !notOfSearch.has(name));
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
  before?: string,
): Omit<CaptionReply, 'run' | 'seconds' | 'methods'> {
  const found = hypotheses.map(
    ({caption, score, tokens, logProbabilities, attention, finished}): FoundCaption => {
      const changed = before === undefined ? [] : compareWords(caption, before);
      const probabilities = logProbabilities.map((value) => Math.exp(value));
      return {
        ...{caption, score},
        probability: Math.exp(logProbabilities.reduce((sum, value) => sum + value, 0)),
        words: tokens.map((token, at) => ({
          text: vocabulary.word(token),
          probability: probabilities[at]!,
          ...(attention && {attention: Array.from(attention[at]!, rounded)}),
          ...(changed[at]?.changed && {changed: true}),
        })),
        ...(finished && {end: probabilities[tokens.length]!}),
      };
    },
  );
  return {
    ...{hypotheses: found, decoder: decoder.kind, fit: encoder.preprocessing.fit},
    ...(before !== undefined && {before}),
  };
}

/** Longest side of the maps that the page gets. */
const mapSide = 48;

export function explainReply({image, words}: Explanation): Omit<ExplainReply, 'method' | 'seconds'> {
  const side = Math.min(mapSide, image.shape[1]);
  return {maps: words.map((_, at) => Array.from(resample(mapOf(image, at), side, side).values, rounded))};
}

/** The methods on offer: those that read attention need a decoder that attends. */
export function methodChoices(
  methods: Iterable<{readonly name: string; readonly title: string; readonly about: string}>,
  attends: boolean,
): MethodChoice[] {
  return [...methods]
    .filter(({name}) => attends || !name.includes('attention'))
    .map(({name, title, about}) => ({name, title, about}));
}

/** Digits that can be seen. */
function rounded(weight: number): number {
  return Number(weight.toPrecision(4));
}
