import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {drawScenes} from 'captioner';
import {expect} from 'chai';
import {draws, projectRoot, temporaryFolder} from '../support';
import {namespacesAllowed, trainAlone, trainTogether, type WorkerEnd} from './clusters';

const folder = temporaryFolder();
const output = {CAPTIONER_OUTPUT: join(folder, 'output'), CAPTIONER_CWD: folder, CAPTIONER_HEARTBEAT: '5'};
const scenes = [
  'train',
  '--data',
  'drawn',
  '--encoder',
  'efficientnet-lite0',
  '--size',
  '96',
  '--epochs',
  '2',
];
const small = {batch: 16, units: 32, embedding: 16, meteor: false, panelImages: 2, saveEvery: 3};

const settings = (options: object): string[] =>
  Object.entries({...small, ...options}).flatMap(([name, value]) => ['--set', `${name}=${value}`]);

function expectSameLosses(one: WorkerEnd, other: WorkerEnd): void {
  expect([...other.losses.keys()]).to.deep.equal([...one.losses.keys()]);
  for (const [step, loss] of one.losses)
    expect(Math.abs(other.losses.get(step)! - loss) / loss, `step ${step}`).to.be.below(1e-6);
}

/** Files of a run's newest checkpoint by name. */
function newestOf(run: string): Map<string, string> {
  const checkpoints = join(folder, run, 'checkpoints');
  const newest = join(checkpoints, readdirSync(checkpoints).sort().at(-1)!);
  return new Map(
    ['weights.safetensors', 'optimizer.safetensors'].map((name) => [
      name,
      readFileSync(join(newest, name)).toString('base64'),
    ]),
  );
}

describe('Training in a cluster', function () {
  this.timeout(300_000);
  const args = (run: string, accumulate = 2, options: object = {}): string[] => [
    ...[...scenes, '--run', run],
    ...settings({accumulate, ...options}),
  ];
  let alone: WorkerEnd;
  let together: WorkerEnd[];

  before(async function () {
    if (!namespacesAllowed()) {
      process.stdout.write(
        '    network namespaces are not allowed here, so nothing was trained in a cluster\n',
      );
      this.skip();
    }
    await drawScenes(join(folder, 'drawn'), {train: 40, validation: 6, test: 4});
    mkdirSync(output.CAPTIONER_OUTPUT);
    alone = await trainAlone(args('alone'), output);
    expect(alone.code, alone.stderr).to.equal(0);
    together = await trainTogether(2, args('together'), {env: output});
    for (const {code, stderr} of together) expect(code, stderr).to.equal(0);
  });

  it('gives the losses of one machine that accumulates the same batches, and the same weights on both workers', () => {
    const [chief, other] = together as [WorkerEnd, WorkerEnd];
    expect(alone.losses.size).to.be.above(10);
    expectSameLosses(alone, chief);
    expect([...other.losses]).to.deep.equal([...chief.losses]);
    expect(other.digest).to.equal(chief.digest);
    expect([alone.epochs, chief.epochs, other.epochs]).to.deep.equal([2, 2, 2]);
  });

  it('writes and prints on the chief only', () => {
    const [chief, other] = together as [WorkerEnd, WorkerEnd];
    expect([chief.saves, other.saves]).to.deep.equal([true, false]);
    expect(chief.stdout).to.match(/^epoch 2 of 2 .*CIDEr-D/m);
    expect(chief.stdout).to.match(/^Done\. Run saved in together$/m);
    expect([other.stdout, other.stderr]).to.deep.equal(['', '']);
    const events = readFileSync(join(folder, 'together', 'metrics.jsonl'), 'utf8');
    expect(events.match(/"type":"step"/g)).to.have.length(chief.losses.size);
    expect(readdirSync(folder).sort()).to.deep.equal(['alone', 'drawn', 'output', 'together']);
  });

  it('gives the losses of one machine on four workers, with attention and a moving average', async () => {
    const options = {emaDecay: 0.9, scheduledSampling: 0.5, units: 16};
    const command = (run: string): string[] => [
      ...args(run, 4, options),
      ...['--decoder', 'attention', '--epochs', '1'],
    ];
    const one = await trainAlone(command('one'), output);
    expect(one.code, one.stderr).to.equal(0);
    const four = await trainTogether(4, command('four'), {env: output});
    for (const {code, stderr, digest} of four) {
      expect(code, stderr).to.equal(0);
      expect(digest).to.equal(four[0]!.digest);
    }
    expectSameLosses(one, four[0]!);
  });

  it('sends gradients in bfloat16 with that precision: nearly the losses of one machine, the same weights on both', async () => {
    const command = (run: string): string[] => args(run, 2, {precision: 'bfloat16'});
    const one = await trainAlone(command('rounded'), output);
    const [chief, other] = (await trainTogether(2, command('halves'), {env: output})) as [
      WorkerEnd,
      WorkerEnd,
    ];
    for (const {code, stderr} of [one, chief, other]) expect(code, stderr).to.equal(0);
    expect([other.digest, [...other.losses]]).to.deep.equal([chief.digest, [...chief.losses]]);
    const apart = [...one.losses].map(([step, loss]) => Math.abs(chief.losses.get(step)! - loss) / loss);
    // The first step begins with the same weights, and its totals are summed in float32.
    expect(apart[0]).to.be.below(1e-6);
    expect(Math.max(...apart)).to.be.within(1e-6, 1e-2);
  });

  it('gives the first loss and reward of one machine with captions that are sampled', async () => {
    const options = {objective: 'self-critical', captionsPerImage: 2, samples: 2};
    const command = (run: string): string[] => [...args(run, 2, options), '--epochs', '1'];
    const one = await trainAlone(command('sampled'), output);
    expect(one.code, one.stderr).to.equal(0);
    const [chief, other] = (await trainTogether(2, command('shared'), {env: output})) as [
      WorkerEnd,
      WorkerEnd,
    ];
    expect([chief.code, other.code], chief.stderr + other.stderr).to.deep.equal([0, 0]);
    expect(other.digest).to.equal(chief.digest);
    // Later a caption that is sampled after a rounding may be another.
    expect(chief.losses.get(1)).to.be.closeTo(one.losses.get(1)!, 1e-6);
    const [first, shared] = ['sampled', 'shared'].map((run) => {
      const lines = readFileSync(join(folder, run, 'metrics.jsonl'), 'utf8').split('\n');
      const step = lines.find((line) => line.includes('"type":"step"'))!;
      return (JSON.parse(step) as {readonly reward: number}).reward;
    });
    expect(shared).to.be.closeTo(first!, 1e-6);
  });

  for (const [who, rank] of [
    ['the chief', 0],
    ['another worker', 1],
  ] as const)
    it(`ends with an error on the others when ${who} is killed, and resumes with the bytes of an undisturbed run`, async () => {
      const run = `killed-${rank}`;
      const ends = await trainTogether(2, args(run), {
        env: output,
        onStep: (at, step, pid) => {
          if (at === rank && step === 5) process.kill(pid, 'SIGKILL');
        },
      });
      expect(ends[rank]!.code).to.equal(137);
      const {code, stderr} = ends[1 - rank]!;
      expect(code).to.equal(75);
      expect(stderr).to.include(`lost contact with worker ${rank} (127.0.0.1:${23450 + rank})`);
      const resumed = await trainTogether(2, [...args(run), '--resume'], {env: output});
      for (const [at, end] of resumed.entries()) {
        expect([end.code, end.from], end.stderr).to.deep.equal([0, 3]);
        expect(end.digest).to.equal(together[at]!.digest);
      }
      expect(newestOf(run)).to.deep.equal(newestOf('together'));
    });

  const kills = Number(process.env['CLUSTER_KILLS'] ?? 0);
  it(`resumes with the bytes of an undisturbed run after ${kills || 20} kills at random moments${kills ? '' : ' (asked for by CLUSTER_KILLS=20)'}`, async function () {
    if (kills === 0) this.skip();
    this.timeout(kills * 60_000);
    const ranks = draws(kills, 1000, 1).map((draw) => draw % 2);
    const steps = draws(kills, 1000, 2).map((draw) => 1 + (draw % (together[0]!.losses.size - 1)));
    for (let at = 0; at < kills; at++) {
      const [rank, moment, run] = [ranks[at]!, steps[at]!, `random-${at}`];
      const ends = await trainTogether(2, args(run), {
        env: output,
        onStep: (who, step, pid) => {
          // Somewhere in the step that follows, or in what is between them.
          if (who !== rank || step !== moment) return;
          setTimeout(
            () => {
              try {
                process.kill(pid, 'SIGKILL');
              } catch {
                // It was done already.
              }
            },
            (at * 37) % 100,
          );
        },
      });
      const killed = `kill ${at}: worker ${rank} after step ${moment}`;
      expect(ends[1 - rank]!.code, `${killed}: ${ends[1 - rank]!.stderr}`).to.be.oneOf([75, 0]);
      const again = existsSync(join(folder, run, 'checkpoints')) ? ['--resume'] : [];
      const resumed = await trainTogether(2, [...args(run), ...again], {env: output});
      for (const [of, end] of resumed.entries()) {
        expect(end.code, `${killed}: ${end.stderr}`).to.equal(0);
        if (end.ended >= 0) expect(end.digest, killed).to.equal(together[of]!.digest);
      }
      expect(newestOf(run), killed).to.deep.equal(newestOf('together'));
    }
  });

  it('ends with an error when a worker freezes', async () => {
    let frozen = 0;
    const ends = await trainTogether(2, args('frozen'), {
      env: output,
      onStep: (rank, step, pid) => {
        if (rank !== 1 || step !== 4) return;
        frozen = pid;
        process.kill(pid, 'SIGSTOP');
      },
      // It would never end by itself.
      onEnd: (rank) => rank === 0 && frozen > 0 && process.kill(frozen, 'SIGKILL'),
    });
    expect(ends[0]!.code, ends[0]!.stderr).to.equal(75);
    expect(ends[0]!.stderr).to.match(/lost contact with /);
    expect(ends[1]!.code).to.equal(137);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const)
    it(`stops on all workers after the same step when one gets ${signal}, and resumes with the bytes of an undisturbed run`, async () => {
      const run = `stopped-${signal}`;
      const ends = await trainTogether(2, args(run), {
        env: output,
        onStep: (rank, step, pid) => {
          if (rank === 1 && step === 5) process.kill(pid, signal);
        },
      });
      const [chief, other] = ends as [WorkerEnd, WorkerEnd];
      expect([chief.code, other.code], `${chief.stderr}${other.stderr}`).to.deep.equal([130, 130]);
      expect(chief.ended).to.be.within(5, 10);
      expect([other.ended, other.digest]).to.deep.equal([chief.ended, chief.digest]);
      expect(chief.stderr).to.match(
        new RegExp(`Stopped at step ${chief.ended} of \\d+, saved; continue with`),
      );
      expect(other.stderr).to.equal('');
      const resumed = await trainTogether(2, [...args(run), '--resume'], {env: output});
      for (const end of resumed) expect([end.code, end.from], end.stderr).to.deep.equal([0, chief.ended]);
      expect(newestOf(run)).to.deep.equal(newestOf('together'));
    });

  it('gives up when a worker never starts', async () => {
    for (const missing of [0, 1]) {
      const env = {...output, CAPTIONER_JOIN: '2'};
      const [end] = await trainTogether(2, args('missing'), {env, missing: [missing]});
      expect(end!.code, end!.stderr).to.equal(75);
      expect(end!.stderr).to.match(/could not join the other 1 of 2 workers .* check that all of them run/);
    }
    expect(existsSync(join(folder, 'missing'))).to.equal(false);
  });

  it('refuses workers that differ, by name, before the first step', async () => {
    const usual = args('refused', 4);
    const own = [
      usual,
      args('refused', 8),
      [...usual, '--set', 'seed=5'],
      [...usual, '--minimum-count', '9'],
    ];
    const ends = await trainTogether(4, usual, {env: output, argsOf: (rank) => own[rank]});
    for (const {code, stderr, losses} of ends) {
      expect([code, losses.size], stderr).to.deep.equal([1, 0]);
      expect(stderr).to.match(
        /the workers differ from worker 0 \(127\.0\.0\.1:23450\), so no step was taken/,
      );
      expect(stderr).to.match(/worker 1 \([\d.:]+\): expected accumulated batches 4, got 8; worker 2/);
      expect(stderr).to.match(/worker 2 \([\d.:]+\): expected [^(]*trainer options [^(]*weights/);
      expect(stderr).to.match(/worker 3 \([\d.:]+\): expected training captions/);
    }
    const odd = await trainTogether(2, args('refused', 3), {env: output});
    for (const {code, stderr, losses} of odd) {
      expect([code, losses.size], stderr).to.deep.equal([2, 0]);
      expect(stderr).to.match(/`accumulate`: expected a multiple of the 2 workers.* --set accumulate=4/);
    }
  });

  it('starts by `captioner launch`, which forwards a signal once, and whose workers end when it does', async () => {
    const launched = (
      more: readonly string[],
      stop?: NodeJS.Signals,
    ): Promise<{code: number | null; text: string}> =>
      new Promise((done) => {
        const line = [join(projectRoot, 'lib', 'bin', 'captioner.js'), 'launch', '--workers', '2'];
        const child = spawn(
          'unshare',
          ['-rn', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', process.execPath, ...line, ...more],
          {env: {...process.env, ...output}, stdio: ['ignore', 'pipe', 'pipe']},
        );
        let text = '';
        let stopped = false;
        for (const stream of [child.stdout, child.stderr])
          stream.setEncoding('utf8').on('data', (chunk: string) => {
            text += chunk;
            if (!stop || stopped || !text.includes('epoch 1 of')) return;
            stopped = true;
            child.kill(stop);
          });
        // Its output closes when the last worker has ended.
        child.on('close', (code) => done({code, text}));
      });
    const first = await launched([...args('launched'), '--epochs', '50'], 'SIGINT');
    expect(first.code, first.text).to.equal(130);
    expect(first.text.match(/Stopped at step \d+ of \d+, saved; continue with --resume/g)).to.have.length(1);
    const killed = await launched([...args('orphaned'), '--epochs', '50'], 'SIGKILL');
    expect(killed.text).to.match(/Stopped at step \d+ of \d+, saved; continue with --resume/);
    const wrong = await launched(['train', '--data', 'nowhere', '--run', 'x']);
    expect([wrong.code, /nowhere/.test(wrong.text)], wrong.text).to.deep.equal([1, true]);
    const other = await launched(['caption', 'a.jpg']);
    expect([other.code, other.text]).to.deep.equal([
      2,
      'captioner: launch: expected the command train, got caption; only a training divides its work\n',
    ]);
  });
});
