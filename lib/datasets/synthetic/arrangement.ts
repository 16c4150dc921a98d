/** Places objects in the image: a row of one kind, or one kind in a relation to another. */
import type {SeededRandom} from '../../random/random';
import {seconds, type Rule} from './rules';
import {side} from './scene';
import type {Box, Kind, Relation, Size} from './scene';
import {proportions} from './sprites';

/** Places one to three objects of a kind side by side. If three are too wide, one stands behind. */
export function row(random: SeededRandom, kind: Kind, number: number, size: Size, rule: Rule): Box[] {
  const shape = proportions(kind, rule.action);
  const abreast = number * rule.heights[size] * shape > 212 ? 2 : number;
  const height = Math.min(rule.heights[size] * random.between(0.96, 1.04), (212 / abreast - 4) / shape);
  const width = height * shape;
  const gap = random.between(0.3, 1) * Math.min(36, (212 - abreast * width) / Math.max(1, abreast - 1));
  const total = abreast * width + (abreast - 1) * gap;
  const left = random.between(4, Math.max(4, side - 4 - total));
  const front = abreast < number ? 206 : 208;
  const bottom = () =>
    rule.action === 'fly'
      ? random.between(height + 8, Math.max(height + 10, 124))
      : random.between(Math.max(178, front - 26), front);
  const boxes = Array.from({length: abreast}, (_, k) =>
    box(left + k * (width + gap), bottom(), width, height),
  );
  if (abreast === number) return boxes;
  const behind = Math.min(...boxes.map(([, top]) => top)) - 3;
  return [box(left + (total - width) / 2, behind, width, height), ...boxes];
}

/** Places one or two objects of the main kind in a relation to a second object. */
export function arrange(
  random: SeededRandom,
  main: Kind,
  relation: Relation,
  second: Kind,
  rule: Rule,
): {size: Size; second: Box; mains: Box[]} {
  const action = relation === 'on' && main === 'bird' ? 'sit' : rule.action;
  const scale = relation === 'above' ? 0.72 : relation === 'on' && second === 'house' ? 0.85 : 1;
  const tall = seconds[second]!.height * scale * random.between(0.95, 1.05);
  const wide = tall * proportions(second, 'stand');
  const room =
    relation === 'next to'
      ? side - 16 - wide
      : relation === 'under'
        ? wide
        : relation === 'on'
          ? onTop(second) * wide
          : 190;
  const small = rule.heights.small * random.between(0.95, 1.05);
  const shape = proportions(main, action);
  const most = Math.max(1, Math.min(2, Math.floor(room / (small * shape + 4))));
  const number = 1 + Math.floor(random.next() * most);
  const fits = rule.heights.large * shape < room + (relation === 'next to' ? 4 : 30) && relation !== 'on';
  const size: Size = number === 1 && fits && random.bernoulli(0.5) ? 'large' : 'small';
  const height = size === 'large' ? rule.heights.large * random.between(0.92, 1.04) : small;
  const width = height * shape;
  const gap = 4;
  const total = number * width + (number - 1) * gap;
  const group = (left: number, bottom: (k: number) => number) =>
    Array.from({length: number}, (_, k) => box(left + k * (width + gap), bottom(k), width, height));

  if (relation === 'next to') {
    const base = random.between(178, 196);
    const spare = Math.max(0, side - 12 - wide - total - 4);
    const start = 6 + random.between(0, spare);
    const near = random.between(0, Math.min(8, spare));
    const onLeft = random.bernoulli(0.5);
    const secondLeft = onLeft ? start + total + 4 + Math.min(near, spare - (start - 6)) : start;
    const left = onLeft ? start : start + wide + 4 + Math.min(near, spare - (start - 6));
    return {
      size,
      second: box(secondLeft, base, wide, tall),
      mains: group(left, () => base + random.between(4, 14)),
    };
  }
  const secondLeft = random.between(8, side - 8 - wide);
  const middle = secondLeft + wide / 2;
  if (relation === 'under') {
    const base = random.between(184, 196);
    const left = clamp(middle - total / 2 + random.between(-6, 6), 4, side - 4 - total);
    return {
      size,
      second: box(secondLeft, base, wide, tall),
      mains: group(left, () => base + random.between(4, 12)),
    };
  }
  if (relation === 'on') {
    const base = random.between(188, 206);
    const left = clamp(middle - total / 2 + random.between(-4, 4), 4, side - 4 - total);
    return {
      size,
      second: box(secondLeft, base, wide, tall),
      mains: group(left, () => base - tall * seat(second)),
    };
  }
  if (relation === 'in front of') {
    const base = random.between(164, 172);
    const left = clamp(middle - total / 2 + random.between(-10, 10), 4, side - 4 - total);
    return {
      size,
      second: box(secondLeft, base, wide, tall),
      mains: group(left, () => base + random.between(22, 34)),
    };
  }
  const base = random.between(190, 204);
  const top = base - tall;
  const left = clamp(middle - total / 2 + random.between(-8, 8), 4, side - 4 - total);
  const lowest = Math.max(height + 8, top - 8);
  return {
    size,
    second: box(secondLeft, Math.max(base, lowest + 8 + tall), wide, tall),
    mains: group(left, () => random.between(Math.max(height + 6, lowest - 14), lowest)),
  };
}

/** Usable width on top of an object, as a fraction of its width. */
function onTop(second: Kind): number {
  return second === 'bench' ? 0.95 : second === 'house' ? 0.5 : 0.45;
}

/** Height at which something stands on an object, as a fraction of its height. */
function seat(second: Kind): number {
  return second === 'bench' ? 0.5 : second === 'house' ? 0.97 : 0.98;
}

function clamp(value: number, low: number, high: number): number {
  return Math.max(low, Math.min(value, Math.max(low, high)));
}

/** Makes a box of whole pixels, so that the record matches the drawing exactly. */
function box(left: number, bottom: number, width: number, height: number): Box {
  const [w, h] = [Math.round(width), Math.round(height)];
  return [clamp(Math.round(left), 0, side - w), clamp(Math.round(bottom) - h, 0, side - h), w, h];
}
