import {spawn} from 'node:child_process';
import {existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {drawScenes, listRuns, showStudy, type RunSummary} from 'captioner';
import {expect} from 'chai';
import {inKernel} from '../show/kernel';
import {projectRoot, temporaryFolder} from '../support';
import {startPostgres, type Postgres} from './postgres';

const folder = temporaryFolder();
const command = join(projectRoot, 'lib', 'bin', 'captioner.js');
const environment = {
  CAPTIONER_OUTPUT: join(folder, 'output'),
  CAPTIONER_CWD: folder,
  CAPTIONER_HEARTBEAT: '6',
  // Several trainings share the cores.
  OMP_NUM_THREADS: '1',
  TF_NUM_INTRAOP_THREADS: '1',
};

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Running {
  readonly pid: number;
  readonly ended: Promise<Ended>;
  /** Waits for a line of its messages. */
  readonly says: (what: RegExp) => Promise<void>;
}

function captioner(...args: string[]): Running {
  const child = spawn(process.execPath, [command, ...args], {
    env: {...process.env, ...environment},
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const text = {stdout: '', stderr: ''};
  for (const stream of ['stdout', 'stderr'] as const)
    child[stream].setEncoding('utf8').on('data', (chunk: string) => (text[stream] += chunk));
  const ended = new Promise<Ended>((done) => child.on('close', (code) => done({code, ...text})));
  const says = async (what: RegExp): Promise<void> => {
    let over = false;
    void ended.then(() => (over = true));
    while (!what.test(text.stderr)) {
      if (over) throw new Error(`never said ${what}: ${text.stderr}`);
      await new Promise((later) => setTimeout(later, 50));
    }
  };
  return {pid: child.pid!, ended, says};
}

/** A process and all that it started, itself last. */
function family(pid: number): number[] {
  const children = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        return readFileSync(`/proc/${name}/stat`, 'utf8').split(') ')[1]!.split(' ')[1] === String(pid);
      } catch {
        return false; // it has ended
      }
    });
  return [...children.flatMap((child) => family(Number(child))), pid];
}

const common = ['train', '--data', 'drawn', '--encoder', 'efficientnet-lite0', '--size', '96'];
const small = [
  '--set',
  'meteor=false',
  '--set',
  'panelImages=0',
  '--set',
  'embedding=16',
  '--set',
  'batch=16',
];

describe('captioner sweep', function () {
  this.timeout(600_000);
  let postgres: Postgres | undefined;

  before(async function () {
    // The heartbeat of a killed worker is followed in /proc.
    if (process.platform !== 'linux') this.skip();
    await drawScenes(join(folder, 'drawn'), {train: 40, validation: 8, test: 2});
    postgres = startPostgres(join(folder, 'postgres'));
    if (!postgres)
      process.stdout.write('    PostgreSQL is not installed, so three workers shared a study in SQLite\n');
    writeFileSync(
      join(folder, 'rates.json'),
      JSON.stringify({learningRate: {low: 1e-6, high: 1e-2, log: true}, units: [16, 32, 64]}),
    );
  });
  after(() => postgres?.stop());

  const results = (study: string): RunSummary[] =>
    listRuns(join(folder, 'output', 'checkpoints', study)).filter(({trial}) => trial !== undefined);

  it('has 12 results of 12 trials that three workers share, one of whom is killed', async () => {
    const storage = postgres ? ['--storage', postgres.url] : [];
    const line = ['sweep', 'rates.json', '--trials', '12', '--startup', '3', '--metric', 'validation-loss'];
    const start = (): Running => captioner(...line, ...storage, ...common, ...small, '--epochs', '4');
    const workers = [start()];
    await workers[0]!.says(/trial-0000: epoch 1/); // the features are there
    workers.push(start(), start());
    const victim = workers[2]!;
    await victim.says(/trial-\d+: epoch 1/);
    for (const pid of family(victim.pid).reverse()) process.kill(pid, 'SIGKILL');
    const [first, second] = (await Promise.all(workers.map(({ended}) => ended))) as [Ended, Ended];
    for (const {code, stdout, stderr} of [first, second]) {
      expect(code, stderr).to.equal(0);
      expect(stdout).to.match(/^12 trials: \d+ complete, \d+ pruned$/m);
    }
    // One of them took over the trial of the killed worker, and went on with its run.
    expect(first.stderr + second.stderr).to.match(/trial-\d+, again: /);
    const runs = results('rates');
    expect(runs).to.have.length(12);
    const pruned = runs.filter(({state}) => state === 'pruned');
    const complete = runs.filter(({state}) => state === 'complete');
    expect(pruned.length + complete.length).to.equal(12);
    expect(pruned.length).to.be.above(0);
    for (const {epochs} of complete) expect(epochs).to.equal(4);
    for (const {epochs, trial} of pruned) {
      expect(epochs).to.be.below(4);
      expect(trial!.state).to.equal('pruned');
    }
    expect(first.stdout.match(/ pruned /g)).to.have.length(pruned.length);

    // The best is found again.
    const [, checkpoint] = /--checkpoint (.*)$/m.exec(first.stdout)!;
    const best = runs.find(({folder: run}) => join(folder, checkpoint!) === run)!;
    const losses = complete.map(({trial}) => trial!.value!);
    expect(best.trial!.value).to.equal(Math.min(...losses));
    expect(best.best!.validationLoss).to.equal(best.trial!.value);
    const image = join(
      'drawn',
      readdirSync(join(folder, 'drawn')).find((name) => name.endsWith('.jpg'))!,
    );
    const captioned = await captioner('caption', image, '--checkpoint', checkpoint!).ended;
    expect([captioned.code, /\S/.test(captioned.stdout)], captioned.stderr).to.deep.equal([0, true]);

    // The study is complete, so that another worker has nothing to do, and another space is refused.
    const more = await start().ended;
    expect([more.code, more.stderr], more.stderr).to.deep.equal([0, '']);
    writeFileSync(join(folder, 'others.json'), '{"units": [16]}');
    const others = ['sweep', 'others.json', '--study', 'rates', ...line.slice(2)];
    const refused = await captioner(...others, ...storage, ...common, ...small, '--epochs', '4').ended;
    expect(refused.code, refused.stdout).to.equal(1);
    expect(refused.stderr).to.match(
      /study rates: expected space .*"units".*; its workers need the same space/,
    );

    const shown = {
      run: join(folder, 'output', 'checkpoints', 'rates'),
      ...(postgres && {storage: postgres.url}),
    };
    const sent = await inKernel(() => showStudy('rates', shown));
    const figures = sent.filter(({data}) => 'application/vnd.plotly.v1+json' in data);
    expect(figures.map(({data}) => data['text/plain']).slice(-2)).to.deep.equal([
      `Which options decide: validation-loss. ${complete.length} of 12 trials are complete.`,
      `Trials: options and validation-loss. ${complete.length} of 12 trials are complete.`,
    ]);
  });

  it('stops with its training, saved, and goes on with the same trial', async () => {
    const line = ['sweep', 'rates.json', '--study', 'stopped', '--trials', '2', ...common, ...small];
    const stopped = captioner(...line, '--epochs', '8');
    await stopped.says(/trial-0000: epoch 1/);
    process.kill(stopped.pid, 'SIGINT');
    const {code, stderr} = await stopped.ended;
    expect(code, stderr).to.equal(130);
    expect(stderr).to.match(/Stopped the sweep; the same command continues it\n$/);
    const [before] = listRuns(join(folder, 'output', 'checkpoints', 'stopped'));
    expect(before!.state).to.equal('stopped');
    const resumed = await captioner(...line, '--epochs', '8').ended;
    expect(resumed.code, resumed.stderr).to.equal(0);
    expect(resumed.stderr).to.match(/trial-0000, again: learningRate=/);
    expect(resumed.stderr).not.to.match(/trial-0000, again: epoch 1,/);
    expect(resumed.stdout).to.match(/^2 trials: 2 complete, 0 pruned$/m);
    expect(results('stopped').map(({state}) => state)).to.deep.equal(['complete', 'complete']);
  });

  it('stops its training when it is killed itself', async () => {
    const line = ['sweep', 'rates.json', '--study', 'orphaned', '--trials', '1', ...common, ...small];
    const killed = captioner(...line, '--epochs', '40');
    await killed.says(/trial-0000: epoch 1/);
    const [, ...rest] = family(killed.pid).reverse();
    process.kill(killed.pid, 'SIGKILL');
    await killed.ended;
    const alive = (pid: number): boolean =>
      existsSync(`/proc/${pid}`) && !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    while (rest.some(alive)) await new Promise((later) => setTimeout(later, 100));
    const [run] = listRuns(join(folder, 'output', 'checkpoints', 'orphaned'));
    expect(run!.state).to.equal('stopped');
  });

  it('ends with the error of a training that another trial would have, too', async () => {
    const wrong = await captioner(
      'sweep',
      'rates.json',
      '--study',
      'wrong',
      '--trials',
      '3',
      'train',
      '--data',
      'nowhere',
    ).ended;
    expect(wrong.code, wrong.stdout).to.equal(1);
    expect(wrong.stderr).to.match(/captioner: trial-0000: .*nowhere/);
    for (const [args, message] of [
      [['evaluate'], /sweep: expected the command train, got evaluate/],
      [['--storage', 'journal:study.log', 'train'], /--storage: expected sqlite:.*no heartbeat/],
      [['--metric', 'bleu', 'train'], /--metric: expected factual, .*got bleu/],
      [['train', '--resume'], /sweep: expected train without --resume/],
      [['--storage', 'sqlite:////nowhere/study.db', 'train'], /study rates in sqlite:.*unable to open/],
    ] as const) {
      const refused = await captioner('sweep', 'rates.json', '--trials', '1', ...args).ended;
      expect([refused.code, refused.stdout], refused.stderr).to.deep.equal([2, '']);
      expect(refused.stderr).to.match(message);
    }
  });

  it('trains with events as lines of JSON, for machines', async () => {
    const line = [...common, ...small, '--run', 'told', '--epochs', '1', '--json-lines'];
    const {code, stdout, stderr} = await captioner(...line).ended;
    expect(code, stderr).to.equal(0);
    const lines = stdout.trim().split('\n');
    const events = readFileSync(join(folder, 'told', 'metrics.jsonl'), 'utf8')
      .trim()
      .split('\n');
    // The file has fewer events of a validation.
    const others = (all: readonly string[]): string[] =>
      all.filter((one) => !one.includes('"type":"validation"'));
    expect(others(lines.slice(0, -1))).to.deep.equal(others(events));
    expect(JSON.parse(lines.at(-1)!)).to.deep.equal({type: 'saved', run: 'told'});
    const wrong = await captioner('train', '--data', 'nowhere', '--run', 'x', '--json-lines').ended;
    expect(wrong.code).to.equal(1);
    const error = JSON.parse(wrong.stdout) as {
      readonly type: string;
      readonly code: string;
      readonly message: string;
    };
    expect([error.type, error.code]).to.deep.equal(['error', 'not-found']);
    expect(error.message).to.include('nowhere');
  });
});
