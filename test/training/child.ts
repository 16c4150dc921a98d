/** A process to be stopped or killed: goes on with a run, or starts it, and prints each step and each save. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {isStopped} from 'captioner/dist/interrupt';
import {Trainer} from 'captioner';
import {openToy, toyDecoder, toyOptions} from './toy';

async function main(): Promise<void> {
  const [folder, run, options] = process.argv.slice(2) as [string, string, string];
  const toy = openToy(folder);
  const settings = {...toyOptions, ...(JSON.parse(options) as object)};
  // A process that is killed before its first save leaves a run without checkpoints: there is nothing to go on with.
  const begun = existsSync(join(run, 'latest'));
  const trainer = begun
    ? await Trainer.resume(run, toy)
    : await Trainer.create(
        {...toy, decoder: toyDecoder(toy, {units: 256}), run, options: settings},
        {replace: true},
      );
  for (const {checkpoint, reason} of trainer.skipped) say(`skipped ${checkpoint} ${reason}`);
  say(`from ${trainer.position.step}`);
  const ended = await trainer.train({onStep: ({step, loss}) => say(`step ${step} ${loss}`)}).then(
    () => 'ended',
    (error: unknown) => {
      if (!isStopped(error)) throw error;
      return 'stopped';
    },
  );
  say(`${ended} ${trainer.position.step}`);
  trainer.close();
}

/** Not lost when the process is killed right after. */
function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

main().catch((error: unknown) => {
  say(`failed ${String(error)}`);
  process.exitCode = 1;
});
