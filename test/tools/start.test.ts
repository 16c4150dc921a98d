/** The order in which `npm start` executes the chapters, and how many at a time. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {setTimeout as pause} from 'node:timers/promises';
import {expect} from 'chai';
import {projectRoot} from '../support';

interface Task {
  readonly number: string;
  readonly after: readonly string[];
  readonly seconds: number;
}

interface StartModules {
  readonly runTasks: (
    tasks: readonly Task[],
    lanes: number,
    run: (task: Task) => Promise<void>,
  ) => Promise<void>;
  readonly chaptersIn: (folder: string, all?: boolean) => (Task & {readonly name: string})[];
  readonly lanesOf: (
    env: NodeJS.ProcessEnv,
    cores: number,
    bytes: number,
  ) => {lanes: number; environment: Record<string, string>};
}

async function load(): Promise<StartModules> {
  const files = ['chapters', 'schedule', 'machine'].map((name) =>
    join(projectRoot, 'tools', 'start', `${name}.mjs`),
  );
  const loaded = await Promise.all(
    files.map(async (file) => (await import(pathToFileURL(file).href)) as object),
  );
  return Object.assign({}, ...loaded) as StartModules;
}

/** Runs tasks, a millisecond for each of their seconds, and returns what happened. */
async function happened(tasks: readonly Task[], lanes: number, fails = ''): Promise<string[]> {
  const {runTasks} = await load();
  const events: string[] = [];
  let running = 0;
  const run = async ({number, seconds}: Task): Promise<void> => {
    running += 1;
    expect(running).to.be.at.most(lanes);
    events.push(`+${number}`);
    await pause(seconds);
    running -= 1;
    events.push(`-${number}`);
    if (fails.includes(number)) throw new Error(`${number} failed`);
  };
  await runTasks(tasks, lanes, run).catch((error: Error) => events.push(error.message));
  expect(running).to.equal(0);
  return events;
}

describe('The walk-through', () => {
  it('executes every chapter after those whose runs it loads', async () => {
    const {chaptersIn} = await load();
    const folder = join(projectRoot, 'notebooks');
    const chapters = chaptersIn(folder, true);
    expect(chapters.map(({number}) => number)).to.deep.equal(
      Array.from({length: 11}, (_, at) => String(at + 1).padStart(2, '0')),
    );
    expect(chaptersIn(folder).map(({number}) => number)).to.deep.equal([
      ...['01', '02', '03', '04', '05', '06', '08'],
    ]);
    const events = await happened(chapters, 2);
    expect(events.slice(0, 2)).to.deep.equal(['+01', '-01']);
    expect(events.filter((one) => one.startsWith('-'))).to.have.length(11);
    for (const {number, after} of chapters)
      for (const earlier of after)
        expect(events.indexOf(`-${earlier}`), number).to.be.below(events.indexOf(`+${number}`));
  });

  it('knows of each chapter that loads a run of another', async () => {
    const {chaptersIn} = await load();
    for (const {name, after} of chaptersIn(join(projectRoot, 'notebooks'), true)) {
      const text = readFileSync(join(projectRoot, 'notebooks', name), 'utf8');
      if (text.includes('newest run of chapter 5')) expect(after, name).to.include('05');
      if (text.includes('that of chapter 7')) expect(after, name).to.include('07');
    }
  });

  it('starts the longest way to the end first', async () => {
    const tasks = [
      {number: 'a', after: [], seconds: 20},
      {number: 'b', after: [], seconds: 60},
      {number: 'c', after: [], seconds: 10},
      {number: 'd', after: ['c'], seconds: 80},
    ];
    expect(await happened(tasks, 1)).to.deep.equal(['+c', '-c', '+d', '-d', '+b', '-b', '+a', '-a']);
    expect((await happened(tasks, 2)).slice(0, 2)).to.deep.equal(['+c', '+b']);
  });

  it('starts nothing after an error, and lets end what runs', async () => {
    const tasks = [
      {number: 'a', after: [], seconds: 10},
      {number: 'b', after: [], seconds: 60},
      {number: 'c', after: ['a'], seconds: 1},
      {number: 'd', after: [], seconds: 1},
    ];
    expect(await happened(tasks, 2, 'a')).to.deep.equal(['+b', '+a', '-a', '-b', 'a failed']);
    const circle = [
      {number: 'a', after: ['b'], seconds: 1},
      {number: 'b', after: ['a'], seconds: 1},
    ];
    expect(await happened(circle, 2)).to.deep.equal(['Wait for each other: a, b']);
  });

  it('gives two chapters half of the cores each, and one all of them', async () => {
    const {lanesOf} = await load();
    const of = (env: NodeJS.ProcessEnv, cores: number, gigabytes: number) => {
      const {lanes, environment} = lanesOf({CAPTIONER_DEVICE: 'cpu', ...env}, cores, gigabytes * 2 ** 30);
      return [lanes, environment['OMP_NUM_THREADS'], environment['TF_NUM_INTRAOP_THREADS']];
    };
    expect(of({}, 2, 16)).to.deep.equal([2, '1', '1']);
    expect(of({}, 8, 16)).to.deep.equal([2, '4', '4']);
    expect(of({}, 1, 16)).to.deep.equal([1, undefined, undefined]);
    expect(of({}, 8, 5)).to.deep.equal([1, undefined, undefined]);
    expect(of({CAPTIONER_DEVICE: 'gpu'}, 8, 64)).to.deep.equal([1, undefined, undefined]);
    // The user's own setting stays.
    expect(of({OMP_NUM_THREADS: '3'}, 4, 16)).to.deep.equal([2, undefined, '2']);
  });
});
