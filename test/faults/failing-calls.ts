/**
 * A shim around Node's file functions: counts the calls that change files, or those that read them, and makes the n-th one fail or the
 * process die there. Loaded before the library, which looks the functions up at each call.
 */
import fs from 'node:fs';

type Call = (...args: unknown[]) => unknown;
type Functions = Record<string, Call>;

/** The fault at the call: an error with this code, or the death of the process. */
export type Fault = 'EIO' | 'ENOSPC' | 'EACCES' | 'EROFS' | 'EMFILE' | 'EFBIG' | 'kill';

/** Which calls are counted and fail. */
export type Kind = 'write' | 'read';

const changes = ['rename', 'mkdir', 'rm', 'rmdir', 'unlink', 'link', 'writeFile', 'appendFile', 'truncate'];
const handleChanges = ['write', 'writeFile', 'sync', 'truncate'];
const reads = ['readFile', 'readdir', 'stat', 'lstat'];
const handleReads = ['read', 'readFile', 'stat'];
/** They take the number of an open file. */
const descriptorReads = ['readSync', 'fstatSync'];

/** The calls so far, and where a fault strikes. */
export class FailingCalls {
  count = 0;
  /** Names of the calls so far. */
  readonly names: string[] = [];
  #at = 0;
  #lasting = false;
  #fault: Fault = 'EIO';
  #kind: Kind = 'write';
  readonly #opened = new Map<number, string>();
  readonly #restore: (() => void)[] = [];

  /** @param within Folder whose files are the user's: only there calls that read fail, not where Node reads its modules. */
  constructor(private readonly within = '') {
    const [promises, sync] = [fs.promises, fs] as unknown as [Functions, Functions];
    const synchronous = (names: readonly string[]): string[] => names.map((name) => `${name}Sync`);
    this.#wrap(promises, changes, 'write');
    this.#wrap(sync, synchronous(changes), 'write');
    this.#wrap(promises, reads, 'read');
    this.#wrap(sync, [...synchronous(reads), ...descriptorReads], 'read');
    const {open} = fs.promises;
    fs.promises.open = async (...args: Parameters<typeof open>) => {
      const [path, flags] = args;
      const kind = isWriting(flags) ? 'write' : 'read';
      this.#strike('open', String(path), kind);
      const handle = await open(...args);
      const names = kind === 'write' ? handleChanges : handleReads;
      this.#wrap(handle as unknown as Functions, names, kind, String(path));
      return handle;
    };
    const {openSync} = fs;
    fs.openSync = (...args: Parameters<typeof openSync>) => {
      const [path, flags] = args;
      this.#strike('openSync', String(path), isWriting(flags) ? 'write' : 'read');
      const descriptor = openSync(...args);
      this.#opened.set(descriptor, String(path));
      return descriptor;
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
  arm(at: number, fault: Fault = 'EIO', lasting = false, kind: Kind = 'write'): void {
    [this.count, this.#at, this.#fault, this.#lasting, this.#kind] = [0, at, fault, lasting, kind];
    this.names.length = 0;
  }

  /** Puts the functions back. */
  restore(): void {
    for (const undo of this.#restore) undo();
  }

  #wrap(owner: Functions, names: readonly string[], kind: Kind, path?: string): void {
    for (const name of names) {
      const original = owner[name]!;
      const sync = owner === (fs as unknown as Functions);
      const call: Call = (...args) => {
        this.#strike(name, path ?? this.#pathOf(args), kind);
        return original.apply(owner, args);
      };
      // An async function rejects its promise with the error.
      // eslint-disable-next-line @typescript-eslint/require-await
      owner[name] = sync ? call : async (...args) => call(...args);
      if (path === undefined) this.#restore.push(() => void (owner[name] = original));
    }
  }

  #strike(name: string, path: string, kind: Kind): void {
    if (kind !== this.#kind || (kind === 'read' && !path.startsWith(this.within))) return;
    this.count++;
    this.names.push(`${name} ${path}`);
    const hit = this.#at > 0 && (this.#lasting ? this.count >= this.#at : this.count === this.#at);
    if (!hit) return;
    if (this.#fault === 'kill') process.kill(process.pid, 'SIGKILL');
    const code = this.#fault;
    throw Object.assign(new Error(`${code}: injected, ${name} '${path}'`), {code, syscall: name, path});
  }

  #pathOf([first]: readonly unknown[]): string {
    if (typeof first === 'number') return this.#opened.get(first) ?? '';
    return typeof first === 'string' ? first : '';
  }
}

function isWriting(flags: unknown): boolean {
  if (typeof flags === 'number') return (flags & (fs.constants.O_WRONLY | fs.constants.O_RDWR)) !== 0;
  return typeof flags === 'string' && flags !== 'r';
}
