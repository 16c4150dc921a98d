/**
 * Runs and stops cells, in place of tslab's own code. Cells run one after another. After an error or a stop, cells already
 * queued are skipped; cells sent later run. A stop calls the listeners of SIGINT, waits until the library's work has ended and
 * been saved, and ends the cell with one line.
 */
'use strict';

const {MessageChannel} = require('node:worker_threads');

/** The error of a stopped cell whose code did not end by itself; only its message is shown. */
class Stopped extends Error {
  code = 'stopped';
}

const brokenOff =
  'Stopped in the middle of code that made no pause. Restart the kernel if results look odd afterwards.';

class Cells {
  #stops;
  #lastErrorTime = 0n;
  #turn = Promise.resolve();
  /** The cell that is running, or ran last; a stop also ends work that it left running. */
  #current;
  /** Work of the library that saves its progress when it is stopped. */
  #working = new Set();
  #start = new MessageChannel();

  /** @param stops Shared memory: the times of the last stop, and of the last stop that broke off code. */
  constructor(stops) {
    this.#stops = stops;
    // Breaking code off unwinds its whole call stack. Cells therefore start from a message event, with no function of the kernel below them.
    this.#start.port2.on('message', () => {
      if (!this.stopped()) this.#current.begin?.();
    });
    this.#start.port2.unref();
  }

  /** Whether the running cell was stopped. */
  stopped() {
    return this.#current !== undefined && Atomics.load(this.#stops, 0) > this.#current.arrival;
  }

  /** Registers work that a stopped cell waits for. */
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
   * Stops the current cell; called when the main thread reads the request.
   *
   * @param arrival Time of the request. A cell that arrived later is not stopped.
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
    // A second stop does not wait.
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
