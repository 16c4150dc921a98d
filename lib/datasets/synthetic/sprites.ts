/** The sprites of all kinds, scaled into their boxes. */
import {cat, child, dog, duck, flyingBird, sittingBird, type Sketch} from './creatures';
import {ball, balloon, bench, boat, car, house, lighthouse, tree, umbrella} from './objects';
import type {Action, Kind, SceneObject} from './scene';

const sketches: Readonly<Record<Exclude<Kind, 'bird'>, Sketch>> = {
  dog,
  cat,
  child,
  ball,
  car,
  boat,
  duck,
  balloon,
  tree,
  house,
  bench,
  umbrella,
  lighthouse,
};

function sketchOf(kind: Kind, action: Action): Sketch {
  if (kind === 'bird') return action === 'fly' ? flyingBird : sittingBird;
  return sketches[kind];
}

/** Returns the aspect ratio of a kind, width by height. */
export function proportions(kind: Kind, action: Action): number {
  const {width, height} = sketchOf(kind, action);
  return width / height;
}

/** Draws an object into its box. @param mirrored Whether it faces left. */
export function drawObject({kind, action, colour, box}: SceneObject, mirrored: boolean): string {
  const sketch = sketchOf(kind, action);
  const [x, y, width, height] = box;
  const [across, down] = [(width / sketch.width).toFixed(4), (height / sketch.height).toFixed(4)];
  const placed = mirrored
    ? `translate(${x + width} ${y}) scale(-${across} ${down})`
    : `translate(${x} ${y}) scale(${across} ${down})`;
  return `<g transform="${placed}">${sketch.draw(colour ?? 'brown')}</g>`;
}
