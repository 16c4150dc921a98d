/** Event files for TensorBoard, written by TensorFlow's own summary kernels: scalars, pictures and text. */
import {mkdirSync} from 'node:fs';
import {readPixels} from '../data/images';
import {int, kernel, kernels, text, type} from '../runtime/kernels';
import {int64} from '../runtime/raw';
import {tf} from '../runtime/native';
import type {EpochReport} from './history';

const shown = {
  size: 224,
  fit: 'stretch',
  interpolation: 'cubic',
  mean: [0, 0, 0],
  deviation: [1, 1, 1],
} as const;
let made = 0;

/** What TensorBoard's text plug-in is told by: `plugin_data { plugin_name: "text" }` as a protocol buffer. */
const textMetadata = Buffer.from([0x0a, 0x06, 0x0a, 0x04, ...Buffer.from('text')]);

export class EventLog {
  readonly #writer: tf.Tensor;

  /** @param folder Is made where it is missing; each log writes a file of its own in it. */
  constructor(readonly folder: string) {
    mkdirSync(folder, {recursive: true});
    this.#writer = tf.keep(
      kernel(
        'SummaryWriter',
        [],
        [text('shared_name', `captioner.log.${process.pid}.${made++}`), text('container', '')],
      ),
    );
    tf.tidy(() => {
      const [queue, flush] = [tf.scalar(10, 'int32'), tf.scalar(60_000, 'int32')];
      const strings = [tf.scalar(folder, 'string'), tf.scalar('', 'string')];
      kernels('CreateSummaryFileWriter', [this.#writer, strings[0]!, queue, flush, strings[1]!], [], 0);
    });
  }

  scalars(values: Readonly<Record<string, number>>, step: number): void {
    tf.tidy(() => {
      for (const [tag, value] of Object.entries(values))
        kernels(
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
      const bytes = kernel('Cast', [numbers], [type('SrcT', 'int32'), type('DstT', 'uint8')]);
      // Shown where a pixel is not a number, which bytes always are.
      const bad = kernel(
        'Cast',
        [tf.tensor1d([255, 0, 0, 255], 'int32')],
        [type('SrcT', 'int32'), type('DstT', 'uint8')],
      );
      kernels(
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
      kernels(
        'WriteSummary',
        [this.#writer, int64(step), tf.scalar(content, 'string'), tf.scalar(tag, 'string'), metadata],
        [type('T', 'string')],
        0,
      );
    });
  }

  /** An epoch's figures, and the panel's pictures with their captions. */
  async epoch({step, validationLoss, metrics, panel}: EpochReport): Promise<void> {
    const named = Object.entries(metrics).map(([name, value]) => [`validation/${name}`, value] as const);
    const loss = Number.isFinite(validationLoss) ? {'loss/validation': validationLoss} : {};
    this.scalars({...loss, ...Object.fromEntries(named)}, step);
    for (const [at, {file, caption, references}] of panel.entries()) {
      // A picture that was taken away meanwhile is no reason to stop training.
      const pixels = await readPixels(file, shown).catch(() => undefined);
      if (pixels) this.image(`panel/${at + 1}`, pixels, [shown.size, shown.size], step);
      const quoted = references.map((reference) => `> ${plain(reference)}`);
      this.text(`panel/${at + 1}`, [`**${plain(caption) || '(nothing)'}**`, ...quoted].join('\n\n'), step);
    }
    this.flush();
  }

  flush(): void {
    kernels('FlushSummaryWriter', [this.#writer], [], 0);
  }

  close(): void {
    this.flush();
    kernels('CloseSummaryWriter', [this.#writer], [], 0);
    this.#writer.dispose();
  }
}

/** TensorBoard shows Markdown, and Markdown lets HTML through. */
function plain(caption: string): string {
  return caption.replace(/[&<>*_`[\]\\#]/g, (character) => `&#${character.codePointAt(0)};`);
}
