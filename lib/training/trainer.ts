/**
 * Trains a decoder on features and captions: one step at a time, epoch by epoch, or to the end. It orders what others do
 * (batches, loss, Adam, search, checkpoints) and reports through callbacks. Where it stands is a few numbers, so it can
 * be stopped at any step and go on in another process with the same losses, bit for bit.
 */
import {setImmediate as yieldToEvents} from 'node:timers/promises';
import {BatchPlan, type Batch, type Example} from '../data/batches';
import {ofSplit, type CaptionedImage, type Dataset} from '../data/dataset';
import type {FeatureStore} from '../data/feature-store';
import type {Decoder} from '../decoders/decoder';
import {CaptionerError} from '../errors';
import {captionImages, scoreCaptions} from '../metrics/evaluate';
import {Adam} from '../runtime/adam';
import {clipByGlobalNorm} from '../runtime/clip';
import {tf} from '../runtime/native';
import type {Vocabulary} from '../text/vocabulary';
import type {EncoderIdentity, Position} from './checkpoint';
import type {EpochReport, History, PanelEntry, StepReport} from './history';
import {captionLoss, gradients} from './loss';
import {scheduled, trainerSettings, type Settings, type TrainerOptions} from './options';
import {Run, type Skipped} from './run';
import {EventLog} from './tensorboard';

export interface TrainerParts {
  readonly dataset: Dataset;
  /** Features of the data set's images; those that it lacks (unreadable ones) are left out. */
  readonly store: FeatureStore;
  readonly vocabulary: Vocabulary;
  readonly decoder: Decoder;
  /** Folder of the run; absent: nothing is written. */
  readonly run?: string;
  readonly options?: TrainerOptions;
}

export interface TrainCallbacks {
  readonly onStep?: (report: StepReport) => void | Promise<void>;
  readonly onEpoch?: (report: EpochReport) => void | Promise<void>;
}

export class Trainer {
  readonly history: History = {steps: [], epochs: []};
  /** Checkpoints that resuming passed over, and why. */
  readonly skipped: readonly Skipped[] = [];
  /** The base learning rate; change it whenever you like. */
  rate: number;

  readonly #examples: readonly Example[];
  readonly #validation: readonly Example[];
  readonly #panel: readonly CaptionedImage[];
  readonly #adam: Adam;
  readonly #log: EventLog | undefined;
  #position: Omit<Position, 'rate'> = {step: 0, epoch: 0, batch: 0};
  #plan: {readonly epoch: number; readonly batches: BatchPlan} | undefined;
  #stop = false;

  private constructor(
    private readonly parts: TrainerParts,
    readonly options: Settings,
    private readonly run: Run | undefined,
  ) {
    const {dataset, store, vocabulary, decoder} = parts;
    checkTogether(parts);
    const examples = (images: readonly CaptionedImage[]): Example[] =>
      images.flatMap(({id, captions}) =>
        captions.map((caption) => ({id, tokens: vocabulary.encode(caption).slice(0, options.maximumLength)})),
      );
    const usable = (images: readonly CaptionedImage[]): CaptionedImage[] =>
      images.filter(({id}) => store.has(id));
    this.#examples = examples(usable(ofSplit(dataset, 'train')));
    this.#validation = examples(usable(ofSplit(dataset, 'validation')));
    if (this.#examples.length === 0)
      throw new CaptionerError(
        'dataset',
        `${dataset.folder}: expected training images with features, found none`,
      );
    const test = usable(ofSplit(dataset, 'test'));
    this.#panel = (test.length > 0 ? test : usable(ofSplit(dataset, 'validation'))).slice(0, options.panel);
    this.rate = options.rate;
    this.#adam = new Adam(decoder.weights);
    this.#log = run && new EventLog(run.tensorboard);
  }

  /**
   * Starts a run.
   *
   * @param replace Whether an earlier run in the same folder is removed. @default false
   * @throws CaptionerError `options`; `mismatch` when the parts do not belong together, or a run lies there already;
   *   `locked`; `dataset`.
   */
  static async create(
    parts: TrainerParts,
    {replace = false}: {readonly replace?: boolean} = {},
  ): Promise<Trainer> {
    const options = trainerSettings(parts.options);
    const run = parts.run === undefined ? undefined : new Run(parts.run);
    try {
      if (run && run.checkpoints().length > 0) {
        if (!replace)
          throw new CaptionerError(
            'mismatch',
            `${run.folder}: a run lies here already; resume it, or choose another folder`,
          );
        await run.clear();
      }
      const trainer = new Trainer(parts, options, run);
      measureFeatures(parts);
      return trainer;
    } catch (error) {
      run?.close();
      throw error;
    }
  }

  /**
   * Goes on with the newest checkpoint of a run that is whole. The decoder and the vocabulary are the checkpoint's.
   *
   * @throws CaptionerError as `create`, and `not-found` when there is nothing to resume.
   */
  static async resume(
    folder: string,
    {dataset, store}: Pick<TrainerParts, 'dataset' | 'store'>,
  ): Promise<Trainer> {
    const run = new Run(folder);
    try {
      const {checkpoint, skipped} = await run.newest();
      const {decoder, vocabulary, encoder, training} = checkpoint;
      checkEncoder(encoder, store);
      const trainer = new Trainer({dataset, store, vocabulary, decoder, run: folder}, training.settings, run);
      const {rate, ...position} = training.position;
      trainer.#adam.restore(training.optimizer);
      trainer.#position = position;
      trainer.rate = rate;
      trainer.history.steps.push(...training.history.steps);
      trainer.history.epochs.push(...training.history.epochs);
      return Object.assign(trainer, {skipped});
    } catch (error) {
      run.close();
      throw error;
    }
  }

  get decoder(): Decoder {
    return this.parts.decoder;
  }
  get vocabulary(): Vocabulary {
    return this.parts.vocabulary;
  }
  get position(): Position {
    return {...this.#position, rate: this.rate};
  }
  get stepsPerEpoch(): number {
    return this.#batches().length;
  }

  /** The batch that the next step learns from. */
  nextBatch(): Batch {
    return this.#batches().batch(this.#position.batch);
  }

  /**
   * One step on the next batch.
   *
   * @throws CaptionerError `diverged` before the weights are touched, when the loss or the gradient is not finite.
   */
  step(): StepReport {
    const report = this.stepOn(this.nextBatch());
    this.#position = {...this.#position, batch: this.#position.batch + 1};
    return report;
  }

  /** One step on a batch of one's own; the position in the data stays where it is. */
  stepOn({ids, inputs: words, targets: next, size, steps}: Batch): StepReport {
    const {decoder, store} = this.parts;
    const {seed, clip} = this.options;
    const step = this.#position.step;
    const rate = this.rate * scheduled(this.options, step, this.options.epochs * this.stepsPerEpoch);

    // Forward and backward.
    const features = store.read(ids);
    const inputs = tf.tensor2d(words, [size, steps], 'int32');
    const targets = tf.tensor2d(next, [size, steps], 'int32');
    const result = gradients(decoder, features, inputs, targets, {seed, step});
    tf.dispose([features, inputs, targets]);

    // Clip, look, apply.
    const clipped = clipByGlobalNorm(result.gradients, clip);
    tf.dispose([...result.gradients.values()]);
    try {
      if (!Number.isFinite(result.loss) || !Number.isFinite(clipped.norm))
        throw new CaptionerError(
          'diverged',
          `step ${step + 1}: expected finite numbers, got loss ${result.loss} and gradient norm ${clipped.norm}` +
            ` (images ${[...new Set(ids)].slice(0, 5).join(', ')}, …); nothing was changed by this step: lower the rate, or resume from the last checkpoint`,
        );
      this.#adam.apply(clipped.gradients, rate);
    } finally {
      tf.dispose([...clipped.gradients.values()]);
    }

    this.#position = {...this.#position, step: step + 1};
    const report = {
      step: step + 1,
      epoch: this.#position.epoch + 1,
      loss: result.loss,
      rate,
      gradientNorm: clipped.norm,
    };
    this.history.steps.push(report);
    this.#log?.scalars(
      {'loss/training': report.loss, 'rate': rate, 'gradient norm': clipped.norm},
      report.step,
    );
    return report;
  }

  /** To the end of the current epoch, then looks at validation and panel, and saves. Undefined when it was stopped. */
  async epoch({onStep}: Pick<TrainCallbacks, 'onStep'> = {}): Promise<EpochReport | undefined> {
    const start = performance.now();
    let breath = start;
    while (this.#position.batch < this.stepsPerEpoch) {
      if (this.#stop) return undefined;
      const report = this.step();
      await onStep?.(report);
      if (report.step % this.options.saveEvery === 0) await this.save();
      // Native calls block this thread: without a pause neither the stop button nor a drawing gets through.
      if (performance.now() - breath > 50) {
        await yieldToEvents();
        breath = performance.now();
      }
    }
    return this.#endEpoch(start);
  }

  /**
   * Trains `epochs` more epochs, by default all that are planned. The interrupt (the notebook's stop button, Ctrl-C)
   * stops it at the next step, and it is saved.
   *
   * @returns Whether it was stopped.
   */
  async train({epochs, onStep, onEpoch}: TrainCallbacks & {readonly epochs?: number} = {}): Promise<{
    stopped: boolean;
  }> {
    const last = epochs === undefined ? this.options.epochs : this.#position.epoch + epochs;
    await null; // a handler that is registered in a cell's synchronous part kills the kernel
    const stop = (): void => {
      this.#stop = true;
    };
    process.on('SIGINT', stop);
    try {
      while (this.#position.epoch < last) {
        const report = await this.epoch({...(onStep && {onStep})});
        if (report === undefined) break;
        await onEpoch?.(report);
      }
      const stopped = this.#stop;
      if (stopped) await this.save();
      return {stopped};
    } finally {
      process.off('SIGINT', stop);
      this.#stop = false;
    }
  }

  /** Mean cross entropy per word on the validation split (or some of its captions), teacher-forced, without dropout. */
  validationLoss(captions: number = Infinity): number {
    const {decoder, store} = this.parts;
    const plan = new BatchPlan(this.#validation.slice(0, captions), 256);
    let sum = 0;
    let words = 0;
    for (let at = 0; at < plan.length; at++) {
      const {ids, inputs, targets, size, steps} = plan.batch(at);
      const count = targets.reduce((all, id) => all + (id > 0 ? 1 : 0), 0);
      sum +=
        count *
        tf.tidy(() => {
          const shape: [number, number] = [size, steps];
          const loss = captionLoss(
            decoder,
            store.read(ids),
            tf.tensor2d(inputs, shape, 'int32'),
            tf.tensor2d(targets, shape, 'int32'),
          );
          return loss.dataSync()[0]!;
        });
      words += count;
    }
    return sum / words;
  }

  /** The same few test pictures each time, with what the decoder says about them now. */
  panel(): PanelEntry[] {
    const {decoder, store, vocabulary} = this.parts;
    const captions = captionImages({decoder, vocabulary}, store, this.#panel, this.#search());
    return this.#panel.map(({id, file, captions: references}, at) => ({
      id,
      file,
      caption: captions[at]!,
      references,
    }));
  }

  /** Saves a checkpoint into the run's folder; without one there is nothing to do. */
  async save(best = false): Promise<void> {
    if (this.run === undefined) return;
    const {decoder, vocabulary, store} = this.parts;
    const encoder = {...store.encoder, preprocessing: store.preprocessing};
    const training = {
      settings: this.options,
      position: this.position,
      history: this.history,
      optimizer: this.#adam.state(),
    };
    await this.run.save({decoder, vocabulary, encoder, training}, this.#position.step, best);
  }

  /** Gives back the run's folder and all memory but the decoder's. */
  close(): void {
    this.#adam.dispose();
    this.#log?.close();
    this.run?.close();
  }

  async #endEpoch(start: number): Promise<EpochReport> {
    const {decoder, store, vocabulary, dataset} = this.parts;
    const epoch = this.#position.epoch + 1;
    const {step} = this.#position;
    const images = ofSplit(dataset, 'validation').filter(({id}) => store.has(id));
    const captions = captionImages({decoder, vocabulary}, store, images, this.#search());
    const metrics = images.length > 0 ? scoreCaptions(captions, images) : {};
    const score = metrics['BLEU-4'];
    const best = score !== undefined && score > (this.#position.best?.score ?? -1);
    const losses = this.history.steps.filter((report) => report.epoch === epoch).map(({loss}) => loss);
    const report: EpochReport = {
      epoch,
      step,
      loss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
      validationLoss: this.#validation.length > 0 ? this.validationLoss() : NaN,
      rate: this.history.steps.at(-1)?.rate ?? this.rate,
      metrics,
      seconds: (performance.now() - start) / 1000,
      panel: this.panel(),
      best,
    };
    this.history.epochs.push(report);
    this.#position = {
      step,
      epoch,
      batch: 0,
      ...(best ? {best: {score, step}} : this.#position.best && {best: this.#position.best}),
    };
    await this.#log?.epoch(report);
    await this.save(best);
    return report;
  }

  #search(): {beams: number; lengthExponent: number; maximumLength: number} {
    const {beams, lengthExponent, maximumLength} = this.options;
    return {beams, lengthExponent, maximumLength};
  }

  #batches(): BatchPlan {
    const {epoch} = this.#position;
    if (this.#plan?.epoch !== epoch) {
      const {batch, seed} = this.options;
      this.#plan = {epoch, batches: new BatchPlan(this.#examples, batch, {seed, epoch})};
    }
    return this.#plan.batches;
  }
}

function checkTogether({decoder, vocabulary, store}: TrainerParts): void {
  const fail = (what: string, expected: unknown, got: unknown): never => {
    throw new CaptionerError('mismatch', `Trainer: expected ${what} ${String(expected)}, got ${String(got)}`);
  };
  if (decoder.vocabulary !== vocabulary.size)
    fail("the decoder's vocabulary", vocabulary.size, decoder.vocabulary);
  if (decoder.depth !== store.depth) fail("the decoder's feature depth", store.depth, decoder.depth);
  if (decoder.features !== store.kind) fail('features', decoder.features, store.kind);
}

function checkEncoder({name, digest}: EncoderIdentity, {encoder}: FeatureStore): void {
  if (name !== encoder.name || digest !== encoder.digest)
    throw new CaptionerError(
      'mismatch',
      `expected features by ${name} (${digest.slice(0, 8)}), which the run was trained on, got ${encoder.name} (${encoder.digest.slice(0, 8)})`,
    );
}

/** Mean and deviation of the training features, which the decoder standardises them with. */
function measureFeatures({dataset, store, decoder}: TrainerParts): void {
  const ids = ofSplit(dataset, 'train')
    .map(({id}) => id)
    .filter((id) => store.has(id))
    .slice(0, 2000);
  tf.tidy(() => {
    const features = tf.reshape(store.read(ids), [-1, store.depth]);
    const {mean, variance} = tf.moments(features, 0);
    decoder.constants.get('features.mean')?.assign(mean);
    decoder.constants.get('features.deviation')?.assign(tf.add(tf.sqrt(variance), 1e-3));
  });
}
