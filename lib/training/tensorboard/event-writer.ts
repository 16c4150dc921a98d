/** Writes event files with TensorFlow's own summary ops, which frame and check each record. */
import {makeFolder} from '../../files/atomic';
import {runOp, runOpMulti, text} from '../../tensorflow/ops';
import {tf} from '../../tensorflow/tensorflow';
import {eventOf, type SummaryValue} from './summary';

/** Events that are kept in memory before they are written. */
const queued = 20;
const flushInterval = 10_000; // ms
let made = 0;

export class EventWriter {
  readonly #writer: tf.Tensor;

  /** @param folder Created if missing; each writer writes its own file. */
  constructor(folder: string) {
    makeFolder(folder);
    const name = `captioner.events.${process.pid}.${made++}`;
    this.#writer = tf.keep(runOp('SummaryWriter', [], [text('shared_name', name), text('container', '')]));
    tf.tidy(() => {
      const [queue, flush] = [tf.scalar(queued, 'int32'), tf.scalar(flushInterval, 'int32')];
      const [where, suffix] = [tf.scalar(folder, 'string'), tf.scalar('', 'string')];
      runOpMulti('CreateSummaryFileWriter', [this.#writer, where, queue, flush, suffix], [], 0);
    });
  }

  write(step: number, values: readonly SummaryValue[]): void {
    const event = tf.scalar(eventOf(step, values), 'string');
    runOpMulti('ImportEvent', [this.#writer, event], [], 0);
    event.dispose();
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
