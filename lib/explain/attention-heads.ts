/** Where a decoder looked for each word of a caption: the attention of every head of every layer, and of the sentinel. */
import type {Captioner} from '../captioner';
import type {Decoder, StepDecoder} from '../decoders/decoder';
import {checkImage, type ImageInput} from '../encoders/image-input';
import {CaptionerError} from '../errors';
import {Interrupt} from '../interrupt';
import {tf} from '../tensorflow/tensorflow';
import {special} from '../text/vocabulary';
import {captionTokens, writtenFromFeatures} from './chosen-words';
import type {WordMaps} from './explanation';

/** The attention of one head. */
export interface AttentionHead {
  /** Layer of the decoder, from 1. */
  readonly layer: number;
  /** From 1. */
  readonly head: number;
  /** Weights of the cells, which sum to 1 for each word, or to less if a sentinel takes part. */
  readonly maps: WordMaps;
}

/** The attention of a decoder along a caption. */
export interface CaptionAttention {
  readonly captionWords: readonly string[];
  /** One for a decoder that has no heads. */
  readonly heads: readonly AttentionHead[];
  /** For each word, the attention that did not go to the image. Absent unless the decoder is `adaptive`. */
  readonly sentinel?: Float32Array;
}

/**
 * Computes the attention of each head for each word of a caption.
 *
 * @param image The path of an image file, or the content of one.
 * @param options.caption A caption in words that the decoder knows. @default the one that the captioner writes
 * @throws CaptionerError `options` if the decoder doesn't look at a grid of one view; `image`, `not-found`
 * @example const {heads} = await attentionHeads(captioner, 'photo.jpg');
 */
export async function attentionHeads(
  captioner: Captioner,
  image: ImageInput,
  {caption}: {readonly caption?: string} = {},
): Promise<CaptionAttention> {
  const {decoder, vocabulary} = captioner;
  if (!attends(decoder))
    throw new CaptionerError(
      'options',
      `attentionHeads: expected one decoder with attention (attention, adaptive, transformer) and one view, got ${decoder.kind}; load it with {views: 1}`,
    );
  checkImage(image, 'the image');
  const features = await captioner.encode([image]);
  try {
    const interrupt = new Interrupt();
    const tokens =
      caption === undefined
        ? await writtenFromFeatures(captioner, features, () => interrupt.pause())
        : captionTokens(caption, vocabulary);
    const layers = tf.tidy(() => {
      const inputs = tf.tensor2d([special.start, ...tokens.slice(0, -1)], [1, tokens.length], 'int32');
      const all = decoder.attentionOfHeads?.(features, inputs) ?? [
        tf.expandDims<tf.Tensor4D>(decoder.attend(features, inputs).attention, 1),
      ];
      return all.map((layer) => ({shape: layer.shape, values: layer.dataSync<'float32'>().slice()}));
    });
    const heads = layers.flatMap(({shape: [, count, steps, cells], values}, layer) =>
      Array.from({length: count}, (_, head) => {
        const side = Math.sqrt(cells);
        const own = values.subarray(head * steps * cells, (head + 1) * steps * cells);
        return {layer: layer + 1, head: head + 1, maps: {values: own, shape: [steps, side, side] as const}};
      }),
    );
    return {
      captionWords: tokens.map((token) => vocabulary.word(token)),
      heads,
      ...(decoder.kind === 'adaptive' && {sentinel: sentinelOf(heads[0]!.maps)}),
    };
  } finally {
    features.dispose();
  }
}

function attends(decoder: StepDecoder): decoder is Decoder & Required<Pick<Decoder, 'attend'>> {
  return 'attend' in decoder && decoder.attend !== undefined;
}

/** The weight of the sentinel: 1 less the weights of the cells. */
function sentinelOf({values, shape: [words, height, width]}: WordMaps): Float32Array {
  const cells = height * width;
  return Float32Array.from({length: words}, (_, word) =>
    Math.max(
      0,
      values.subarray(word * cells, (word + 1) * cells).reduce((rest, weight) => rest - weight, 1),
    ),
  );
}
