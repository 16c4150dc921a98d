/** Rules of the scenes: backgrounds, colours and sizes of each kind, and which kinds occur together. */
import {backgrounds} from './scene';
import type {Action, Background, Colour, Kind, Relation, Size} from './scene';

/** Backgrounds and colours of a kind, its heights in pixels when small and large, and its action. */
export interface Rule {
  readonly backgrounds: readonly Background[];
  readonly colours: readonly Colour[];
  readonly heights: Readonly<Record<Size, number>>;
  readonly action: Action;
}

const land = ['meadow', 'beach', 'street', 'snow'] as const;
const bright = ['red', 'blue', 'yellow'] as const;

/** Kinds that take turns as the main kind, in this order. */
export const mainKinds = ['dog', 'cat', 'bird', 'child', 'ball', 'car', 'boat', 'duck', 'balloon'] as const;
export type MainKind = (typeof mainKinds)[number];

export const rules: Readonly<Record<MainKind, Rule>> = {
  dog: {backgrounds: land, colours: ['brown', 'white'], heights: {small: 53, large: 84}, action: 'stand'},
  cat: {backgrounds: land, colours: ['orange', 'black'], heights: {small: 58, large: 92}, action: 'sit'},
  bird: {backgrounds, colours: ['red', 'yellow'], heights: {small: 44, large: 70}, action: 'fly'},
  child: {backgrounds: land, colours: ['blue', 'yellow'], heights: {small: 68, large: 108}, action: 'stand'},
  ball: {backgrounds: land, colours: ['red', 'blue'], heights: {small: 44, large: 76}, action: 'lie'},
  car: {
    backgrounds: ['street', 'street', 'street', 'meadow', 'beach', 'snow'],
    colours: bright,
    heights: {small: 40, large: 62},
    action: 'stand',
  },
  boat: {backgrounds: ['lake'], colours: bright, heights: {small: 72, large: 114}, action: 'sail'},
  duck: {
    backgrounds: ['lake'],
    colours: ['yellow', 'brown'],
    heights: {small: 48, large: 76},
    action: 'swim',
  },
  balloon: {backgrounds, colours: bright, heights: {small: 62, large: 102}, action: 'fly'},
};

/** Backgrounds, colours and height in pixels of second kinds. */
export const seconds: Readonly<
  Partial<Record<Kind, Omit<Rule, 'heights' | 'action'> & {readonly height: number}>>
> = {
  tree: {backgrounds: ['meadow', 'street', 'snow'], colours: [], height: 150},
  house: {backgrounds: land, colours: ['red', 'white'], height: 112},
  bench: {backgrounds: land, colours: [], height: 62},
  umbrella: {backgrounds: ['beach', 'meadow'], colours: ['red', 'blue'], height: 128},
  lighthouse: {backgrounds: ['lake'], colours: [], height: 138},
  car: {backgrounds: ['street', 'meadow', 'snow'], colours: ['red', 'blue'], height: 60},
  boat: {backgrounds: ['lake'], colours: ['red', 'yellow'], height: 96},
};

/** Kinds that occur together, and their relations. */
export const pairs: readonly {relation: Relation; mains: readonly MainKind[]; seconds: readonly Kind[]}[] = [
  {relation: 'next to', mains: ['dog', 'cat', 'child', 'ball', 'car'], seconds: ['tree', 'umbrella']},
  {relation: 'next to', mains: ['dog', 'child'], seconds: ['bench']},
  {relation: 'next to', mains: ['dog', 'cat', 'child', 'ball'], seconds: ['car']},
  {relation: 'next to', mains: ['boat', 'duck'], seconds: ['lighthouse']},
  {relation: 'next to', mains: ['duck'], seconds: ['boat']},
  {relation: 'under', mains: ['dog', 'cat', 'child', 'ball'], seconds: ['tree', 'umbrella']},
  {relation: 'on', mains: ['cat', 'bird', 'ball'], seconds: ['bench']},
  {relation: 'on', mains: ['cat', 'bird'], seconds: ['house', 'car']},
  {relation: 'in front of', mains: ['dog', 'cat', 'child', 'ball', 'car'], seconds: ['house']},
  {relation: 'above', mains: ['bird', 'balloon'], seconds: ['tree', 'house', 'car', 'boat', 'lighthouse']},
];

/** Whether a colour is visible against a background. */
export function stands(colour: Colour, background: Background): boolean {
  return !(colour === 'white' && background === 'snow');
}
