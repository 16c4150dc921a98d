/** Captions images with a checkpoint and the encoder that it was trained with. */
import {inspect} from 'node:util';
import {setDescription} from './description';
import {readPixels, toPixels, type ImageInput} from './encoders/images';
import {multiViewDecoder} from './decoders/multi-view-decoder';
import type {StepDecoder} from './decoders/decoder';
import {createEnsemble} from './decoders/ensemble';
import {sample, type SampleOptions} from './search/sampling';
import {
  beamSearch,
  beamSearchSteps,
  type Hypothesis,
  type SearchOptions,
  type Sentence,
} from './search/beam-search';
import {phrasesToIds, type WithText} from './search/phrases';
import type {Encoder} from './encoders/encoder';
import {interruptible, runInSteps, type Interrupt} from './interrupt';
import {startProgress, type ProgressOptions} from './show-progress';
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

/** An image that could not be captioned. */
export interface Failed {
  /** Its path; the name of an image in memory. */
  readonly file: string;
  readonly error: CaptionerError;
}

/** Images read and captioned at once. */
const batchSize = 16;

/** A checkpoint with its encoder: turns images into captions. */
export class Captioner {
  private constructor(
    readonly encoder: Encoder,
    readonly decoder: StepDecoder,
    readonly vocabulary: Vocabulary,
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
      if (views.length === 1) return new Captioner(seen, decoder, vocabulary);
      const across = decoder.features === 'grid' ? multiViewDecoder(decoder, views) : decoder;
      return new Captioner(multiView(seen, views), across, vocabulary);
    } catch (error) {
      for (const {decoder} of members) decoder.dispose();
      throw error;
    }
  }

  /**
   * Captions image files. Returns one result per file, in their order; a file that can't be read does not affect the others.
   *
   * @param files Paths of image files, or the content of such files.
   * @param options Options of the search; phrases to require and words to suppress may be text or ids.
   * @throws CaptionerError `options`; `stopped`
   * @example await captioner.caption(['photo.jpg'], {beams: 5, requiredPhrases: ['red ball']});
   */
  async caption(
    files: readonly ImageInput[],
    {progress, ...options}: WithText<SearchOptions> & ProgressOptions = {},
  ): Promise<(Captioned | Failed)[]> {
    const search = phrasesToIds<SearchOptions>(options, this.vocabulary);
    return this.#each(files, {progress}, async (features, _, pause) => {
      const steps = beamSearchSteps(this.decoder, features, search);
      return (await runInSteps(steps, pause)).map((list) => this.#captioned(list));
    });
  }

  /**
   * Samples captions from the probabilities of the decoder; otherwise like `caption`.
   *
   * @throws CaptionerError `options`; `stopped`
   * @example await captioner.sample(['photo.jpg'], {samples: 5, topP: 0.9});
   */
  async sample(
    files: readonly ImageInput[],
    {progress, ...options}: WithText<SampleOptions> & ProgressOptions = {},
  ): Promise<(Sampled | Failed)[]> {
    const {first = 0} = options;
    return this.#each(files, {progress}, (features, from) =>
      this.sampleFeatures(features, {...options, first: first + from}),
    );
  }

  /**
   * Computes the features that `captionFeatures` and `sampleFeatures` take.
   *
   * @param files Paths of image files, or the content of such files.
   * @returns `[batch, depth]` or `[batch, cells, depth]`, as the decoder reads them. The caller disposes them.
   * @throws CaptionerError `image`, `not-found` for an image that can't be read.
   * @example const features = await captioner.encode(['photo.jpg']);
   */
  async encode(files: readonly ImageInput[]): Promise<tf.Tensor> {
    const {preprocessing} = this.encoder;
    const pixels = await Promise.all(files.map((file) => readPixels(file, preprocessing)));
    return tf.tidy(() => this.encoder.encode(toPixels(pixels, preprocessing.size))[this.decoder.features]);
  }

  /** Captions image features. @param features `[batch, depth]` or `[batch, cells, depth]`, as the decoder reads them; not disposed. */
  captionFeatures(features: tf.Tensor, options: WithText<SearchOptions> = {}): Omit<Captioned, 'file'>[] {
    const found = beamSearch(this.decoder, features, phrasesToIds<SearchOptions>(options, this.vocabulary));
    return found.map((list) => this.#captioned(list));
  }

  /** Samples captions of image features. @param features As for `captionFeatures`. */
  sampleFeatures(features: tf.Tensor, options: WithText<SampleOptions> = {}): Omit<Sampled, 'file'>[] {
    const drawn = sample(this.decoder, features, phrasesToIds<SampleOptions>(options, this.vocabulary));
    return drawn.map((list) => ({samples: this.#inWords(list)}));
  }

  /** @param write Captions the features of a group of images, of which the first has the index `from`. */
  async #each<Result extends object>(
    files: readonly ImageInput[],
    options: ProgressOptions,
    write: (features: tf.Tensor, from: number, pause: () => Promise<void>) => Result[] | Promise<Result[]>,
  ): Promise<((Result & {readonly file: string}) | Failed)[]> {
    const {preprocessing} = this.encoder;
    const {size} = preprocessing;
    const results: ((Result & {readonly file: string}) | Failed)[] = [];
    const bar = startProgress(options, 'Captions', files.length);
    const work = async (interrupt: Interrupt): Promise<void> => {
      const pause = async (): Promise<void> => {
        await interrupt.pause();
        interrupt.throwIfRequested();
        await bar.update(results.length);
      };
      for (let from = 0; from < files.length; from += batchSize) {
        await pause();
        const group = files.slice(from, from + batchSize);
        const read = await Promise.allSettled(group.map((file) => readPixels(file, preprocessing)));
        // An image that can't be read is replaced by a black one, so that the samples of the others do not change.
        const nothing = new Uint8Array(size * size * 3);
        const all = read.map((result) => (result.status === 'fulfilled' ? result.value : nothing));
        const pixels = all.some((one) => one !== nothing) ? toPixels(all, size) : undefined;
        const features = pixels && this.encoder.encode(pixels);
        pixels?.dispose();
        try {
          const found = features ? await write(features[this.decoder.features], from, pause) : [];
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
      }
      await bar.update(results.length);
    };
    try {
      const stopped = (): string => `after ${results.length} of ${files.length} images`;
      await interruptible(work, {stopped, resumes: false});
    } finally {
      await bar.finish();
    }
    return results;
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
