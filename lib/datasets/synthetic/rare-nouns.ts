/**
 * Rare nouns for the kinds, which captions use where the option `rareWords` asks for them. As in the language of people, the word of rank
 * r is about as frequent as 1/r, so most of them occur a few times only.
 */
import type {SeededRandom} from '../../random/random';
import type {Noun} from './phrases';
import type {Kind} from './scene';

/** How often a noun gives way to a rare one. */
const frequency = 0.15;

/** Rare nouns by kind, the most frequent first. None names another thing, colour or size than the common nouns do. */
export const rareNouns: Readonly<Record<Kind, readonly Noun[]>> = {
  dog: regular('hound', 'pooch', 'doggy', 'canine', 'mutt', 'cur'),
  cat: regular('kitty', 'feline', 'pussycat', 'mouser', 'moggy', 'puss'),
  bird: regular('songbird', 'birdie', 'flyer', 'fowl', 'warbler'),
  child: regular('youngster', 'toddler', 'youth', 'tot', 'tyke', 'bairn'),
  ball: regular('sphere', 'beachball', 'globe', 'orb', 'bauble'),
  car: regular('automobile', 'vehicle', 'motorcar', 'auto', 'sedan', 'saloon', 'jalopy'),
  boat: regular('yacht', 'vessel', 'sloop', 'dinghy', 'cutter', 'keelboat', 'skiff'),
  duck: regular('waterfowl', 'waterbird', 'drake', 'quacker', 'dabbler'),
  balloon: regular('airship', 'aerostat', 'dirigible'),
  tree: regular('evergreen', 'hardwood', 'arbor'),
  house: regular('home', 'cottage', 'building', 'dwelling', 'villa', 'residence'),
  bench: regular('seat', 'settee', 'pew'),
  umbrella: regular('sunshade', 'canopy', 'brolly', 'gamp'),
  lighthouse: regular('beacon', 'light-tower', 'seamark'),
};

/** Draws a rare noun for a kind, or now and then none. */
export function drawRareNoun(random: SeededRandom, kind: Kind): Noun | undefined {
  if (!random.bernoulli(frequency)) return undefined;
  const nouns = rareNouns[kind];
  const total = nouns.reduce((sum, _, at) => sum + 1 / (at + 1), 0);
  let rest = random.next() * total;
  return nouns.find((_, at) => (rest -= 1 / (at + 1)) < 0) ?? nouns.at(-1)!;
}

function regular(...words: readonly string[]): Noun[] {
  return words.map((one) => ({one, many: plural(one)}));
}

function plural(one: string): string {
  if (/[^aeiou]y$/.test(one)) return one.replace(/y$/, 'ies');
  return /s$|x$|ch$|sh$/.test(one) ? `${one}es` : `${one}s`;
}
