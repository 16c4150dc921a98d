/** `captioner serve`: a page on this machine for captions of one's own images. */
import {findCheckpoint} from '../checkpoints/list';
import {CaptionerError} from '../errors';
import {userPath} from '../paths';
import {defaultPort, serve as startServer} from '../serve/server';
import {complain, print} from './io';

export interface ServeFlags {
  readonly port?: number;
  /** Checkpoint or run that is chosen first. */
  readonly checkpoint?: string;
}

/**
 * Serves until a signal ends the process. None is handled: the default action ends it in the middle of a computation too, and frees the port.
 */
export async function serve({port = defaultPort, checkpoint}: ServeFlags): Promise<void> {
  const folder = checkpoint === undefined ? undefined : existing(checkpoint);
  const {url} = await startServer({
    port,
    onError: complain,
    ...(folder !== undefined && {checkpoint: folder}),
  });
  if (process.env['npm_lifecycle_event'] !== undefined) endWithParent();
  print(`Open this address in a browser on this machine; its last part is a secret:\n\n    ${url}\n`);
  print('Ctrl-C ends it.');
}

function existing(checkpoint: string): string {
  const folder = userPath(checkpoint);
  const {problem = undefined} = findCheckpoint(folder) ?? {
    problem: 'expected a checkpoint or a run, found none',
  };
  if (problem !== undefined) throw new CaptionerError('not-found', `${checkpoint}: ${problem}`);
  return folder;
}

/** npm that is killed tells nothing to what it runs. */
function endWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) process.exit(1);
  }, 500).unref();
}
