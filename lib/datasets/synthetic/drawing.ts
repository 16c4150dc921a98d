/** Draws a composition as SVG: sky, ground, then the objects from back to front, each with its shadow. */
import type {Composition} from './composition';
import type {SeededRandom} from '../../random/random';
import {ground, sky} from './backdrop';
import {gradients} from './palette';
import {side, type SceneObject} from './scene';
import {drawObject} from './sprites';

/** Draws a scene. @returns SVG of `side` × `side` pixels. */
export function draw(scene: Composition, random: SeededRandom): string {
  const behind = sky(random, scene.time) + ground(random, scene.background, scene.time);
  const mirrored = scene.objects.map((object) => hasDirection(object) && random.bernoulli(0.5));
  const group = scene.objects.flatMap(({kind}, at) => (kind === scene.main ? [at] : []));
  // Two objects face each other; three face the same way.
  for (const at of group) mirrored[at] = group.length === 2 ? at === group[1] : mirrored[group[0]!]!;
  const things = scene.objects
    .map((object, at) => footing(object) + drawObject(object, mirrored[at]!))
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
function footing({action, kind, box: [x, y, width, height]}: SceneObject): string {
  if (action === 'fly') return '';
  const [cx, cy] = [x + width / 2, y + height];
  if (action === 'sail' || action === 'swim' || kind === 'lighthouse')
    return `<ellipse cx="${cx}" cy="${cy - 2}" rx="${Math.round(width * 0.58)}" ry="${Math.max(3, Math.round(height * 0.07))}" fill="#e8f7fd" opacity=".55"/>`;
  return `<ellipse cx="${cx}" cy="${cy - 1}" rx="${Math.round(width * 0.52)}" ry="${Math.max(2, Math.round(height * 0.05))}" fill="#000" opacity=".28"/>`;
}
