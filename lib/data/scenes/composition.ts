/**
 * Composes a picture: what is in it and where. Only what belongs together meets (boats on the lake, parasols on the
 * beach), and only where it can be seen well: no white dog in the snow, no group so large that it hides what is behind.
 */
import {Dice} from './dice';
import {side} from './scene';
import type {Action, Background, Box, Colour, Kind, Place, Relation, Scene, SceneObject, Size} from './scene';
import {backgrounds, times} from './scene';
import {proportions} from './things';
import {nouns} from './wording';

/** Where a kind is met, its colours, and its height in pixels when small and when large. */
interface Habit {
  readonly backgrounds: readonly Background[];
  readonly colours: readonly Colour[];
  readonly heights: Readonly<Record<Size, number>>;
  readonly action: Action;
}

const land = ['meadow', 'beach', 'street', 'snow'] as const;
const bright = ['red', 'blue', 'yellow'] as const;

const habits = {
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
} as const satisfies Partial<Record<Kind, Habit>>;

type MainKind = keyof typeof habits;
const mainKinds = Object.keys(habits) as MainKind[];

/** How the second kind is met: where, in which colours, how high. */
const seconds: Readonly<
  Partial<Record<Kind, Omit<Habit, 'heights' | 'action'> & {readonly height: number}>>
> = {
  tree: {backgrounds: ['meadow', 'street', 'snow'], colours: [], height: 150},
  house: {backgrounds: land, colours: ['red', 'white'], height: 112},
  bench: {backgrounds: land, colours: [], height: 62},
  umbrella: {backgrounds: ['beach', 'meadow'], colours: ['red', 'blue'], height: 128},
  lighthouse: {backgrounds: ['lake'], colours: [], height: 138},
  car: {backgrounds: ['street', 'meadow', 'snow'], colours: ['red', 'blue'], height: 60},
  boat: {backgrounds: ['lake'], colours: ['red', 'yellow'], height: 96},
};

const pairs: readonly {relation: Relation; mains: readonly MainKind[]; seconds: readonly Kind[]}[] = [
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

/** A scene without what the grammar and the file system add. */
export type Composition = Omit<Scene, 'file' | 'split' | 'captions'>;

/** @param turn Which of the main kinds has its turn, so that each comes equally often. */
export function compose(dice: Dice, turn: number): Composition {
  const main = mainKinds[turn % mainKinds.length]!;
  const habit: Habit = habits[main];
  const background = dice.pick(habit.backgrounds);
  const time = dice.pick(times);
  const colour = dice.pick(habit.colours.filter((choice) => stands(choice, background)));
  const fitting = pairs.flatMap(({relation, mains, seconds: others}) =>
    mains.includes(main)
      ? others
          .filter((second) => second !== main && seconds[second]!.backgrounds.includes(background))
          .map((second) => ({name: relation, second}))
      : [],
  );
  const names = [...new Set(fitting.map(({name}) => name))];
  if (names.length === 0 || dice.chance(0.4)) {
    const number = dice.pick([1, 2, 3]);
    // Three large ones would have to shrink, and then who could tell?
    const size = number === 2 || (number === 1 && dice.chance(0.6)) ? 'large' : 'small';
    const boxes = row(dice, main, number, size, habit);
    const objects = boxes.map((box) => thing(main, box, habit.action, colour, size));
    return {background, time, main, number, objects};
  }
  const name = dice.pick(names);
  const relation = dice.pick(fitting.filter((choice) => choice.name === name));
  const second = seconds[relation.second]!;
  const visible = second.colours.filter((choice) => stands(choice, background));
  const others = visible.filter((choice) => choice !== colour);
  const secondColour = choose(dice, others.length > 0 ? others : visible);
  const arranged = arrange(dice, main, relation.name, relation.second, habit);
  const action = main === 'bird' && name === 'on' ? 'sit' : habit.action;
  const objects = [
    thing(relation.second, arranged.second, relation.second === 'boat' ? 'sail' : 'stand', secondColour),
    ...arranged.mains.map((box) => thing(main, box, action, colour, arranged.size)),
  ];
  return {background, time, main, number: arranged.mains.length, relation, objects};
}

/** Whether a colour stands out. */
function stands(colour: Colour, background: Background): boolean {
  return !(colour === 'white' && background === 'snow');
}

function choose<T>(dice: Dice, choices: readonly T[]): T | undefined {
  return choices.length === 0 ? undefined : dice.pick(choices);
}

function thing(kind: Kind, box: Box, action: Action, colour?: Colour, size?: Size): SceneObject {
  const words = nouns[kind].flatMap(({one, many}) => [one, many]);
  const middle = box[0] + box[2] / 2;
  const place: Place = middle < side / 3 ? 'left' : middle > (2 * side) / 3 ? 'right' : 'middle';
  return {kind, words, ...(colour && {colour}), ...(size && {size}), place, action, box};
}

/** One to three of a kind beside each other; three that are too wide for that have one behind. */
function row(dice: Dice, kind: Kind, number: number, size: Size, habit: Habit): Box[] {
  const shape = proportions(kind, habit.action);
  const abreast = number * habit.heights[size] * shape > 212 ? 2 : number;
  const height = Math.min(habit.heights[size] * dice.between(0.96, 1.04), (212 / abreast - 4) / shape);
  const width = height * shape;
  const gap = dice.between(0.3, 1) * Math.min(36, (212 - abreast * width) / Math.max(1, abreast - 1));
  const total = abreast * width + (abreast - 1) * gap;
  const left = dice.between(4, Math.max(4, side - 4 - total));
  const front = abreast < number ? 206 : 208;
  const bottom = () =>
    habit.action === 'fly'
      ? dice.between(height + 8, Math.max(height + 10, 124))
      : dice.between(Math.max(178, front - 26), front);
  const boxes = Array.from({length: abreast}, (_, k) =>
    box(left + k * (width + gap), bottom(), width, height),
  );
  if (abreast === number) return boxes;
  const behind = Math.min(...boxes.map(([, top]) => top)) - 3;
  return [box(left + (total - width) / 2, behind, width, height), ...boxes];
}

function arrange(
  dice: Dice,
  main: Kind,
  relation: Relation,
  second: Kind,
  habit: Habit,
): {size: Size; second: Box; mains: Box[]} {
  const action = relation === 'on' && main === 'bird' ? 'sit' : habit.action;
  const share = relation === 'above' ? 0.72 : relation === 'on' && second === 'house' ? 0.85 : 1;
  const tall = seconds[second]!.height * share * dice.between(0.95, 1.05);
  const wide = tall * proportions(second, 'stand');
  const room =
    relation === 'next to'
      ? side - 16 - wide
      : relation === 'under'
        ? wide
        : relation === 'on'
          ? onTop(second) * wide
          : 190;
  const small = habit.heights.small * dice.between(0.95, 1.05);
  const shape = proportions(main, action);
  const most = Math.max(1, Math.min(2, Math.floor(room / (small * shape + 4))));
  const number = 1 + Math.floor(dice.next() * most);
  const fits = habit.heights.large * shape < room + (relation === 'next to' ? 4 : 30) && relation !== 'on';
  const size: Size = number === 1 && fits && dice.chance(0.5) ? 'large' : 'small';
  const height = size === 'large' ? habit.heights.large * dice.between(0.92, 1.04) : small;
  const width = height * shape;
  const gap = 4;
  const total = number * width + (number - 1) * gap;
  const group = (left: number, bottom: (k: number) => number) =>
    Array.from({length: number}, (_, k) => box(left + k * (width + gap), bottom(k), width, height));

  if (relation === 'next to') {
    const base = dice.between(178, 196);
    const spare = Math.max(0, side - 12 - wide - total - 4);
    const start = 6 + dice.between(0, spare);
    const near = dice.between(0, Math.min(8, spare));
    const onLeft = dice.chance(0.5);
    const secondLeft = onLeft ? start + total + 4 + Math.min(near, spare - (start - 6)) : start;
    const left = onLeft ? start : start + wide + 4 + Math.min(near, spare - (start - 6));
    return {
      size,
      second: box(secondLeft, base, wide, tall),
      mains: group(left, () => base + dice.between(4, 14)),
    };
  }
  const secondLeft = dice.between(8, side - 8 - wide);
  const middle = secondLeft + wide / 2;
  if (relation === 'under') {
    const base = dice.between(184, 196);
    const left = clamp(middle - total / 2 + dice.between(-6, 6), 4, side - 4 - total);
    return {
      size,
      second: box(secondLeft, base, wide, tall),
      mains: group(left, () => base + dice.between(4, 12)),
    };
  }
  if (relation === 'on') {
    const base = dice.between(188, 206);
    const left = clamp(middle - total / 2 + dice.between(-4, 4), 4, side - 4 - total);
    return {
      size,
      second: box(secondLeft, base, wide, tall),
      mains: group(left, () => base - tall * seat(second)),
    };
  }
  if (relation === 'in front of') {
    const base = dice.between(164, 172);
    const left = clamp(middle - total / 2 + dice.between(-10, 10), 4, side - 4 - total);
    return {
      size,
      second: box(secondLeft, base, wide, tall),
      mains: group(left, () => base + dice.between(22, 34)),
    };
  }
  const base = dice.between(190, 204);
  const top = base - tall;
  const left = clamp(middle - total / 2 + dice.between(-8, 8), 4, side - 4 - total);
  const lowest = Math.max(height + 8, top - 8);
  return {
    size,
    second: box(secondLeft, Math.max(base, lowest + 8 + tall), wide, tall),
    mains: group(left, () => dice.between(Math.max(height + 6, lowest - 14), lowest)),
  };
}

/** The share of a thing's width that something on it can use. */
function onTop(second: Kind): number {
  return second === 'bench' ? 0.95 : second === 'house' ? 0.5 : 0.45;
}

/** How high above the ground something on it stands, as a share of its height. */
function seat(second: Kind): number {
  return second === 'bench' ? 0.5 : second === 'house' ? 0.97 : 0.98;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, Math.max(low, high)));
}

/** Whole pixels, so that the record says exactly what is drawn. */
function box(left: number, bottom: number, width: number, height: number): Box {
  const [w, h] = [Math.round(width), Math.round(height)];
  return [clamp(Math.round(left), 0, side - w), clamp(Math.round(bottom) - h, 0, side - h), w, h];
}
