/** Event files for TensorBoard, written by TensorFlow's own summary ops: scalars, images and text. */
import {mkdirSync} from 'node:fs';
import {readPixels} from '../encoders/images';
import {int, runOp, runOpMulti, text, type} from '../tensorflow/ops';
import {int64} from '../tensorflow/casts';
import {tf} from '../tensorflow/tensorflow';
import type {EpochReport, StepReport} from '../checkpoints/history';

const shown = {
  size: 224,
  fit: 'stretch',
  interpolation: 'cubic',
  mean: [0, 0, 0],
  std: [1, 1, 1],
} as const;
let made = 0;

/** Selects TensorBoard's text plug-in: `plugin_data { plugin_name: "text" }` as a protocol buffer. */
const textMetadata = Buffer.from([0x0a, 0x06, 0x0a, 0x04, ...Buffer.from('text')]);

export class EventLog {
  readonly #writer: tf.Tensor;

  /** @param folder Created if missing; each log writes its own file. */
  constructor(readonly folder: string) {
    mkdirSync(folder, {recursive: true});
    this.#writer = tf.keep(
      runOp(
        'SummaryWriter',
        [],
        [text('shared_name', `captioner.log.${process.pid}.${made++}`), text('container', '')],
      ),
    );
    tf.tidy(() => {
      const [queue, flush] = [tf.scalar(10, 'int32'), tf.scalar(60_000, 'int32')];
      const strings = [tf.scalar(folder, 'string'), tf.scalar('', 'string')];
      runOpMulti('CreateSummaryFileWriter', [this.#writer, strings[0]!, queue, flush, strings[1]!], [], 0);
    });
  }

  scalars(values: Readonly<Record<string, number>>, step: number): void {
    tf.tidy(() => {
      for (const [tag, value] of Object.entries(values))
        runOpMulti(
          'WriteScalarSummary',
          [this.#writer, int64(step), tf.scalar(tag, 'string'), tf.scalar(value)],
          [type('T', 'float32')],
          0,
        );
    });
  }

  /** @param pixels Red, green and blue, `height × width × 3` bytes. */
  image(tag: string, pixels: Uint8Array, [height, width]: readonly [number, number], step: number): void {
    tf.tidy(() => {
      const numbers = tf.tensor4d(Int32Array.from(pixels), [1, height, width, 3], 'int32');
      const bytes = runOp('Cast', [numbers], [type('SrcT', 'int32'), type('DstT', 'uint8')]);
      // Replaces pixels that are not finite; bytes always are.
      const bad = runOp(
        'Cast',
        [tf.tensor1d([255, 0, 0, 255], 'int32')],
        [type('SrcT', 'int32'), type('DstT', 'uint8')],
      );
      runOpMulti(
        'WriteImageSummary',
        [this.#writer, int64(step), tf.scalar(tag, 'string'), bytes, bad],
        [type('T', 'uint8'), int('max_images', 1)],
        0,
      );
    });
  }

  /** @param content Markdown. */
  text(tag: string, content: string, step: number): void {
    tf.tidy(() => {
      const metadata = tf.scalar(textMetadata.toString('latin1'), 'string');
      runOpMulti(
        'WriteSummary',
        [this.#writer, int64(step), tf.scalar(content, 'string'), tf.scalar(tag, 'string'), metadata],
        [type('T', 'string')],
        0,
      );
    });
  }

  /** Writes a step's loss, learning rate and gradient norm. */
  step({step, loss, learningRate, gradientNorm, reward}: StepReport): void {
    const scalars = {'loss/training': loss, learningRate, 'gradient norm': gradientNorm};
    this.scalars({...scalars, ...(reward !== undefined && {reward})}, step);
  }

  /** Writes an epoch's loss and metrics, and the panel images with their captions. */
  async epoch({step, validationLoss, metrics, panel}: EpochReport): Promise<void> {
    const named = Object.entries(metrics).map(([name, value]) => [`validation/${name}`, value] as const);
    const loss = Number.isFinite(validationLoss) ? {'loss/validation': validationLoss} : {};
    this.scalars({...loss, ...Object.fromEntries(named)}, step);
    for (const [at, {file, caption, references}] of panel.entries()) {
      // A deleted image is no reason to stop training.
      const pixels = await readPixels(file, shown).catch(() => undefined);
      if (pixels) this.image(`panel/${at + 1}`, pixels, [shown.size, shown.size], step);
      const quoted = references.map((reference) => `> ${plain(reference)}`);
      this.text(`panel/${at + 1}`, [`**${plain(caption) || '(nothing)'}**`, ...quoted].join('\n\n'), step);
    }
    this.flush();
  }

  flush(): void {
    runOpMulti('FlushSummaryWriter', [this.#writer], [], 0);
  }

  close(): void {
    this.flush();
    runOpMulti('CloseSummaryWriter', [this.#writer], [], 0);
    this.#writer.dispose();
  }
}

/** Escapes Markdown, which TensorBoard renders, and the HTML that Markdown allows. */
function plain(caption: string): string {
  return caption.replace(/[&<>*_`[\]\\#]/g, (character) => `&#${character.codePointAt(0)};`);
}
