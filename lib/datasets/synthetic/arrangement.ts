/** Where things are in the image: a row of one kind, or one kind in a relation to another. */
import type {SeededRandom} from '../../random/random';
import {seconds, type Rule} from './rules';
import {side} from './scene';
import type {Box, Kind, Relation, Size} from './scene';
import {proportions} from './sprites';

/** One to three of a kind beside each other; three that are too wide for that have one behind. */
export function row(dice: SeededRandom, kind: Kind, number: number, size: Size, habit: Rule): Box[] {
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

export function arrange(
  dice: SeededRandom,
  main: Kind,
  relation: Relation,
  second: Kind,
  habit: Rule,
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
  const size: Size = number === 1 && fits && dice.bernoulli(0.5) ? 'large' : 'small';
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
    const onLeft = dice.bernoulli(0.5);
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
