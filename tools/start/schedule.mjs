/** Runs tasks that depend on each other, a few at a time. */

/**
 * Runs each task once those are done that it comes after. Of the tasks that can start, the one with the longest way to the end comes
 * first, so that the last ones don't wait for each other. After an error nothing starts any more, but what runs may end.
 *
 * @template {{number: string, after: string[], seconds: number}} T
 * @param {readonly T[]} tasks
 * @param {number} lanes How many run at a time.
 * @param {(task: T) => Promise<void>} run
 * @throws The first error of a task, once no task runs.
 */
export async function runTasks(tasks, lanes, run) {
  const waiting = new Set(tasks);
  const done = new Set();
  const running = new Map();
  let failed = false;
  let problem;
  for (;;) {
    while (!failed && running.size < lanes) {
      const next = [...waiting]
        .filter(({after}) => after.every((number) => done.has(number)))
        .sort((a, b) => wayToEnd(b, tasks) - wayToEnd(a, tasks))[0];
      if (next === undefined) break;
      waiting.delete(next);
      const ended = run(next).then(
        () => done.add(next.number),
        (error) => {
          if (!failed) problem = error;
          failed = true;
        },
      );
      running.set(
        next,
        ended.finally(() => running.delete(next)),
      );
    }
    if (running.size === 0) break;
    await Promise.race(running.values());
  }
  if (failed) throw problem;
  if (waiting.size > 0)
    throw new Error(`Wait for each other: ${[...waiting].map(({number}) => number).join(', ')}`);
}

/** Seconds of a task and of the longest chain of tasks that come after it. */
function wayToEnd({number, seconds}, tasks) {
  const next = tasks.filter(({after}) => after.includes(number));
  return seconds + Math.max(0, ...next.map((task) => wayToEnd(task, tasks)));
}
