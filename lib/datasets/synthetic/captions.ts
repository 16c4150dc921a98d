/**
 * Describes a scene in up to five different captions, which vary in words, order and detail. Everything they say is in the scene's record.
 */
import type {Composition} from './composition';
import type {SeededRandom} from '../../random/random';
import type {SceneObject} from './scene';
import {
  backgroundPhrases,
  garment,
  inverses,
  nouns,
  numberWords,
  placePhrases,
  relationWords,
  sizeWords,
  timePhrases,
  verbs,
} from './phrases';
import {drawRareNoun} from './rare-nouns';

const captionsPerScene = 5;
/** Minimum length; a shorter text would be a label rather than a caption. */
const minimumWords = 5;

/** How the captions of a scene differ from the usual ones. */
export interface CaptionHabits {
  /** Draws whether a noun is a rare one, and which. Without it, all are common. */
  readonly rare?: SeededRandom | undefined;
  /** Number of captions. @default 5 */
  readonly count?: number;
}

/** Generates the captions of a scene. */
export function captionsOf(
  scene: Composition,
  random: SeededRandom,
  {rare, count = captionsPerScene}: CaptionHabits = {},
): string[] {
  const captions = new Set<string>();
  while (captions.size < count) {
    const caption = words(scene, random, rare);
    if (caption.split(' ').length >= minimumWords) captions.add(sentence(caption));
  }
  return [...captions];
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function words(scene: Composition, random: SeededRandom, rare?: SeededRandom): string {
  const {main, number, relation} = scene;
  const subject = scene.objects.find(({kind}) => kind === main)!;
  const second = relation && scene.objects.find(({kind}) => kind === relation.second);
  const one = phrase(random, subject, number, {colour: 0.46, size: 0.15}, rare);
  const other = second && phrase(random, second, 1, {colour: 0.35, size: 0}, rare);
  const withOther = relation && random.bernoulli(0.7);
  const where = random.pick(
    backgroundPhrases[scene.background][subject.action === 'fly' && !withOther ? 'over' : 'at'],
  );
  const when = random.pick(timePhrases[scene.time]);
  const saysWhere = random.bernoulli(0.6);
  const saysWhen = random.bernoulli(0.35);
  const tail = [saysWhere ? where : '', saysWhen ? when : ''];

  if (withOther && random.bernoulli(0.18)) return join(`${one} and ${other!}`, ...tail);
  const turned = relation && inverses[relation.name];
  if (withOther && (turned === 'next to' || turned === 'behind') && random.bernoulli(0.15))
    return join(other!, random.pick(relationWords[turned]), one, ...tail);

  const place = number === 1 && random.bernoulli(0.04) ? random.pick(placePhrases[subject.place]) : '';
  const related = withOther ? join(random.pick(relationWords[relation.name]), other!) : place;
  const form = random.next();
  if (form < 0.12) return join(number === 1 ? 'there is' : 'there are', one, related, ...tail);
  const doing = join(one, verb(random, subject, number), related);
  if (form < 0.22 && saysWhen) return `${when}, ${join(doing, tail[0]!)}`;
  if (form < 0.3 && saysWhere) return `${where}, ${join(doing, tail[1]!)}`;
  return join(doing, ...tail);
}

/**
 * Generates a noun phrase: `two small red balls`, `an umbrella`, `a child in a red coat`.
 *
 * @param named Probabilities of naming the colour and the size.
 * @param rare Draws rare nouns.
 */
function phrase(
  random: SeededRandom,
  {kind, colour, size}: SceneObject,
  number: number,
  named: {readonly colour: number; readonly size: number},
  rare?: SeededRandom,
): string {
  const common = random.pick(nouns[kind].filter((choice) => !choice.size || choice.size === size));
  const noun = (rare && drawRareNoun(rare, kind)) ?? common;
  const saysColour = colour && random.bernoulli(named.colour);
  const saysSize = size && !noun.size && random.bernoulli(named.size);
  const form = number === 1 ? 'one' : 'many';
  const coloured = saysColour && kind !== 'child';
  const things = join(saysSize ? random.pick(sizeWords[size]) : '', coloured ? colour : '', noun[form]);
  const clothes = saysColour && !coloured ? `in ${number === 1 ? 'a ' : ''}${colour} ${garment[form]}` : '';
  const counted = number === 1 ? article(things) : random.bernoulli(0.54) ? numberWords[number]! : '';
  return join(counted, things, clothes);
}

function article(words: string): string {
  return /^[aeiou]/.test(words) ? 'an' : 'a';
}

function verb(random: SeededRandom, {action}: SceneObject, number: number): string {
  const {one, many, going} = random.pick(verbs[action]);
  const form = random.next();
  if (form < 0.4) return '';
  if (form < 0.7) return number === 1 ? one : many;
  if (form < 0.9) return `${number === 1 ? 'is' : 'are'} ${going}`;
  return going;
}

function join(...words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ');
}
