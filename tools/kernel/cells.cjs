/**
 * How cells are run and stopped, in place of tslab's own way. Cells run one after another. After an error or a stop, cells already
 * queued are skipped; cells sent later run. A stop calls the listeners of SIGINT, waits until the library's work has ended and
 * been saved, and ends the cell with one line.
 */
'use strict';

const {MessageChannel} = require('node:worker_threads');

/** Ends a stopped cell whose code did not end by itself; only its message is shown. */
class Stopped extends Error {
  code = 'stopped';
}

const brokenOff =
  'Stopped in the middle of code that made no pause. Restart the kernel if results look odd from here on.';

class Cells {
  #stops;
  #lastErrorTime = 0n;
  #turn = Promise.resolve();
  /** The cell that is running, or ran last: what it left running is stopped with it. */
  #current;
  /** Work of the library that saves what it has when it is stopped. */
  #working = new Set();
  #start = new MessageChannel();

  /** @param stops Shared memory: when the last stop came, and when the other thread last broke code off. */
  constructor(stops) {
    this.#stops = stops;
    // Breaking code off unwinds its whole call stack. Cells therefore start from a message event, with no function of the kernel below them.
    this.#start.port2.on('message', () => {
      if (!this.stopped()) this.#current.begin?.();
    });
    this.#start.port2.unref();
  }

  /** Whether the cell that is running was stopped. */
  stopped() {
    return this.#current !== undefined && Atomics.load(this.#stops, 0) > this.#current.arrival;
  }

  /** A stopped cell waits for this. */
  working(work) {
    this.#working.add(work);
    work.catch(() => {}).finally(() => this.#working.delete(work));
  }

  /**
   * Runs a cell when it is its turn.
   *
   * @param work Throws `{count}` when the cell failed.
   * @returns The content of the reply.
   */
  run({arrival, stop_on_error: stopOnError = true}, work) {
    const reply = this.#turn.then(async () => {
      if (arrival < this.#lastErrorTime || arrival < Atomics.load(this.#stops, 0)) return {status: 'aborted'};
      this.#current = {arrival};
      try {
        const {count} = await work();
        return {status: 'ok', execution_count: count, payload: [], user_expressions: {}};
      } catch (failure) {
        if (failure?.count === undefined) console.error(failure);
        if (stopOnError && !this.stopped()) this.#lastErrorTime = process.hrtime.bigint();
        return {status: 'error', execution_count: failure?.count};
      }
    });
    this.#turn = reply.catch(() => {});
    return reply;
  }

  /** Starts the code of the cell whose turn it is. @returns A promise of its end, or of its being stopped. */
  start(code) {
    const cell = this.#current;
    const ended = new Promise((resolve, reject) => {
      cell.begin = () => {
        cell.begin = undefined;
        try {
          Promise.resolve(code()).then(resolve, reject);
        } catch (error) {
          reject(error);
        }
      };
      cell.end = reject;
    });
    this.#start.port1.postMessage('begin');
    return ended;
  }

  /**
   * The main thread's part of a stop: called when it gets to read the request.
   *
   * @param arrival When the request came. A cell that came later is not meant.
   */
  async stop(arrival) {
    const cell = this.#current;
    if (cell?.arrival > arrival) return;
    const again = cell?.stopping === true;
    if (cell) cell.stopping = true;
    process.emit('SIGINT', 'SIGINT', 2);
    if (!cell?.end) return;
    if (Atomics.load(this.#stops, 1) > cell.arrival) {
      this.#working.clear(); // some of it may never end
      return cell.end(new Stopped(brokenOff));
    }
    // Whoever stops again does not want to wait.
    if (!again) await Promise.allSettled([...this.#working]);
    // Lets the cell's own, more specific error arrive first.
    setImmediate(() => cell.end(new Stopped('Stopped.')));
  }

  /** Stops whatever runs, for good, and waits until the library's work is saved. */
  async close() {
    const arrival = process.hrtime.bigint();
    Atomics.store(this.#stops, 0, arrival);
    void this.stop(arrival);
    await Promise.allSettled([...this.#working]);
  }
}

module.exports = {Cells};
