/** Photographs in, sentences out: a checkpoint together with the encoder that it was trained on. */
import {readPixels, toPixels, type ImageInput} from './encoders/images';
import {multiViewDecoder} from './decoders/multi-view-decoder';
import type {StepDecoder} from './decoders/decoder';
import {createEnsemble} from './decoders/ensemble';
import {sample, type SampleOptions} from './search/sampling';
import {beamSearch, type Hypothesis, type SearchOptions, type Sentence} from './search/beam-search';
import {phrasesToIds, type WithText} from './search/phrases';
import type {Encoder} from './encoders/encoder';
import {interruptible, type Interrupt} from './interrupt';
import {loadEncoder} from './encoders/registry';
import {FineTunedEncoder} from './encoders/fine-tuned';
import {centredViews, multiView, type InferenceViews} from './encoders/augmentation';
import {CaptionerError} from './errors';
import {tf} from './tensorflow/tensorflow';
import type {Vocabulary} from './text/vocabulary';
import {loadCheckpoint, type Checkpoint} from './checkpoints/checkpoint';
import {assertCompatible} from './checkpoints/export';

/** The captions found for an image. */
export interface Captioned {
  /** Its path; the name of an image in memory. */
  readonly file: string;
  /** The best hypothesis in words. */
  readonly caption: string;
  /** The best first. */
  readonly hypotheses: readonly (Hypothesis & {readonly caption: string})[];
}

/** The captions sampled for an image. */
export interface Sampled {
  /** Its path; the name of an image in memory. */
  readonly file: string;
  /** In the order drawn. */
  readonly samples: readonly (Sentence & {readonly caption: string})[];
}

/** An image that could not be captioned. */
export interface Failed {
  /** Its path; the name of an image in memory. */
  readonly file: string;
  readonly error: CaptionerError;
}

const images = 16;

/** A checkpoint with its encoder: turns images into captions. */
export class Captioner {
  private constructor(
    readonly encoder: Encoder,
    readonly decoder: StepDecoder,
    readonly vocabulary: Vocabulary,
  ) {}

  /**
   * @param folders A checkpoint, or a run: then its best checkpoint. Several write together, as an ensemble.
   * @param options.weights The encoder's weight file, where it was trained with one that is not the usual.
   * @param options.size Side of the images it looks at, in pixels. Larger than in training is often better, since images that were learnt
   *   from in parts look larger than whole ones (Touvron et al. 2019, arXiv 1906.06423). @default the checkpoint's
   * @param options.views Views of each image that a caption is written from, see `centredViews`. @default the checkpoint's
   * @throws CaptionerError when a checkpoint is damaged, or `mismatch` when the encoder at hand is another one, or the
   *   checkpoints of an ensemble do not belong together.
   * @example const captioner = await Captioner.load('checkpoints/scenes');
   */
  static async load(
    folders: string | readonly string[],
    {weights, ...given}: {readonly weights?: string} & InferenceViews = {},
  ): Promise<Captioner> {
    const names = typeof folders === 'string' ? [folders] : folders;
    const members: Checkpoint[] = [];
    try {
      for (const name of names) members.push(await loadCheckpoint(name));
      const [first] = members;
      if (first === undefined) throw new CaptionerError('options', 'Expected a checkpoint, got none');
      for (const [at, other] of members.entries()) assertCompatible(names[0]!, first, names[at]!, other);
      const views = centredViews(given.views ?? first.views ?? 1);
      const encoder = await loadEncoder(first.encoder.name, {
        preprocessing: {...first.encoder.preprocessing, ...(given.size !== undefined && {size: given.size})},
        ...(weights !== undefined && {weights}),
      });
      if (encoder.digest !== first.encoder.digest) {
        const {name, digest} = first.encoder;
        encoder.dispose();
        throw new CaptionerError(
          'mismatch',
          `${names[0]}: expected the ${name} that it was trained with (${digest.slice(0, 8)}), got ${encoder.digest.slice(0, 8)}`,
        );
      }
      const {fineTuned, vocabulary} = first;
      const seen = fineTuned ? new FineTunedEncoder(encoder, fineTuned.from, fineTuned.tensors).cnn : encoder;
      const decoders = members.map(({decoder}) => decoder);
      const decoder = decoders.length === 1 ? decoders[0]! : createEnsemble(decoders);
      if (views.length === 1) return new Captioner(seen, decoder, vocabulary);
      const across = decoder.features === 'grid' ? multiViewDecoder(decoder, views) : decoder;
      return new Captioner(multiView(seen, views), across, vocabulary);
    } catch (error) {
      for (const {decoder} of members) decoder.dispose();
      throw error;
    }
  }

  /**
   * One result for each file, in their order; one that cannot be read does not keep the others from being captioned.
   *
   * @param files Paths of image files, or the content of such files.
   * @param options Of the search; words to force or to ban may be words or ids.
   * @throws CaptionerError `options`
   * @example await captioner.caption(['photo.jpg'], {beams: 5, requiredPhrases: ['red ball']});
   */
  async caption(
    files: readonly ImageInput[],
    options: WithText<SearchOptions> = {},
  ): Promise<(Captioned | Failed)[]> {
    return this.#each(files, (features) => this.captionFeatures(features, options));
  }

  /**
   * Captions drawn at random, as probable as the decoder thinks them; otherwise as `caption`.
   *
   * @throws CaptionerError `options`
   * @example await captioner.sample(['photo.jpg'], {samples: 5, topP: 0.9});
   */
  async sample(
    files: readonly ImageInput[],
    options: WithText<SampleOptions> = {},
  ): Promise<(Sampled | Failed)[]> {
    const {first = 0} = options;
    return this.#each(files, (features, from) =>
      this.sampleFeatures(features, {...options, first: first + from}),
    );
  }

  /**
   * Computes the features that `captionFeatures` and `sampleFeatures` take.
   *
   * @param files Paths of image files, or the content of such files.
   * @returns `[batch, depth]` or `[batch, cells, depth]`, as the decoder reads them. The caller disposes them.
   * @throws CaptionerError `image`, `not-found` for an image that cannot be read.
   * @example const features = await captioner.encode(['photo.jpg']);
   */
  async encode(files: readonly ImageInput[]): Promise<tf.Tensor> {
    const {preprocessing} = this.encoder;
    const pixels = await Promise.all(files.map((file) => readPixels(file, preprocessing)));
    return tf.tidy(() => this.encoder.encode(toPixels(pixels, preprocessing.size))[this.decoder.features]);
  }

  /** @param features As the decoder reads them, `[batch, depth]` or `[batch, cells, depth]`; not disposed. */
  captionFeatures(features: tf.Tensor, options: WithText<SearchOptions> = {}): Omit<Captioned, 'file'>[] {
    const found = beamSearch(this.decoder, features, phrasesToIds<SearchOptions>(options, this.vocabulary));
    return found.map((list) => {
      const hypotheses = this.#inWords(list);
      return {caption: hypotheses[0]!.caption, hypotheses};
    });
  }

  /** @param features As for `captionFeatures`. */
  sampleFeatures(features: tf.Tensor, options: WithText<SampleOptions> = {}): Omit<Sampled, 'file'>[] {
    const drawn = sample(this.decoder, features, phrasesToIds<SampleOptions>(options, this.vocabulary));
    return drawn.map((list) => ({samples: this.#inWords(list)}));
  }

  /** @param write What is said of some images' features, of which the first has the number `from`. */
  async #each<Result extends object>(
    files: readonly ImageInput[],
    write: (features: tf.Tensor, from: number) => Result[],
  ): Promise<((Result & {readonly file: string}) | Failed)[]> {
    const {preprocessing} = this.encoder;
    const {size} = preprocessing;
    const results: ((Result & {readonly file: string}) | Failed)[] = [];
    const stopped = (): string => `after ${results.length} of ${files.length} images`;
    const work = async (interrupt: Interrupt): Promise<void> => {
      for (let from = 0; from < files.length; from += images) {
        const group = files.slice(from, from + images);
        const read = await Promise.allSettled(group.map((file) => readPixels(file, preprocessing)));
        // An image that can't be read keeps its place, so that it does not change what is drawn for others.
        const nothing = new Uint8Array(size * size * 3);
        const all = read.map((result) => (result.status === 'fulfilled' ? result.value : nothing));
        const pixels = all.some((one) => one !== nothing) ? toPixels(all, size) : undefined;
        const features = pixels && this.encoder.encode(pixels);
        pixels?.dispose();
        try {
          const found = features ? write(features[this.decoder.features], from) : [];
          for (const [at, input] of group.entries()) {
            const file = typeof input === 'string' ? input : input.name;
            const result = read[at]!;
            if (result.status === 'fulfilled') results.push({file, ...found[at]!});
            else if (result.reason instanceof CaptionerError) results.push({file, error: result.reason});
            else throw result.reason;
          }
        } finally {
          if (features) tf.dispose([features.grid, features.pooled]);
        }
        await interrupt.pause();
        if (results.length < files.length) interrupt.throwIfRequested();
      }
    };
    await interruptible(work, {stopped});
    return results;
  }

  #inWords<T extends Sentence>(sentences: readonly T[]): (T & {readonly caption: string})[] {
    return sentences.map((sentence) => ({...sentence, caption: this.vocabulary.decode(sentence.tokens)}));
  }

  dispose(): void {
    this.encoder.dispose();
    this.decoder.dispose();
  }
}
