/** Draws a composition as SVG: sky, ground, then the objects from back to front, each with its shadow. */
import type {Composition} from './composition';
import type {SeededRandom} from '../../random/random';
import {ground, sky} from './backdrop';
import {gradients} from './palette';
import {side, type Box, type SceneObject} from './scene';
import {drawObject} from './sprites';

/** Width in pixels by which the outline of a sprite may exceed its box. */
const outline = 2;

/**
 * Draws a scene.
 *
 * @param objects What to draw in place of each of the scene's objects, `undefined` for nothing. All else stays the same, also what is random.
 * @returns SVG of `side` × `side` pixels.
 */
export function draw(
  scene: Composition,
  random: SeededRandom,
  objects: readonly (SceneObject | undefined)[] = scene.objects,
): string {
  const behind = sky(random, scene.time) + ground(random, scene.background, scene.time);
  const mirrored = scene.objects.map((object) => hasDirection(object) && random.bernoulli(0.5));
  const group = scene.objects.flatMap(({kind}, at) => (kind === scene.main ? [at] : []));
  // Two objects face each other; three face the same way.
  for (const at of group) mirrored[at] = group.length === 2 ? at === group[1] : mirrored[group[0]!]!;
  const things = objects
    .map((object, at) => (object ? footing(object) + drawObject(object, mirrored[at]!) : ''))
    .join('');
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${side}" height="${side}" viewBox="0 0 ${side} ${side}">` +
    `<defs>${gradients()}<clipPath id="frame"><rect width="${side}" height="${side}"/></clipPath></defs>` +
    `<g clip-path="url(#frame)">${behind}${things}</g></svg>`
  );
}

/** Whether an object faces left or right. */
function hasDirection({kind}: SceneObject): boolean {
  return kind !== 'house' && kind !== 'lighthouse';
}

/** Draws a shadow under objects that stand and a ripple around those that float. */
function footing(object: SceneObject): string {
  const ellipse = footingOf(object);
  if (!ellipse) return '';
  const {cx, cy, rx, ry, floats} = ellipse;
  const fill = floats ? 'fill="#e8f7fd" opacity=".55"' : 'fill="#000" opacity=".28"';
  return `<ellipse cx="${cx}" cy="${cy}" rx="${rx}" ry="${ry}" ${fill}/>`;
}

function footingOf({
  action,
  kind,
  box: [x, y, width, height],
}: SceneObject): {cx: number; cy: number; rx: number; ry: number; floats: boolean} | undefined {
  if (action === 'fly') return undefined;
  const [cx, bottom] = [x + width / 2, y + height];
  if (action === 'sail' || action === 'swim' || kind === 'lighthouse')
    return {
      ...{cx, cy: bottom - 2, floats: true},
      ...{rx: Math.round(width * 0.58), ry: Math.max(3, Math.round(height * 0.07))},
    };
  return {
    ...{cx, cy: bottom - 1, floats: false},
    ...{rx: Math.round(width * 0.52), ry: Math.max(2, Math.round(height * 0.05))},
  };
}

/** Returns the box that contains everything drawn of an object: its sprite, whose outline may exceed its box, and its shadow or ripple. */
export function footprint(object: SceneObject): Box {
  const [x, y, width, height] = object.box;
  const {cx, cy, rx, ry} = footingOf(object) ?? {cx: x + width / 2, cy: y + height / 2, rx: 0, ry: 0};
  const [left, top] = [Math.min(x, cx - rx), Math.min(y, cy - ry)];
  const [right, bottom] = [Math.max(x + width, cx + rx), Math.max(y + height, cy + ry)];
  const whole = (value: number): number => Math.max(0, Math.min(side, value));
  const [l, t] = [whole(Math.floor(left) - outline), whole(Math.floor(top) - outline)];
  return [l, t, whole(Math.ceil(right) + outline) - l, whole(Math.ceil(bottom) + outline) - t];
}
