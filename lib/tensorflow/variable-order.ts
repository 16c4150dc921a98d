/** The order in which a program accesses TensorFlow's variables, which a graph keeps only if it is told to. */
import type {tf} from './tensorflow';

export class VariableOrder {
  /** Handles of variables by id. */
  readonly #handles = new Map<number, tf.Tensor>();
  /** By id of the handle, the names of nodes. */
  readonly #lastWrite = new Map<number, string>();
  readonly #readsSince = new Map<number, string[]>();

  add(id: number, handle: tf.Tensor): void {
    this.#handles.set(id, handle);
  }

  handle(id: number): tf.Tensor {
    return this.#handles.get(id)!;
  }

  /** Names of the nodes whose effect remains. */
  get effects(): string[] {
    return [...new Set(this.#lastWrite.values())];
  }

  /**
   * Records an access. What takes a variable and isn't known to read it counts as a write.
   *
   * @param ids Ids of the op's inputs.
   * @returns Names of nodes that must run before.
   */
  access(op: string, node: string, ids: readonly number[]): string[] {
    const after = new Set<string>();
    for (const id of ids.filter((one) => this.#handles.has(one))) {
      const write = this.#lastWrite.get(id);
      if (write !== undefined) after.add(write);
      const reads = this.#readsSince.get(id) ?? [];
      if (op === 'ReadVariableOp') this.#readsSince.set(id, [...reads, node]);
      else {
        for (const read of reads) after.add(read);
        this.#readsSince.delete(id);
        this.#lastWrite.set(id, node);
      }
    }
    return [...after];
  }
}
