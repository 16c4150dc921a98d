/** Captions images with a checkpoint and the encoder that it was trained with. */
import {inspect} from 'node:util';
import {setDescription} from './description';
import {captionInGroups, type Failed, type GroupSearch, type OnResult} from './caption-in-groups';
import {checkImages, imageName, type ImageInput} from './encoders/image-input';
import {decodePixels, readImageBytes, toPixels} from './encoders/images';
import {multiViewDecoder} from './decoders/multi-view-decoder';
import type {StepDecoder} from './decoders/decoder';
import {createEnsemble} from './decoders/ensemble';
import {sample, sampleSettings, sampleSteps, type SampleOptions} from './search/sampling';
import {
  beamSearch,
  beamSearchSteps,
  searchSettings,
  type Hypothesis,
  type SearchOptions,
  type Sentence,
} from './search/beam-search';
import {beamTreeSteps, type BeamTree} from './search/beam-tree';
import {phrasesToIds, type WithText} from './search/phrases';
import {encodeInSteps, type Encoder} from './encoders/encoder';
import {Interrupt, runInSteps} from './interrupt';
import type {ProgressOptions} from './show-progress';
import {loadEncoder} from './encoders/registry';
import {FineTunedEncoder} from './encoders/fine-tuned';
import {centredViews, multiView, type InferenceViews} from './encoders/augmentation';
import {CaptionerError} from './errors';
import {recordFact} from './report-record';
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
  /** All hypotheses, the best first. */
  readonly hypotheses: readonly (Hypothesis & {readonly caption: string})[];
}

/** The captions sampled for an image. */
export interface Sampled {
  /** Its path; the name of an image in memory. */
  readonly file: string;
  /** In the order drawn. */
  readonly samples: readonly (Sentence & {readonly caption: string})[];
}

export type {Failed, OnResult};

/** A checkpoint with its encoder: turns images into captions. */
export class Captioner {
  private constructor(
    readonly encoder: Encoder,
    readonly decoder: StepDecoder,
    readonly vocabulary: Vocabulary,
    /** Maximum caption length of the training, if it is greater than the search's default. */
    readonly maximumLength: number | undefined,
  ) {}

  /**
   * Loads a checkpoint with its encoder, or several checkpoints as an ensemble.
   *
   * @param folders A checkpoint, or a run: then its best checkpoint. Several form an ensemble.
   * @param options.weights The encoder's weight file, if it was trained with other than the default weights.
   * @param options.size Side of the encoder's input, in pixels. Larger than in training is often better, since objects look larger in
   *   training crops than in whole images (Touvron et al. 2019, arXiv 1906.06423). @default the checkpoint's
   * @param options.views Views of each image to write a caption from, see `centredViews`. @default the checkpoint's
   * @throws CaptionerError when a checkpoint is damaged; `mismatch` when the encoder is not the one that it was trained with, or the
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
      recordFact('Checkpoint', () => members.map((member, at) => describe(names[at]!, member)).join(' + '));
      const decoders = members.map(({decoder}) => decoder);
      const decoder = decoders.length === 1 ? decoders[0]! : createEnsemble(decoders);
      const length = trainedLength(members);
      if (views.length === 1) return new Captioner(seen, decoder, vocabulary, length);
      const across = decoder.features === 'grid' ? multiViewDecoder(decoder, views) : decoder;
      return new Captioner(multiView(seen, views), across, vocabulary, length);
    } catch (error) {
      for (const {decoder} of members) decoder.dispose();
      throw error;
    }
  }

  /**
   * Captions images. Returns one result per image, in their order; an image that can't be read does not affect the others. Other events
   * get through while it runs.
   *
   * @param images Paths of image files, or the content of such files.
   * @param options Options of the search; phrases to require and words to suppress may be text or ids.
   * @throws CaptionerError `options`; `stopped`
   * @example await captioner.caption(['photo.jpg'], {beams: 5, requiredPhrases: ['red ball']});
   */
  async caption(
    images: readonly ImageInput[],
    options: WithText<SearchOptions> & ProgressOptions = {},
  ): Promise<(Captioned | Failed)[]> {
    const results: (Captioned | Failed)[] = [];
    await this.captionEach(images, (result) => void results.push(result), options);
    return results;
  }

  /**
   * Captions images like `caption`, but hands over each result as soon as it is there and keeps none: for thousands of images.
   *
   * @param onResult May return a promise, for which the next image waits.
   * @throws CaptionerError As `caption`, and whatever `onResult` throws.
   * @example await captioner.captionEach(['photo.jpg'], (result) => console.log(result.file));
   */
  async captionEach(
    images: readonly ImageInput[],
    onResult: OnResult<Captioned>,
    {progress, ...options}: WithText<SearchOptions> & ProgressOptions = {},
  ): Promise<void> {
    const settings = this.#settings<SearchOptions>(options);
    const {beams} = searchSettings(settings);
    const work = this.#work(beams, (features) => this.#search(features, settings));
    await captionInGroups(images, work, onResult, {progress});
  }

  /**
   * Samples captions from the probabilities of the decoder; otherwise like `caption`.
   *
   * @throws CaptionerError `options`; `stopped`
   * @example await captioner.sample(['photo.jpg'], {samples: 5, topP: 0.9});
   */
  async sample(
    images: readonly ImageInput[],
    options: WithText<SampleOptions> & ProgressOptions = {},
  ): Promise<(Sampled | Failed)[]> {
    const results: (Sampled | Failed)[] = [];
    await this.sampleEach(images, (result) => void results.push(result), options);
    return results;
  }

  /** Samples captions like `sample`, but hands over each result, as `captionEach` does. */
  async sampleEach(
    images: readonly ImageInput[],
    onResult: OnResult<Sampled>,
    {progress, ...options}: WithText<SampleOptions> & ProgressOptions = {},
  ): Promise<void> {
    const settings = this.#settings<SampleOptions>(options);
    const {samples, first} = sampleSettings(settings);
    const work = this.#work(samples, (features, from) =>
      this.#draw(features, {...settings, first: first + from}),
    );
    await captionInGroups(images, work, onResult, {progress});
  }

  /**
   * Computes the features that `captionFeatures` and `sampleFeatures` take.
   *
   * @param images Paths of image files, or the content of such files.
   * @returns `[batch, depth]` or `[batch, cells, depth]`, as the decoder reads them. The caller disposes them.
   * @throws CaptionerError `image`, `not-found` for an image that can't be read.
   * @example const features = await captioner.encode(['photo.jpg']);
   */
  async encode(images: readonly ImageInput[]): Promise<tf.Tensor> {
    checkImages(images);
    const {preprocessing} = this.encoder;
    const named = images.map((image, at) => ({name: imageName(image, at), image}));
    const pixels = await Promise.all(
      named.map(async ({name, image}) => decodePixels(await readImageBytes(image), name, preprocessing)),
    );
    const batch = toPixels(pixels, preprocessing.size);
    try {
      const interrupt = new Interrupt();
      const {grid, pooled} = await runInSteps(encodeInSteps(this.encoder, batch), () => interrupt.pause());
      const [wanted, other] = this.decoder.features === 'grid' ? [grid, pooled] : [pooled, grid];
      other.dispose();
      return wanted;
    } finally {
      batch.dispose();
    }
  }

  /**
   * Searches for captions of one image like `caption`, and records what the search kept and what it dropped, for `showBeamTree`.
   *
   * @throws CaptionerError As `caption`; `image`, `not-found` for an image that can't be read.
   * @example const tree = await captioner.searchTree('photo.jpg', {beams: 3});
   */
  async searchTree(image: ImageInput, options: WithText<SearchOptions> = {}): Promise<BeamTree> {
    const settings = this.#settings<SearchOptions>(options);
    const features = await this.encode([image]);
    try {
      const interrupt = new Interrupt();
      return await runInSteps(beamTreeSteps(this.decoder, features, settings), () => interrupt.pause());
    } finally {
      features.dispose();
    }
  }

  /** Captions image features. @param features `[batch, depth]` or `[batch, cells, depth]`, as the decoder reads them; not disposed. */
  captionFeatures(features: tf.Tensor, options: WithText<SearchOptions> = {}): Omit<Captioned, 'file'>[] {
    const found = beamSearch(this.decoder, features, this.#settings<SearchOptions>(options));
    return found.map((list) => this.#captioned(list));
  }

  /** Samples captions of image features. @param features As for `captionFeatures`. */
  sampleFeatures(features: tf.Tensor, options: WithText<SampleOptions> = {}): Omit<Sampled, 'file'>[] {
    const drawn = sample(this.decoder, features, this.#settings<SampleOptions>(options));
    return drawn.map((list) => ({samples: this.#inWords(list)}));
  }

  *#search(features: tf.Tensor, options: SearchOptions): Generator<void, Omit<Captioned, 'file'>[], void> {
    const found = yield* beamSearchSteps(this.decoder, features, options);
    return found.map((list) => this.#captioned(list));
  }

  *#draw(features: tf.Tensor, options: SampleOptions): Generator<void, Omit<Sampled, 'file'>[], void> {
    const drawn = yield* sampleSteps(this.decoder, features, options);
    return drawn.map((list) => ({samples: this.#inWords(list)}));
  }

  /** Options with ids for text, and with the maximum length of the training unless another is given. */
  #settings<Options extends SearchOptions | SampleOptions>(options: WithText<Options>): Options {
    const {maximumLength} = this;
    return phrasesToIds<Options>(
      maximumLength === undefined ? options : {maximumLength, ...options},
      this.vocabulary,
    );
  }

  #work<Result>(rows: number, search: GroupSearch<Result>['search']): GroupSearch<Result> {
    return {encoder: this.encoder, kind: this.decoder.features, rows, search};
  }

  #captioned(list: readonly Hypothesis[]): Omit<Captioned, 'file'> {
    const hypotheses = this.#inWords(list);
    return {caption: hypotheses[0]!.caption, hypotheses};
  }

  #inWords<T extends Sentence>(sentences: readonly T[]): (T & {readonly caption: string})[] {
    return sentences.map((sentence) => ({...sentence, caption: this.vocabulary.decode(sentence.tokens)}));
  }

  dispose(): void {
    this.encoder.dispose();
    this.decoder.dispose();
  }
}

setDescription(Captioner.prototype, ({encoder, decoder}) => {
  const {name, preprocessing} = encoder;
  return `Captioner: ${name} at ${preprocessing.size} pixels, then a decoder\n${inspect(decoder).replace(/^/gm, '  ')}`;
});

/** The maximum caption length in training, if the search would cut captions off earlier. */
function trainedLength(members: readonly Checkpoint[]): number | undefined {
  const lengths = members
    .map(({settings, training}) => (training?.settings ?? settings)?.['maximumLength'])
    .filter((length) => typeof length === 'number');
  const longest = Math.max(...lengths);
  return longest > searchSettings().maximumLength ? longest : undefined;
}

function describe(name: string, {decoder, encoder, settings, training}: Checkpoint): string {
  const seed = (training?.settings ?? settings)?.['seed'];
  const details = [
    decoder.kind,
    encoder.name,
    training && `step ${training.position.step}`,
    typeof seed === 'number' && `seed ${seed}`,
  ];
  return `${name} (${details.filter((detail) => typeof detail === 'string').join(', ')})`;
}
