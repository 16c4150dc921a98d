/** The sections of a card that say what the model is, and what it is for. */
import {formatNumber} from '../show/text';
import {list, table, type Section} from './blocks';
import type {ModelFacts} from './facts';

const designs: Readonly<Record<string, string>> = {
  lstm: 'an LSTM that reads one vector for the whole image (Show and Tell, Vinyals et al. 2015)',
  attention:
    'an LSTM that attends to a grid of image cells at each word (Show, Attend and Tell, Xu et al. 2015)',
  adaptive:
    'an LSTM that decides at each word whether to attend to the image or to rely on the language so far (Knowing When to Look, Lu et al. 2017)',
  transformer: 'a transformer decoder that attends to a grid of image cells (Vaswani et al. 2017)',
};

/** Returns the paragraph below the title. */
export function leadOf({decoder, encoder, fineTuned, words}: ModelFacts, data: string | undefined): string {
  const tuned = fineTuned ? `, fine-tuned from ${fineTuned.from} on,` : '';
  return (
    `An image captioning model: it writes one sentence about an image. ${encoder.name}${tuned} describes the image in numbers; ` +
    `the decoder "${decoder.kind}", ${designs[decoder.kind] ?? 'a decoder of your own'}, writes the sentence. ` +
    `It knows ${formatNumber(words)} words${data === undefined ? '' : ` and was trained on ${data}`}.`
  );
}

/** @param size Side of the images that captions are written from. */
export function modelSection({decoder, encoder, fineTuned, views, words}: ModelFacts): Section {
  const {size, fit} = encoder.preprocessing;
  const {seed: _, ...options} = decoder.options;
  const trained = decoder.weights + (fineTuned?.weights ?? 0);
  return {
    title: 'Model',
    blocks: [
      table([
        {part: 'decoder', value: decoder.kind},
        {part: 'decoder options', value: options},
        {part: 'encoder', value: `${encoder.name}, weights ${encoder.digest.slice(0, 12)}`},
        {part: 'fine-tuned blocks', value: fineTuned ? `from ${fineTuned.from} on` : 'none'},
        {
          part: 'images',
          value: `${size} × ${size} pixels, ${fit === 'crop' ? 'cropped' : 'stretched'} to a square`,
        },
        {part: 'views of an image', value: views === 1 ? '1' : `${views} (test-time augmentation)`},
        {part: 'vocabulary', value: `${formatNumber(words)} words`},
        {part: 'trained weights', value: formatNumber(trained)},
      ]),
    ],
  };
}

/** @param useCommand How a caption is written with it. */
export function useSection(run: string): Section {
  return {
    title: 'Use',
    blocks: [
      {kind: 'code', lines: [`npx captioner caption photo.jpg --checkpoint ${run}`]},
      list(
        'Intended for trying out and teaching image captioning, for comparison, and as a starting point for training of your own.',
        'Not intended for describing images to people who can’t see them, nor for anything that depends on who is in an image, how many, or what they do.',
        'It writes a fluent sentence about any image, right or wrong, even about images unlike anything that it was trained on. Nothing in the sentence says how sure it is.',
      ),
    ],
  };
}
