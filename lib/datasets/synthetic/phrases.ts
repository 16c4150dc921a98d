/**
 * The phrases of captions: the names of each kind, relation, background and time. The grammar chooses among them, and `verify-caption.ts`
 * reads them back, so new words need to be added only here.
 */
import type {Action, Background, Kind, Place, Relation, Size, Time} from './scene';

export interface Noun {
  readonly one: string;
  readonly many: string;
  /** Size that the noun implies: a puppy is a small dog. */
  readonly size?: Size;
}

export const nouns: Readonly<Record<Kind, readonly Noun[]>> = {
  dog: [
    {one: 'dog', many: 'dogs'},
    {one: 'puppy', many: 'puppies', size: 'small'},
  ],
  cat: [
    {one: 'cat', many: 'cats'},
    {one: 'kitten', many: 'kittens', size: 'small'},
  ],
  bird: [{one: 'bird', many: 'birds'}],
  child: [
    {one: 'child', many: 'children'},
    {one: 'kid', many: 'kids'},
  ],
  ball: [{one: 'ball', many: 'balls'}],
  car: [{one: 'car', many: 'cars'}],
  boat: [
    {one: 'boat', many: 'boats'},
    {one: 'sailboat', many: 'sailboats'},
  ],
  duck: [{one: 'duck', many: 'ducks'}],
  balloon: [
    {one: 'balloon', many: 'balloons'},
    {one: 'hot-air balloon', many: 'hot-air balloons'},
  ],
  tree: [{one: 'tree', many: 'trees'}],
  house: [{one: 'house', many: 'houses'}],
  bench: [{one: 'bench', many: 'benches'}],
  umbrella: [
    {one: 'umbrella', many: 'umbrellas'},
    {one: 'parasol', many: 'parasols'},
  ],
  lighthouse: [{one: 'lighthouse', many: 'lighthouses'}],
};

/** The garment that has a child's colour. */
export const garment: Noun = {one: 'coat', many: 'coats'};

export const sizeWords: Readonly<Record<Size, readonly string[]>> = {
  small: ['small', 'little'],
  large: ['large', 'big'],
};

export const numberWords: readonly string[] = ['no', 'one', 'two', 'three'];

export const relationWords: Readonly<Record<Relation | 'behind', readonly string[]>> = {
  'next to': ['next to', 'beside'],
  'under': ['under', 'below'],
  'on': ['on', 'on top of'],
  'in front of': ['in front of'],
  'above': ['above', 'over'],
  'behind': ['behind'],
};

/** The relation that the second kind then has to the first. */
export const inverses: Readonly<Partial<Record<Relation | 'behind', Relation | 'behind'>>> = {
  'next to': 'next to',
  'under': 'above',
  'on': 'under',
  'in front of': 'behind',
  'above': 'under',
};

/** Phrases for objects that stand, lie, swim or sail (`at`) and for those that fly (`over`). */
export const backgroundPhrases: Readonly<
  Record<Background, {readonly at: readonly string[]; readonly over: readonly string[]}>
> = {
  meadow: {
    at: ['in a meadow', 'in a green meadow', 'on the grass', 'in a grassy field'],
    over: ['over a meadow', 'over a green meadow', 'over the grass', 'over a grassy field'],
  },
  beach: {
    at: ['on the beach', 'on a sandy beach', 'on the sand', 'by the sea'],
    over: ['over the beach', 'over a sandy beach', 'over the sand'],
  },
  lake: {
    at: ['on a lake', 'on the lake', 'on the water'],
    over: ['over a lake', 'over the lake', 'over the water'],
  },
  street: {
    at: ['on the street', 'on a street', 'on the road'],
    over: ['over the street', 'over a street', 'over the road'],
  },
  snow: {
    at: ['in the snow', 'on the snow', 'in a snowy field'],
    over: ['over the snow', 'over a snowy field'],
  },
};

export const timePhrases: Readonly<Record<Time, readonly string[]>> = {
  day: ['during the day', 'on a sunny day', 'in the sunshine', 'under a blue sky'],
  sunset: ['at sunset', 'in the evening', 'as the sun goes down', 'under an orange sky'],
  night: ['at night', 'in the moonlight', 'under the stars', 'under a dark sky'],
};

export const placePhrases: Readonly<Record<Place, readonly string[]>> = {
  left: ['on the left'],
  middle: ['in the middle'],
  right: ['on the right'],
};

export interface Verb {
  /** A dog *sits*. */
  readonly one: string;
  /** Two dogs *sit*. */
  readonly many: string;
  /** A dog is *sitting*. */
  readonly going: string;
}

export const verbs: Readonly<Record<Action, readonly Verb[]>> = {
  sit: [{one: 'sits', many: 'sit', going: 'sitting'}],
  stand: [{one: 'stands', many: 'stand', going: 'standing'}],
  lie: [{one: 'lies', many: 'lie', going: 'lying'}],
  fly: [{one: 'flies', many: 'fly', going: 'flying'}],
  sail: [{one: 'sails', many: 'sail', going: 'sailing'}],
  swim: [{one: 'swims', many: 'swim', going: 'swimming'}],
};
