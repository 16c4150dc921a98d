/**
 * Says what a scene shows, in five different ways: other words, another order, more or less detail. Everything said is
 * in the record of the scene.
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

const perScene = 5;
/** Fewer words would be a label, not a caption. */
const fewestWords = 5;

export function captionsOf(scene: Composition, dice: SeededRandom): string[] {
  const captions = new Set<string>();
  while (captions.size < perScene) {
    const said = words(scene, dice);
    if (said.split(' ').length >= fewestWords) captions.add(sentence(said));
  }
  return [...captions];
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1)}.`;
}

function words(scene: Composition, dice: SeededRandom): string {
  const {main, number, relation} = scene;
  const subject = scene.objects.find(({kind}) => kind === main)!;
  const second = relation && scene.objects.find(({kind}) => kind === relation.second);
  const one = phrase(dice, subject, number, {colour: 0.46, size: 0.15});
  const other = second && phrase(dice, second, 1, {colour: 0.35, size: 0});
  const withOther = relation && dice.bernoulli(0.7);
  const where = dice.pick(
    backgroundPhrases[scene.background][subject.action === 'fly' && !withOther ? 'over' : 'at'],
  );
  const when = dice.pick(timePhrases[scene.time]);
  const saysWhere = dice.bernoulli(0.6);
  const saysWhen = dice.bernoulli(0.35);
  const tail = [saysWhere ? where : '', saysWhen ? when : ''];

  if (withOther && dice.bernoulli(0.18)) return join(`${one} and ${other!}`, ...tail);
  const turned = relation && inverses[relation.name];
  if (withOther && (turned === 'next to' || turned === 'behind') && dice.bernoulli(0.15))
    return join(other!, dice.pick(relationWords[turned]), one, ...tail);

  const place = number === 1 && dice.bernoulli(0.04) ? dice.pick(placePhrases[subject.place]) : '';
  const related = withOther ? join(dice.pick(relationWords[relation.name]), other!) : place;
  const form = dice.next();
  if (form < 0.12) return join(number === 1 ? 'there is' : 'there are', one, related, ...tail);
  const doing = join(one, verb(dice, subject, number), related);
  if (form < 0.22 && saysWhen) return `${when}, ${join(doing, tail[0]!)}`;
  if (form < 0.3 && saysWhere) return `${where}, ${join(doing, tail[1]!)}`;
  return join(doing, ...tail);
}

/** `two small red balls`, `an umbrella`, `a child in a red coat`; a detail is named with the probability given. */
function phrase(
  dice: SeededRandom,
  {kind, colour, size}: SceneObject,
  number: number,
  named: {readonly colour: number; readonly size: number},
): string {
  const noun = dice.pick(nouns[kind].filter((choice) => !choice.size || choice.size === size));
  const saysColour = colour && dice.bernoulli(named.colour);
  const saysSize = size && !noun.size && dice.bernoulli(named.size);
  const form = number === 1 ? 'one' : 'many';
  const coloured = saysColour && kind !== 'child';
  const things = join(saysSize ? dice.pick(sizeWords[size]) : '', coloured ? colour : '', noun[form]);
  const clothes = saysColour && !coloured ? `in ${number === 1 ? 'a ' : ''}${colour} ${garment[form]}` : '';
  const counted = number === 1 ? article(things) : dice.bernoulli(0.54) ? numberWords[number]! : '';
  return join(counted, things, clothes);
}

function article(words: string): string {
  return /^[aeiou]/.test(words) ? 'an' : 'a';
}

function verb(dice: SeededRandom, {action}: SceneObject, number: number): string {
  const {one, many, going} = dice.pick(verbs[action]);
  const form = dice.next();
  if (form < 0.4) return '';
  if (form < 0.7) return number === 1 ? one : many;
  if (form < 0.9) return `${number === 1 ? 'is' : 'are'} ${going}`;
  return going;
}

function join(...words: readonly string[]): string {
  return words.filter((word) => word !== '').join(' ');
}
