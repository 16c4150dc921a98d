/**
 * The record of a drawn image, from which captions are generated and against which they are verified. An image contains at most two kinds
 * of object: one to three of the main kind and, optionally, one of a second kind in a relation to them.
 */
export const kinds = [
  'dog',
  'cat',
  'bird',
  'child',
  'ball',
  'car',
  'boat',
  'duck',
  'balloon',
  'tree',
  'house',
  'bench',
  'umbrella',
  'lighthouse',
] as const;
export type Kind = (typeof kinds)[number];

export const colours = ['red', 'blue', 'yellow', 'white', 'black', 'brown', 'orange'] as const;
export type Colour = (typeof colours)[number];

export const sizes = ['small', 'large'] as const;
export type Size = (typeof sizes)[number];

export const places = ['left', 'middle', 'right'] as const;
export type Place = (typeof places)[number];

export const relations = ['next to', 'under', 'on', 'in front of', 'above'] as const;
export type Relation = (typeof relations)[number];

export const backgrounds = ['meadow', 'beach', 'lake', 'street', 'snow'] as const;
export type Background = (typeof backgrounds)[number];

export const times = ['day', 'sunset', 'night'] as const;
export type Time = (typeof times)[number];

export const actions = ['sit', 'stand', 'lie', 'fly', 'sail', 'swim'] as const;
export type Action = (typeof actions)[number];

/** Left, top, width and height in pixels, from the image's top left corner. */
export type Box = readonly [x: number, y: number, width: number, height: number];

/** One object of a drawn image. */
export interface SceneObject {
  readonly kind: Kind;
  /** Nouns that captions use for it, singular and plural. */
  readonly words: readonly string[];
  /** Colour of its coloured part, such as a child's coat or a boat's hull and sails. Absent if captions name no colour (a tree). */
  readonly colour?: Colour;
  /** Absent for the second kind, which has only one size. */
  readonly size?: Size;
  /** Third of the image that contains the middle of the box. */
  readonly place: Place;
  readonly action: Action;
  readonly box: Box;
}

/** The record of a drawn image. */
export interface Scene {
  /** File name of the image, which is its id. */
  readonly file: string;
  readonly background: Background;
  readonly time: Time;
  /** Main kind; all its objects have the same colour and size. */
  readonly main: Kind;
  /** Number of objects of the main kind, 1 to 3. */
  readonly number: number;
  /** Relation of the main kind to the second: main `under` second. */
  readonly relation?: {readonly name: Relation; readonly second: Kind};
  /** Objects from back to front. */
  readonly objects: readonly SceneObject[];
  readonly captions: readonly string[];
}

/** Side of the square images, in pixels. */
export const side = 224;

/** Returns the third of the image that contains the middle of a box. */
export function placeOf([x, , width]: Box): Place {
  const middle = x + width / 2;
  return middle < side / 3 ? 'left' : middle > (2 * side) / 3 ? 'right' : 'middle';
}
