import {expect} from 'chai';
import {spawn, type ChildProcess} from 'node:child_process';
import {existsSync, mkdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {readEvents, Trainer, watchRun} from 'captioner';
import {metricsName} from 'captioner/dist/checkpoints/run-layout';
import {makeToy, toyDecoder, toyOptions, type Toy} from '../training/toy';
import {projectRoot, refusal, temporaryFolder} from '../support';
import {htmlOf, inKernel, textOf, written, type Sent} from './kernel';

/** Follows real runs, of this process and of others. */
describe('watchRun', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const children: ChildProcess[] = [];
  let toy: Toy;

  before(async () => {
    toy = await makeToy(folder);
  });
  after(() => {
    for (const child of children) child.kill('SIGKILL');
  });

  /** Starts a process that trains, and waits for its first epoch. */
  async function start(run: string, options: object): Promise<ChildProcess> {
    const script = join(__dirname, '..', 'training', 'child.js');
    const child = spawn(process.execPath, [script, folder, run, JSON.stringify(options)], {stdio: 'ignore'});
    children.push(child);
    const begun = (): boolean => readEvents(join(run, metricsName)).some(({type}) => type === 'epoch');
    while (!begun()) await new Promise((resolve) => setTimeout(resolve, 50));
    return child;
  }

  /** The newest message of each part: state, curves, epochs. */
  function parts(sent: readonly Sent[]): Sent[] {
    return [...new Map(sent.map((message) => [message.transient.display_id, message])).values()];
  }

  const options = {validationImages: 3, panelImages: 2};

  it('follows another process from the beginning to the end, with the images of the panel', async () => {
    const run = join(folder, 'whole');
    await start(run, {...options, epochs: 12});
    const sent = await inKernel(() => watchRun(run));
    const [state, curves, epochs] = parts(sent);
    expect(textOf(state)).to.match(/^All 12 epochs are done, loss [\d.]+, best epoch \d+, [\d.]+ s in all/);
    expect(curves!.data).to.include.keys('application/vnd.plotly.v1+json');
    expect(textOf(epochs)).to.match(/Captions after epoch 12:\n {2}\w+-on-\w+\.png: /);
    expect(htmlOf(epochs).match(/<img src="data:image\/jpeg/g)).to.have.length(2);
    expect(htmlOf(epochs)).to.include('there is a small');
    expect(sent.length).to.be.above(3);
    // Memory of the other process, where the system tells.
    if (existsSync('/proc/self/statm') && sent.length > 6)
      expect(sent.map((message) => textOf(message)).join('\n')).to.match(/\d MB/);
  });

  it('ends when the process is killed, says so, and follows the run again when it is resumed', async () => {
    const run = join(folder, 'killed');
    const child = await start(run, {...options, epochs: 1000, saveEvery: 2});
    setTimeout(() => child.kill('SIGKILL'), 700);
    const sent = await inKernel(() => watchRun(run));
    expect(textOf(parts(sent)[0])).to.match(
      /^The process that trained this run is gone; resume the run to continue at step/,
    );

    const trainer = await Trainer.resume(run, toy);
    const stop = new AbortController();
    const watching = inKernel(() => watchRun(run));
    setTimeout(() => stop.abort(), 1500);
    expect((await refusal(trainer.train({signal: stop.signal}))).code).to.equal('stopped');
    const [state] = parts(await watching);
    expect(textOf(state)).to.match(
      new RegExp(`^Stopped at step ${trainer.position.step.toLocaleString('en-GB')} of`),
    );
    trainer.close();
    trainer.decoder.dispose();
  });

  it('ends with the cell, and leaves the training alone', async () => {
    const run = join(folder, 'watched');
    const child = await start(run, {...options, epochs: 1000});
    const stop = new AbortController();
    setTimeout(() => stop.abort(), 800);
    await inKernel(async () => {
      const error = await refusal(watchRun(run, {signal: stop.signal}));
      expect(error.message).to.match(/^Stopped watching at step \d+ of \d+; the training goes on/);
    });
    const last = (): number => readEvents(join(run, metricsName)).at(-1)!.step;
    const before = last();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(child.exitCode).to.equal(null);
    expect(last()).to.be.above(before);
    child.kill('SIGKILL');
  });

  it('ends after the epoch that it was told', async () => {
    const run = join(folder, 'until');
    const child = await start(run, {...options, epochs: 1000});
    const sent = await inKernel(() => watchRun(run, {until: 2}));
    expect(textOf(parts(sent)[2])).to.match(/Captions after epoch [2-9]\d?:/);
    child.kill('SIGKILL');
  });

  it('shows a finished run at once, in a terminal too', async () => {
    const run = join(folder, 'finished');
    const trainer = await Trainer.create({
      ...toy,
      decoder: toyDecoder(toy),
      run,
      options: {...toyOptions, epochs: 1},
    });
    await trainer.train();
    trainer.close();
    const {stdout, stderr} = await written(() => watchRun(run));
    expect(stdout).to.match(/^epoch 1 of 1 \* · loss [\d.]+ · validation loss/);
    expect(stderr).to.match(/^The epoch is done, loss/);
  });

  it('refuses a folder without a run', async () => {
    const empty = join(folder, 'empty');
    mkdirSync(empty);
    const {code, message} = await refusal(watchRun(empty));
    expect([code, message]).to.deep.equal([
      'not-found',
      `${empty}: expected a run with a file metrics.jsonl, found none`,
    ]);
  });

  it('needs neither TensorFlow nor metrics', async () => {
    const script = `require(${JSON.stringify(join(projectRoot, 'lib', 'dist', 'commands', 'watch.js'))});
      console.log(JSON.stringify(Object.keys(require.cache)))`;
    const child = spawn(process.execPath, ['-e', script], {stdio: ['ignore', 'pipe', 'inherit']});
    let out = '';
    child.stdout.on('data', (data: Buffer) => (out += data.toString()));
    await new Promise((resolve) => child.once('close', resolve));
    const slow = /tfjs|[/\\](tensorflow|metrics)[/\\]/;
    expect((JSON.parse(out) as string[]).filter((file) => slow.test(file))).to.deep.equal([]);
  });

  it('reads what stands in the file line by line', () => {
    const lines = readFileSync(join(folder, 'finished', metricsName), 'utf8')
      .trimEnd()
      .split('\n');
    for (const line of lines) expect(JSON.parse(line)).to.include.keys('type', 'time', 'step');
  });
});
