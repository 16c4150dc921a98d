/** Run as a separate process: scores 1,000 captions and prints the longest turns of the event loop, in milliseconds of processor time. */
import {Scorer, scoreCaptions} from 'captioner';
import {totals} from 'captioner/dist/metrics/scorer';
import {SeededRandom} from 'captioner/dist/random/random';

const words =
  `a the two young old brown white black red little large man woman boy girl dog dogs child children person people horse ball bike
  grass snow water beach street field park runs jumps plays sits stands rides is are in on with near through over behind while wearing shirt
  jacket hat and`.split(/\s+/);

/** Sentences of 8 to 16 words. */
function sentences(count: number, seed: number): string[] {
  const random = new SeededRandom(seed);
  return Array.from({length: count}, () =>
    Array.from(
      {length: 8 + Math.floor(9 * random.next())},
      () => words[Math.floor(words.length * random.next())]!,
    ).join(' '),
  );
}

/**
 * The most processor time between two ticks of a timer during a call, in milliseconds. Unlike the time by the clock, it doesn't depend on
 * what else this machine does.
 */
async function longestTurn<T>(call: () => Promise<T>): Promise<{result: T; longest: number}> {
  const used = (): number => {
    const {user, system} = process.cpuUsage();
    return (user + system) / 1000;
  };
  let [last, longest] = [used(), 0];
  const tick = (): void => {
    const now = used();
    [last, longest] = [now, Math.max(longest, now - last)];
  };
  const timer = setInterval(tick, 1);
  try {
    const result = await call();
    await new Promise((resolve) => setTimeout(resolve, 5));
    tick();
    return {result, longest};
  } finally {
    clearInterval(timer);
  }
}

async function main(): Promise<void> {
  const images = Array.from({length: 1000}, (_, at) => ({captions: sentences(5, at)}));
  const references = images.map(({captions}) => captions);
  const captions = sentences(images.length, 12_345);
  const prepared = await longestTurn(() => Scorer.create(references, {progress: false}));
  const scorer = prepared.result;
  const scored = await longestTurn(() =>
    scoreCaptions(captions, images, {scorer, training: references.flat(), progress: false}),
  );
  const found = {
    preparing: prepared.longest,
    scoring: scored.longest,
    metrics: scored.result.metrics,
    atOnce: totals(scorer.score(captions)),
  };
  process.stdout.write(JSON.stringify(found));
}

void main();
