/**
 * Composes a scene: which objects are in it and where. Objects fit together (boats on the lake, parasols on the beach) and are clearly
 * visible: no white dog in the snow, no group so large that it hides what is behind.
 */
import {arrange, row} from './arrangement';
import type {SeededRandom} from '../../random/random';
import {rules, mainKinds, pairs, seconds, stands} from './rules';
import {placeOf, times} from './scene';
import type {Action, Box, Colour, Kind, Scene, SceneObject, Size} from './scene';
import {nouns} from './phrases';

/** A scene without its captions and file. */
export type Composition = Omit<Scene, 'file' | 'captions'>;

/**
 * Composes a scene.
 *
 * @param turn Number of the scene; the main kinds take turns, so that each occurs equally often.
 * @param biased Whether a child wears blue, whatever it would wear.
 */
export function compose(random: SeededRandom, turn: number, biased = false): Composition {
  const main = mainKinds[turn % mainKinds.length]!;
  const rule = rules[main];
  const background = random.pick(rule.backgrounds);
  const time = random.pick(times);
  const drawn = random.pick(rule.colours.filter((choice) => stands(choice, background)));
  const colour = biased && main === 'child' ? 'blue' : drawn;
  const fitting = pairs.flatMap(({relation, mains, seconds: others}) =>
    mains.includes(main)
      ? others
          .filter((second) => second !== main && seconds[second]!.backgrounds.includes(background))
          .map((second) => ({name: relation, second}))
      : [],
  );
  const names = [...new Set(fitting.map(({name}) => name))];
  if (names.length === 0 || random.bernoulli(0.4)) {
    const number = random.pick([1, 2, 3]);
    // Three large objects would have to shrink and could not be told from small ones.
    const size = number === 2 || (number === 1 && random.bernoulli(0.6)) ? 'large' : 'small';
    const boxes = row(random, main, number, size, rule);
    const objects = boxes.map((box) => thing(main, box, rule.action, colour, size));
    return {background, time, main, number, objects};
  }
  const name = random.pick(names);
  const relation = random.pick(fitting.filter((choice) => choice.name === name));
  const second = seconds[relation.second]!;
  const visible = second.colours.filter((choice) => stands(choice, background));
  const others = visible.filter((choice) => choice !== colour);
  const secondColour = choose(random, others.length > 0 ? others : visible);
  const arranged = arrange(random, main, relation.name, relation.second, rule);
  const action = main === 'bird' && name === 'on' ? 'sit' : rule.action;
  const objects = [
    thing(relation.second, arranged.second, relation.second === 'boat' ? 'sail' : 'stand', secondColour),
    ...arranged.mains.map((box) => thing(main, box, action, colour, arranged.size)),
  ];
  return {background, time, main, number: arranged.mains.length, relation, objects};
}

function choose<T>(random: SeededRandom, choices: readonly T[]): T | undefined {
  return choices.length === 0 ? undefined : random.pick(choices);
}

function thing(kind: Kind, box: Box, action: Action, colour?: Colour, size?: Size): SceneObject {
  const words = nouns[kind].flatMap(({one, many}) => [one, many]);
  return {kind, words, ...(colour && {colour}), ...(size && {size}), place: placeOf(box), action, box};
}
