/**
 * A shim around Node's file functions: counts the calls that change files, and makes the n-th one fail or the process die there. Loaded
 * before the library, which looks the functions up at each call.
 */
import fs from 'node:fs';

type Call = (...args: unknown[]) => unknown;
type Functions = Record<string, Call>;

/** The fault at the call: an error with this code, or the death of the process. */
export type Fault = 'EIO' | 'ENOSPC' | 'EACCES' | 'EROFS' | 'EMFILE' | 'EFBIG' | 'kill';

const changes = ['rename', 'mkdir', 'rm', 'rmdir', 'unlink', 'link', 'writeFile', 'appendFile', 'truncate'];
const handleChanges = ['write', 'writeFile', 'sync', 'truncate'];

/** The calls so far, and where a fault strikes. */
export class FailingCalls {
  count = 0;
  /** Names of the calls so far. */
  readonly names: string[] = [];
  #at = 0;
  #lasting = false;
  #fault: Fault = 'EIO';
  readonly #restore: (() => void)[] = [];

  constructor() {
    this.#wrap(fs.promises as unknown as Functions, changes);
    this.#wrap(
      fs as unknown as Functions,
      changes.map((name) => `${name}Sync`),
    );
    const {open} = fs.promises;
    fs.promises.open = async (...args: Parameters<typeof open>) => {
      if (isWriting(args[1])) this.#strike('open', String(args[0]));
      const handle = await open(...args);
      if (isWriting(args[1])) this.#wrap(handle as unknown as Functions, handleChanges, String(args[0]));
      return handle;
    };
    const {openSync} = fs;
    fs.openSync = (...args: Parameters<typeof openSync>) => {
      if (isWriting(args[1])) this.#strike('openSync', String(args[0]));
      return openSync(...args);
    };
    this.#restore.push(
      () => Object.assign(fs, {openSync}),
      () => Object.assign(fs.promises, {open}),
    );
  }

  /**
   * Begins to count anew.
   *
   * @param at Number of the call that fails, from 1; 0: none.
   * @param lasting Whether all calls after it fail too, as on a full disk.
   */
  arm(at: number, fault: Fault = 'EIO', lasting = false): void {
    [this.count, this.#at, this.#fault, this.#lasting] = [0, at, fault, lasting];
    this.names.length = 0;
  }

  /** Puts the functions back. */
  restore(): void {
    for (const undo of this.#restore) undo();
  }

  #wrap(owner: Functions, names: readonly string[], path?: string): void {
    for (const name of names) {
      const original = owner[name]!;
      const sync = owner === (fs as unknown as Functions);
      const call: Call = (...args) => {
        this.#strike(name, pathOf(args, path));
        return original.apply(owner, args);
      };
      // An async function rejects its promise with the error.
      // eslint-disable-next-line @typescript-eslint/require-await
      owner[name] = sync ? call : async (...args) => call(...args);
      if (path === undefined) this.#restore.push(() => void (owner[name] = original));
    }
  }

  #strike(name: string, path: string): void {
    this.count++;
    this.names.push(`${name} ${path}`);
    const hit = this.#at > 0 && (this.#lasting ? this.count >= this.#at : this.count === this.#at);
    if (!hit) return;
    if (this.#fault === 'kill') process.kill(process.pid, 'SIGKILL');
    const code = this.#fault;
    throw Object.assign(new Error(`${code}: injected, ${name} '${path}'`), {code, syscall: name, path});
  }
}

function isWriting(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0;
  return typeof flags === 'string' && flags !== 'r';
}

function pathOf([first]: readonly unknown[], path?: string): string {
  return path ?? (typeof first === 'string' ? first : '');
}
