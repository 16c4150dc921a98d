/** Maps of an image's views, put back together to maps of the image. */
import {cellOverlap, type View} from '../encoders/augmentation';
import {isWhole} from '../encoders/encoder-gradient';

/**
 * Puts maps of views together. Each value is spread over the cells of the image that its cell covers, so that the sum stays the same.
 *
 * @param maps A square map for each view, row by row.
 */
export function joinViewMaps(maps: readonly Float32Array[], views: readonly View[]): Float32Array {
  const all = new Float32Array(maps[0]!.length);
  for (const [at, map] of maps.entries()) {
    const overlap = isWhole(views[at]!) ? undefined : cellOverlap(views[at]!, Math.sqrt(map.length));
    for (let from = 0; from < map.length; from++) {
      if (overlap === undefined) all[from]! += map[from]!;
      else for (const [cell, fraction] of overlap[from]!.entries()) all[cell]! += map[from]! * fraction;
    }
  }
  return all;
}
