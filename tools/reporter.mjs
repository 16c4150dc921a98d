/**
 * Mocha reporter for `npm test`: prints mocha's `spec` report and also writes mocha's JSON results to a file. After many files it names
 * those that took longest, hooks included.
 */
import {relative} from 'node:path';
import Mocha from 'mocha';

const {Spec, JSON: Results} = Mocha.reporters;
const {EVENT_HOOK_END, EVENT_RUN_END, EVENT_TEST_END} = Mocha.Runner.constants;
const shown = 15;

export default class SpecAndResults extends Spec {
  constructor(runner, options) {
    super(runner, options);
    new Results(runner, {...options, reporterOption: {output: process.env.CAPTIONER_TEST_RESULTS}});
    if (!options.parallel) nameSlowest(runner);
  }
}

/** Counts the time between the ends of tests and hooks, one after the other, for the file of each. */
function nameSlowest(runner) {
  const seconds = new Map();
  let last = performance.now();
  const count = ({file, parent}) => {
    const now = performance.now();
    const name = file ?? parent?.file ?? 'hooks of all files';
    seconds.set(name, (seconds.get(name) ?? 0) + (now - last) / 1000);
    last = now;
  };
  runner.on(EVENT_HOOK_END, count).on(EVENT_TEST_END, count);
  runner.once(EVENT_RUN_END, () => {
    if (seconds.size <= shown) return;
    const slowest = [...seconds].sort(([, a], [, b]) => b - a).slice(0, shown);
    console.log('Files that took longest, in seconds:');
    for (const [name, time] of slowest)
      console.log(`  ${time.toFixed(0).padStart(4)}  ${relative('.build/test', name)}`);
  });
}
