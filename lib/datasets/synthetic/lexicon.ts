/** Maps phrases of captions to their meanings: the inverse of `phrases.ts`. */
import {actions, backgrounds, colours, kinds, places, relations, sizes, times} from './scene';
import type {Action, Background, Colour, Kind, Place, Relation, Size, Time} from './scene';
import {
  backgroundPhrases,
  garment,
  nouns,
  numberWords,
  placePhrases,
  relationWords,
  sizeWords,
  timePhrases,
  verbs,
} from './phrases';
import {rareNouns} from './rare-nouns';

export type Meaning =
  | {readonly type: 'determiner'; readonly number?: number}
  | {readonly type: 'size'; readonly size: Size}
  | {readonly type: 'colour'; readonly colour: Colour}
  | {readonly type: 'noun'; readonly kind: Kind | 'garment'; readonly many: boolean; readonly size?: Size}
  | {readonly type: 'relation'; readonly relation: Relation | 'behind'}
  | {readonly type: 'background'; readonly background: Background; readonly over: boolean}
  | {readonly type: 'time'; readonly time: Time}
  | {readonly type: 'place'; readonly place: Place}
  | {readonly type: 'verb'; readonly action: Action}
  | {readonly type: 'open'; readonly words: string};

/** Meanings by phrase, with words separated as by `tokenize`. */
export const lexicon: ReadonlyMap<string, Meaning> = build();
/** Number of words in the longest phrase. */
export const longest: number = Math.max(...[...lexicon.keys()].map((words) => words.split(' ').length));

function build(): Map<string, Meaning> {
  const lexicon = new Map<string, Meaning>();
  for (const [number, word] of numberWords.entries()) lexicon.set(word, {type: 'determiner', number});
  for (const word of ['a', 'an']) lexicon.set(word, {type: 'determiner', number: 1});
  lexicon.set('the', {type: 'determiner'});
  for (const size of sizes) for (const word of sizeWords[size]) lexicon.set(word, {type: 'size', size});
  for (const colour of colours) lexicon.set(colour, {type: 'colour', colour});
  for (const kind of [...kinds, 'garment'] as const)
    for (const {one, many, size} of kind === 'garment' ? [garment] : [...nouns[kind], ...rareNouns[kind]]) {
      lexicon.set(one, {type: 'noun', kind, many: false, ...(size && {size})});
      lexicon.set(many, {type: 'noun', kind, many: true, ...(size && {size})});
    }
  for (const relation of [...relations, 'behind'] as const)
    for (const words of relationWords[relation]) lexicon.set(words, {type: 'relation', relation});
  for (const background of backgrounds)
    for (const way of ['at', 'over'] as const)
      for (const words of backgroundPhrases[background][way])
        // Both articles have the same meaning: on a beach, on the beach.
        for (const article of ['a', 'the'])
          lexicon.set(words.replace(/ (a|the) /, ` ${article} `), {
            type: 'background',
            background,
            over: way === 'over',
          });
  for (const time of times) for (const words of timePhrases[time]) lexicon.set(words, {type: 'time', time});
  for (const place of places)
    for (const words of placePhrases[place]) lexicon.set(words, {type: 'place', place});
  for (const action of actions)
    for (const {one, many, going} of verbs[action])
      for (const words of [one, many, going, `is ${going}`, `are ${going}`])
        lexicon.set(words, {type: 'verb', action});
  for (const words of ['there is', 'there are', 'is', 'are', 'and', 'in'])
    lexicon.set(words, {type: 'open', words});
  return lexicon;
}
