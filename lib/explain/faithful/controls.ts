/** Maps that know nothing of the captioner: what a method has to exceed. */
import {SeededRandom} from '../../random/random';
import type {CaptionModel} from '../caption-model';
import {noOptions, wordMaps, type Attribution, type Method, type NoOptions} from '../method';

function control(
  name: string,
  about: string,
  valueAt: (y: number, x: number, random: SeededRandom) => number,
): Method<NoOptions> {
  return {
    ...{name, title: name, about, source: '', complete: false, features: 'cells', options: noOptions(name)},
    passes: () => 0,
     
    *compute(model: CaptionModel): Generator<void, Attribution, void> {
      const cells = 14;
      const maps = model.positions.map((position) => {
        const random = new SeededRandom(position, ...model.caption);
        return Float32Array.from({length: cells * cells}, (_, at) =>
          valueAt(Math.floor(at / cells) / cells, (at % cells) / cells, random),
        );
      });
      return {image: wordMaps(maps, cells, cells)};
    },
  };
}

/** Controls by name. */
export const controls: ReadonlyMap<string, Method<NoOptions>> = new Map(
  [
    control('random', 'Random values.', (_y, _x, random) => random.between(-1, 1)),
    control('centre', 'High in the middle, lower towards the edges.', (y, x) =>
      Math.exp(-((x - 0.46) ** 2 + (y - 0.46) ** 2) / 0.1),
    ),
  ].map((method) => [method.name, method]),
);
