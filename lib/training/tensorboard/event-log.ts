/**
 * The log of a run for TensorBoard: losses and speed, scores, weights and gradients, the settings, and the panel's images with their
 * captions. TensorBoard calls the run by its folder's name, and shows its validation loss in the same chart as its training loss.
 */
import {basename} from 'node:path';
import {validationFolder, type LastSteps} from '../../checkpoints/event-files';
import {patienceEnded, type EpochReport, type History, type StepReport} from '../../checkpoints/history';
import type {tf} from '../../tensorflow/tensorflow';
import {emitWarning} from '../../terminal';
import {trainableWeights} from '../trainable-model';
import type {TrainerSettings} from '../trainer-options';
import type {Parts} from '../training-data';
import {drawCaption, openCanvas, type Canvas} from './captioned-image';
import {EventWriter} from './event-writer';
import {histogramOf} from './histogram';
import {sessionEnd, sessionStart, type HParams} from './hparams';
import {histogramValue, imageValue, scalarValue, textValue, type SummaryValue} from './summary';

/**
 * Descriptions of the charts. Their names are such that in alphabetical order, as TensorBoard has them, losses come first, then the
 * scores by which its HParams page is to compare runs: it begins with five.
 */
const about = {
  loss: 'Cross entropy per word, in nats: of each training step with dropout, and of the whole validation split after each epoch. In self-critical training the steps have another loss.',
  learningRate: 'Learning rate of the decoder, after the schedule.',
  gradientNorm: 'Global L2 norm of the gradients, before clipping.',
  reward: 'Mean CIDEr-D of the sampled captions.',
  speed: 'Steps a second, without validation and pauses.',
  scores: 'Free-running captions of the validation split.',
  best: 'The scores of the best epoch so far.',
  gradients: 'Gradients of the last step of an epoch, before clipping.',
} as const;

/** A log that can't be written, as when the disk is full, ends with a warning; training goes on. */
export class EventLog {
  #training: EventWriter | undefined;
  #validation: EventWriter | undefined;
  #settings: TrainerSettings | undefined;
  readonly #canvases = new Map<string, Canvas>();
  #timed = {steps: 0, seconds: 0};

  /** @param folder The run's folder. */
  constructor(
    private readonly folder: string,
    private readonly parts: Parts,
    private readonly history: History,
  ) {
    this.#attempt(() => (this.#training = new EventWriter(folder)));
  }

  /** Writes what is in the history of a resumed run, but not in its event files. */
  async complete(logged: LastSteps): Promise<void> {
    if (this.#training === undefined) return;
    for (const report of this.history.steps) if (report.step > logged.training) this.#step(report);
    for (const [at, report] of this.history.epochs.entries())
      if (report.step > logged.validation) await this.#epoch(report, this.history.epochs[at - 1]);
  }

  /**
   * Writes a step's loss, learning rate, gradient norm and speed.
   *
   * @param settings As they are now; the run is compared with others by those of its first step.
   * @param seconds Time that the step took.
   */
  step(report: StepReport, settings: TrainerSettings, seconds: number): void {
    if (this.#settings === undefined) this.#write(0, [sessionStart(hparamsOf(this.parts, settings))]);
    this.#settings = settings;
    this.#step(report, this.#speed(seconds));
  }

  /** Writes histograms of the gradients of a step. */
  gradients(gradients: ReadonlyMap<string, tf.Tensor>, step: number): void {
    this.#write(step, histogramsOf('gradients', gradients, about.gradients));
  }

  /** Writes an epoch's scores, the panel's images with their captions, and the weights. */
  async epoch(report: EpochReport): Promise<void> {
    if (this.#training === undefined) return;
    this.#write(report.step, histogramsOf('weights', trainableWeights(this.parts)));
    await this.#epoch(report, this.history.epochs.at(-2));
  }

  close(): void {
    const {history} = this;
    const settings = this.#settings;
    if (settings && (history.epochs.length >= settings.epochs || patienceEnded(history, settings.patience)))
      this.#write(0, [sessionEnd()]);
    this.#attempt(() => {
      this.#training?.close();
      this.#validation?.close();
    });
  }

  #write(step: number, values: readonly SummaryValue[]): void {
    this.#attempt(() => this.#training?.write(step, values));
  }

  /** Ends the log when it can't be written. */
  #attempt(write: () => void): void {
    try {
      write();
    } catch (error) {
      [this.#training, this.#validation] = [undefined, undefined];
      // TensorFlow's own words about a file, without the number of its error.
      const words = error instanceof Error ? error.message : String(error);
      const reason = words.replace(/^Invalid TF_Status: \d+\s*(?:Message: )?/, '');
      emitWarning(`${this.folder}: ${reason}; nothing more is written for TensorBoard`);
    }
  }

  #step({step, loss, learningRate, gradientNorm, reward}: StepReport, speed?: number): void {
    this.#write(step, [
      scalarValue('loss', loss, about.loss),
      scalarValue('training/learning rate', learningRate, about.learningRate),
      scalarValue('training/gradient norm', gradientNorm, about.gradientNorm),
      ...(reward === undefined ? [] : [scalarValue('training/reward', reward, about.reward)]),
      ...(speed === undefined ? [] : [scalarValue('training/steps per second', speed, about.speed)]),
    ]);
  }

  /** Returns the steps a second, once they have taken a second together. */
  #speed(seconds: number): number | undefined {
    const timed = {steps: this.#timed.steps + 1, seconds: this.#timed.seconds + seconds};
    this.#timed = timed.seconds >= 1 ? {steps: 0, seconds: 0} : timed;
    return timed.seconds >= 1 ? timed.steps / timed.seconds : undefined;
  }

  async #epoch(report: EpochReport, previous: EpochReport | undefined): Promise<void> {
    const {step, validationLoss, metrics, best} = report;
    const compared = new Set(['BLEU-4', 'CIDEr-D', 'factual' in metrics ? 'factual' : 'METEOR']);
    const scores = Object.entries(metrics).flatMap(([name, value]) => [
      scalarValue(`scores/${name}`, value, about.scores),
      ...(best && compared.has(name)
        ? [scalarValue(`scores of the best epoch/${name}`, value, about.best)]
        : []),
    ]);
    this.#write(step, [...scores, ...(await this.#panel(report, previous))]);
    this.#attempt(() => {
      this.#training?.flush();
      if (this.#training === undefined || !Number.isFinite(validationLoss)) return;
      this.#validation ??= new EventWriter(validationFolder(this.folder));
      this.#validation.write(step, [scalarValue('loss', validationLoss, about.loss)]);
      this.#validation.flush();
    });
  }

  async #panel({epoch, panel}: EpochReport, previous: EpochReport | undefined): Promise<SummaryValue[]> {
    const before = new Map(previous?.panel.map(({id, caption}) => [id, caption]));
    const digits = String(panel.length).length;
    const shown = panel.map(async ({id, file, caption, references}, at) => {
      // TensorBoard keeps one series for a tag: an image and a text must not share it.
      const name = `${String(at + 1).padStart(digits, '0')} ${id}`;
      const quoted = references.map((reference) => `> ${plain(reference)}`);
      const text = textValue(
        `captions/${name}`,
        [`**${plain(caption) || '(no words)'}**`, ...quoted].join('\n\n'),
      );
      const canvas = await this.#canvas(file);
      if (!canvas) return [text];
      const legend = {caption, previous: before.get(id), label: `epoch ${epoch}`};
      return [imageValue(`panel/${name}`, await drawCaption(canvas, legend)), text];
    });
    return (await Promise.all(shown)).flat();
  }

  /** Returns undefined for an image that was deleted meanwhile, which is no reason to stop training. */
  async #canvas(file: string): Promise<Canvas | undefined> {
    const canvas = this.#canvases.get(file) ?? (await openCanvas(file).catch(() => undefined));
    if (canvas) this.#canvases.set(file, canvas);
    return canvas;
  }
}

function histogramsOf(
  group: string,
  tensors: ReadonlyMap<string, tf.Tensor>,
  description = '',
): SummaryValue[] {
  return [...tensors].flatMap(([name, tensor]) => {
    const histogram = histogramOf(tensor);
    return histogram ? [histogramValue(`${group}/${name}`, histogram, description)] : [];
  });
}

/** Returns everything that runs may differ in. */
function hparamsOf({dataset, features, decoder, vocabulary}: Parts, settings: TrainerSettings): HParams {
  const {seed, ...options} = decoder.options;
  return {
    data: basename(dataset.folder),
    encoder: features.encoder.name,
    size: features.preprocessing.size,
    views: features.views ?? 1,
    fineTune: features.trainable?.from ?? 'none',
    decoder: decoder.kind,
    vocabulary: vocabulary.size,
    ...options,
    ...settings,
    ...(seed !== settings.seed && {'decoder seed': seed}),
  };
}

/** Escapes Markdown, which TensorBoard renders, and the HTML that Markdown allows. */
function plain(caption: string): string {
  return caption.replace(/[&<>*_`[\]\\#]/g, (character) => `&#${character.codePointAt(0)};`);
}
