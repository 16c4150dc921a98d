/**
 * Counterfactual scenes: the same scene without the objects of a kind, with these in another colour, or elsewhere. Nothing else changes, so
 * whatever a captioner then says differently is the effect of these objects.
 */
import type {Composition} from './composition';
import {footprint} from './drawing';
import {rules, seconds, stands} from './rules';
import {placeOf, side, type Box, type Colour, type Kind, type SceneObject} from './scene';

export const changes = ['removed', 'recoloured', 'moved'] as const;
export type Change = (typeof changes)[number];

/** A change of a scene. */
export interface Counterfactual {
  /** Kind whose objects are changed, all of them alike. */
  readonly kind: Kind;
  readonly change: Change;
  /** In place of each object of the scene; `undefined`: it is gone. */
  readonly objects: readonly (SceneObject | undefined)[];
}

/** Distance between the horizontal positions that are tried, in pixels. */
const step = 4;

/**
 * Returns the changes of each kind in a scene. Objects get another colour if their kind has one that stands out from the background, and move
 * sideways if at least half of their area then lies outside their old boxes.
 */
export function counterfactuals(scene: Composition): Counterfactual[] {
  const kinds = [...new Set(scene.objects.map(({kind}) => kind))];
  return kinds.flatMap((kind) => {
    const change = (how: Change, of: (object: SceneObject) => SceneObject | undefined): Counterfactual => ({
      kind,
      change: how,
      objects: scene.objects.map((object) => (object.kind === kind ? of(object) : object)),
    });
    const colour = otherColour(scene, kind);
    const shift = bestShift(scene, kind);
    return [
      change('removed', () => undefined),
      ...(colour ? [change('recoloured', (object) => ({...object, colour}))] : []),
      ...(shift === undefined ? [] : [change('moved', (object) => shifted(object, shift))]),
    ];
  });
}

/** Returns the boxes of the objects of a kind with what they cast on the ground, outside of which a change leaves every pixel as it is. */
export function boxesOf(objects: readonly (SceneObject | undefined)[], kind: Kind): Box[] {
  return objects.flatMap((object) => (object?.kind === kind ? [footprint(object)] : []));
}

function otherColour(scene: Composition, kind: Kind): Colour | undefined {
  const {colour} = scene.objects.find((object) => object.kind === kind)!;
  const choices: Partial<Record<Kind, readonly Colour[]>> = {};
  for (const [name, {colours}] of [...Object.entries(seconds), ...Object.entries(rules)])
    choices[name as Kind] = colours;
  if (colour === undefined) return undefined;
  return choices[kind]!.find((choice) => choice !== colour && stands(choice, scene.background));
}

/** Finds the horizontal shift with the least overlap with all boxes, and of several the smallest. */
function bestShift(scene: Composition, kind: Kind): number | undefined {
  const own = scene.objects.filter((object) => object.kind === kind);
  const low = -Math.min(...own.map(({box}) => box[0]));
  const high = side - Math.max(...own.map(({box: [x, , width]}) => x + width));
  const overlapWith = (shift: number, others: readonly SceneObject[]): number =>
    own.reduce(
      (sum, object) => sum + others.reduce((all, {box}) => all + overlap(shifted(object, shift).box, box), 0),
      0,
    );
  const candidates = Array.from({length: Math.floor((high - low) / step) + 1}, (_, k) => low + k * step)
    .filter((shift) => 2 * overlapWith(shift, own) <= own.reduce((sum, {box}) => sum + box[2] * box[3], 0))
    .map((shift) => ({shift, cost: overlapWith(shift, scene.objects)}))
    .sort((a, b) => a.cost - b.cost || Math.abs(a.shift) - Math.abs(b.shift));
  return candidates[0]?.shift;
}

function shifted(object: SceneObject, shift: number): SceneObject {
  const [x, y, width, height] = object.box;
  const box: Box = [x + shift, y, width, height];
  return {...object, box, place: placeOf(box)};
}

function overlap([x, y, width, height]: Box, [left, top, across, down]: Box): number {
  const w = Math.min(x + width, left + across) - Math.max(x, left);
  const h = Math.min(y + height, top + down) - Math.max(y, top);
  return Math.max(0, w) * Math.max(0, h);
}
