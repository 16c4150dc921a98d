/**
 * What a drawn image shows, as data: the record that captions are written from and that tells whether a caption is
 * true. At most two kinds of thing are in an image: the main one, once to three times, and perhaps a second one that it
 * stands in a relation to.
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
  /** The words that captions call it by, singular and plural. */
  readonly words: readonly string[];
  /** What is drawn in colour: a child's coat, a boat's hull and sails. Absent where captions name no colour (a tree). */
  readonly colour?: Colour;
  /** Absent for the second kind, of which there is one size. */
  readonly size?: Size;
  /** The third of the image that the middle of the box lies in. */
  readonly place: Place;
  readonly action: Action;
  readonly box: Box;
}

/** The record of a drawn image. */
export interface Scene {
  /** Name of the image in the folder; the image's id. */
  readonly file: string;
  readonly background: Background;
  readonly time: Time;
  /** The main kind: all of one colour and size. */
  readonly main: Kind;
  /** How many of the main kind there are, 1 to 3. */
  readonly number: number;
  /** How the main kind stands to the second: main `under` second. */
  readonly relation?: {readonly name: Relation; readonly second: Kind};
  /** From back to front. */
  readonly objects: readonly SceneObject[];
  readonly captions: readonly string[];
}

/** Side of the square images, in pixels. */
export const side = 224;
