/**
 * Composes an image: what is in it and where. Only what belongs together meets (boats on the lake, parasols on the
 * beach), and only where it can be seen well: no white dog in the snow, no group so large that it hides what is behind.
 */
import {arrange, row} from './arrangement';
import type {SeededRandom} from '../../random/random';
import {rules, mainKinds, pairs, seconds, stands} from './rules';
import {side, times} from './scene';
import type {Action, Box, Colour, Kind, Place, Scene, SceneObject, Size} from './scene';
import {nouns} from './phrases';

/** A scene without what the grammar and the file system add. */
export type Composition = Omit<Scene, 'file' | 'captions'>;

/** @param turn Which of the main kinds has its turn, so that each comes equally often. */
export function compose(dice: SeededRandom, turn: number): Composition {
  const main = mainKinds[turn % mainKinds.length]!;
  const habit = rules[main];
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
  if (names.length === 0 || dice.bernoulli(0.4)) {
    const number = dice.pick([1, 2, 3]);
    // Three large ones would have to shrink, and then who could tell?
    const size = number === 2 || (number === 1 && dice.bernoulli(0.6)) ? 'large' : 'small';
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

function choose<T>(dice: SeededRandom, choices: readonly T[]): T | undefined {
  return choices.length === 0 ? undefined : dice.pick(choices);
}

function thing(kind: Kind, box: Box, action: Action, colour?: Colour, size?: Size): SceneObject {
  const words = nouns[kind].flatMap(({one, many}) => [one, many]);
  const middle = box[0] + box[2] / 2;
  const place: Place = middle < side / 3 ? 'left' : middle > (2 * side) / 3 ? 'right' : 'middle';
  return {kind, words, ...(colour && {colour}), ...(size && {size}), place, action, box};
}
