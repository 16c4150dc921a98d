/** Photographs in, sentences out: a checkpoint together with the encoder that it was trained on. */
import {readPixels} from './data/images';
import {toPixels} from './data/pixels';
import {beamSearch, type Hypothesis, type SearchOptions} from './decoders/search';
import type {WordByWord} from './decoders/decoder';
import {createEnsemble} from './decoders/ensemble';
import type {Encoder} from './encoders/encoder';
import {sameEncoder} from './encoders/identity';
import {loadEncoder} from './encoders/registry';
import {TunedEncoder} from './encoders/tuned';
import {CaptionerError} from './errors';
import {tf} from './runtime/native';
import type {Vocabulary} from './text/vocabulary';
import {loadCheckpoint, type Checkpoint} from './training/checkpoint';
import {checkTogether} from './training/combine';

export interface Captioned {
  readonly file: string;
  /** The best hypothesis in words. */
  readonly caption: string;
  /** The best first. */
  readonly hypotheses: readonly (Hypothesis & {readonly caption: string})[];
}

/** A picture that could not be captioned. */
export interface Failed {
  readonly file: string;
  readonly error: CaptionerError;
}

const pictures = 16;

export class Captioner {
  private constructor(
    readonly encoder: Encoder,
    readonly decoder: WordByWord,
    readonly vocabulary: Vocabulary,
  ) {}

  /**
   * @param folders A checkpoint, or a run: then its best checkpoint. Several write together, as an ensemble.
   * @param options.weights The encoder's weight file, where it was trained with one that is not the usual.
   * @throws CaptionerError when a checkpoint is damaged, or `mismatch` when the encoder at hand is another one, or the
   *   checkpoints of an ensemble do not belong together.
   * @example const captioner = await Captioner.load('checkpoints/scenes');
   */
  static async load(
    folders: string | readonly string[],
    {weights}: {readonly weights?: string} = {},
  ): Promise<Captioner> {
    const names = typeof folders === 'string' ? [folders] : folders;
    const members: Checkpoint[] = [];
    try {
      for (const name of names) members.push(await loadCheckpoint(name));
      const [first] = members;
      if (first === undefined) throw new CaptionerError('options', 'Expected a checkpoint, got none');
      for (const [at, other] of members.entries()) checkTogether(names[0]!, first, names[at]!, other);
      const encoder = await loadEncoder(first.encoder.name, {
        preprocessing: first.encoder.preprocessing,
        ...(weights !== undefined && {weights}),
      });
      if (!sameEncoder(encoder, first.encoder)) {
        const {name, digest} = first.encoder;
        encoder.dispose();
        throw new CaptionerError(
          'mismatch',
          `${names[0]}: expected the ${name} that it was trained with (${digest.slice(0, 8)}), got ${encoder.digest.slice(0, 8)}`,
        );
      }
      const {tuning, vocabulary} = first;
      const seen = tuning ? new TunedEncoder(encoder, tuning.from, tuning.tensors).cnn : encoder;
      const decoders = members.map(({decoder}) => decoder);
      return new Captioner(seen, decoders.length === 1 ? decoders[0]! : createEnsemble(decoders), vocabulary);
    } catch (error) {
      for (const {decoder} of members) decoder.dispose();
      throw error;
    }
  }

  /**
   * One result for each file, in their order; one that cannot be read does not keep the others from being captioned.
   *
   * @throws CaptionerError `options`
   */
  async caption(files: readonly string[], options: SearchOptions = {}): Promise<(Captioned | Failed)[]> {
    const {preprocessing} = this.encoder;
    const {size} = preprocessing;
    const results: (Captioned | Failed)[] = [];
    for (let from = 0; from < files.length; from += pictures) {
      const group = files.slice(from, from + pictures);
      const read = await Promise.allSettled(group.map((file) => readPixels(file, preprocessing)));
      const good = read.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
      const pixels = good.length > 0 ? toPixels(good, size) : undefined;
      const features = pixels && this.encoder.encode(pixels);
      pixels?.dispose();
      try {
        const found = features ? this.captionFeatures(features[this.decoder.features], options) : [];
        for (const [at, file] of group.entries()) {
          const result = read[at]!;
          if (result.status === 'fulfilled') results.push({file, ...found.shift()!});
          else if (result.reason instanceof CaptionerError) results.push({file, error: result.reason});
          else throw result.reason;
        }
      } finally {
        if (features) tf.dispose([features.grid, features.pooled]);
      }
    }
    return results;
  }

  /** @param features As the decoder reads them, `[batch, depth]` or `[batch, cells, depth]`; not disposed. */
  captionFeatures(features: tf.Tensor, options: SearchOptions = {}): Omit<Captioned, 'file'>[] {
    return beamSearch(this.decoder, features, options).map((list) => {
      const hypotheses = list.map((hypothesis) => ({
        ...hypothesis,
        caption: this.vocabulary.decode(hypothesis.tokens),
      }));
      return {caption: hypotheses[0]!.caption, hypotheses};
    });
  }

  dispose(): void {
    this.encoder.dispose();
    this.decoder.dispose();
  }
}
