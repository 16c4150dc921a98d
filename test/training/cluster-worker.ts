/** A worker of a cluster, or a process alone: the command line, which also prints each step and where its training ended, as JSON. */
import {writeSync} from 'node:fs';
import type {Trainer as Trained} from 'captioner';
import {joinCluster} from 'captioner/dist/tensorflow/cluster';

/** Not lost when the process is killed right after. */
function say(what: object): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}

async function main(args: readonly string[]): Promise<void> {
  joinCluster();
  const {Trainer} = await import('captioner');
  const {startOf} = await import('captioner/dist/training/open-run.js');
  const train = Reflect.get<Trained, 'train'>(Trainer.prototype, 'train');
  Trainer.prototype.train = async function (this: Trained, options = {}) {
    say({pid: process.pid, from: this.position.step, saves: this.folder !== undefined});
    try {
      await train.call(this, {...options, onStep: ({step, loss}) => say({step, loss})});
    } finally {
      say({
        ended: this.position.step,
        digest: startOf(this).model.digest(),
        epochs: this.history.epochs.length,
      });
    }
  };
  await (await import('captioner/dist/cli.js')).main(args);
}

void main(process.argv.slice(2));
