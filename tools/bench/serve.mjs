/** Serves a benchmark's side in Node: one timed block of work for every line of input. */
import {createInterface} from 'node:readline';

/**
 * @param {string} unit `seconds a …` or `… a second`, as the report gives it.
 * @param {() => number | Promise<number>} work Does one block, of a few seconds at most, and returns its amount.
 */
export async function serve(unit, work) {
  console.log(JSON.stringify({ready: true, unit}));
  for await (const line of createInterface({input: process.stdin})) {
    if (line.trim() === '') continue;
    const start = performance.now();
    const amount = await work();
    console.log(JSON.stringify({seconds: (performance.now() - start) / 1000, amount}));
  }
}
