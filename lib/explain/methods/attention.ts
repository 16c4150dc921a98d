/** The decoder's own attention to the cells of the image, when it wrote each word. */
import {CaptionerError} from '../../errors';
import type {CaptionModel} from '../caption-model';
import {teacherForced} from '../described-words';
import {noOptions, wordMaps, type Attribution, type Method, type NoOptions} from '../method';

export const attention: Method<NoOptions> = {
  name: 'attention',
  title: 'Attention',
  about: "The decoder's attention to each cell before the word: where it looked, which need not be why.",
  source: 'Xu et al. 2015, arXiv 1502.03044',
  complete: false,
  features: 'cells',
  options: noOptions('attention'),
  passes: () => 1,
  *compute(model): Generator<void, Attribution, void> {
    checkAttends(model, 'attention');
    yield;
    const maps = teacherForced(model).attention;
    const side = Math.sqrt(maps[0]!.length);
    return {
      image: wordMaps(
        model.positions.map((position) => maps[position]!),
        side,
        side,
      ),
    };
  },
};

/** @throws CaptionerError `options` if the decoder doesn't attend to cells. */
export function checkAttends({decoder}: CaptionModel, method: string): void {
  if (decoder.features === 'grid') return;
  throw new CaptionerError(
    'options',
    `${method}: expected a decoder that attends to the image, got ${decoder.kind}; use another method, such as integrated-gradients`,
  );
}
