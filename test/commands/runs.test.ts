import {spawn} from 'node:child_process';
import {existsSync, mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {type RunSummary, Trainer} from 'captioner';
import {projectRoot, python, temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyOptions} from '../training/toy';

const command = join(projectRoot, 'lib', 'bin', 'captioner.js');

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

describe('captioner runs', () => {
  const home = temporaryFolder();
  const checkpoints = join(home, 'checkpoints');
  const env: NodeJS.ProcessEnv = {...process.env, CAPTIONER_HOME: home, INIT_CWD: home};
  delete env['CAPTIONER_CWD'];

  function run(program: string, args: readonly string[]): Promise<Ended> {
    return new Promise((done) => {
      const child = spawn(program, args, {env, cwd: home, stdio: ['ignore', 'pipe', 'pipe']});
      const text = {stdout: '', stderr: ''};
      for (const stream of ['stdout', 'stderr'] as const)
        child[stream].setEncoding('utf8').on('data', (chunk: string) => (text[stream] += chunk));
      child.on('close', (code) => done({code, ...text}));
    });
  }
  const captioner = (...args: string[]): Promise<Ended> => run(process.execPath, [command, ...args]);

  /** Answers a question in a terminal. */
  function answered(answer: string, ...args: string[]): Promise<Ended> {
    const script = `
import os, pty, sys
pid, fd = pty.fork()
if pid == 0:
    os.execv(sys.argv[2], sys.argv[2:])
text = b''
asked = False
while True:
    try:
        part = os.read(fd, 1024)
    except OSError:
        break
    if not part:
        break
    text += part
    if not asked and b'[y/N]' in text:
        asked = True
        os.write(fd, sys.argv[1].encode())
sys.stdout.write(text.decode())
sys.exit(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))`;
    return run(python(), ['-c', script, answer, process.execPath, command, ...args]);
  }

  before(async () => {
    const toy = await makeToy(home);
    for (const name of ['first', 'second', 'third', 'fourth']) {
      const decoder = toyDecoder(toy, {units: name === 'first' ? 16 : 20});
      const options = {...toyOptions, epochs: 2};
      const trainer = await Trainer.create({...toy, decoder, run: join(checkpoints, name), options});
      await trainer.train(name === 'second' ? {epochs: 1} : {});
      trainer.close();
      decoder.dispose();
    }
  });

  it('prints a table of the runs, with the settings that differ', async () => {
    const {code, stdout, stderr} = await captioner('runs');
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(/^Runs\nrun +state +units +epochs +CIDEr-D +95 % interval/);
    expect(stdout)
      .to.match(/^first +complete +16 +2 of 2 /m)
      .and.match(/^second +stopped +20 +1 of 2 /m);
    expect((await captioner('runs', '--metric', 'BLEU-4')).stdout).to.match(/^run .*epochs +BLEU-4/m);
    expect((await captioner('runs', 'nowhere')).stderr).to.equal(
      'captioner: nowhere: expected a folder with runs, found nothing\n',
    );
  });

  it('prints JSON', async () => {
    const {stdout} = await captioner('runs', 'checkpoints', '--json');
    const runs = JSON.parse(stdout) as RunSummary[];
    expect(runs.map(({name}) => name).sort()).to.deep.equal(['first', 'fourth', 'second', 'third']);
    for (const one of runs) expect(one.history.length).to.equal(one.epochs);
  });

  it('removes runs only when it is told so twice', async () => {
    const unsure = await captioner('runs', 'remove', 'first');
    expect([unsure.code, unsure.stdout]).to.deep.equal([2, '']);
    expect(unsure.stderr).to.match(
      /^captioner: .*first: complete, 2 epochs, 14 steps, .*, best CIDEr-D \d\.\d{3}\n/,
    );
    expect(unsure.stderr).to.match(
      /captioner: Expected --yes, since there is no terminal to ask in; nothing was removed\n$/,
    );
    writeFileSync(join(checkpoints, 'second', 'notes.txt'), 'mine');
    const {code, stdout} = await captioner('runs', 'remove', 'first', join('checkpoints', 'second'), '--yes');
    expect([code, stdout]).to.deep.equal([
      0,
      `Removed ${join('checkpoints', 'first')}\nRemoved ${join('checkpoints', 'second')}; kept what is not of a run: notes.txt\n`,
    ]);
    expect(existsSync(join(checkpoints, 'first'))).to.equal(false);
    expect(existsSync(join(checkpoints, 'second', 'notes.txt'))).to.equal(true);
  });

  it('asks in a terminal', async () => {
    for (const answer of ['\n', 'n\n', '\u0004', '\u0003']) {
      const {code, stdout} = await answered(answer, 'runs', 'remove', 'third');
      expect(stdout).to.include("Remove this run? It can't be undone. [y/N]");
      expect([code, existsSync(join(checkpoints, 'third'))], JSON.stringify([answer, stdout])).to.deep.equal([
        130,
        true,
      ]);
    }
    const {code, stdout} = await answered('y\n', 'runs', 'remove', 'third');
    expect([code, existsSync(join(checkpoints, 'third'))], stdout).to.deep.equal([0, false]);
  });

  it('removes nothing where one of the names is wrong', async () => {
    mkdirSync(join(checkpoints, 'shipped'));
    writeFileSync(join(checkpoints, 'shipped', 'manifest.json'), '{}');
    for (const [name, message] of [
      ['nothing', /nothing: expected a run, found nothing/],
      ['shipped', /shipped: expected a run, found a checkpoint/],
    ] as const) {
      const {code, stdout, stderr} = await captioner('runs', 'remove', 'fourth', name, '--yes');
      expect([code, stdout]).to.deep.equal([1, '']);
      expect(stderr).to.match(message);
    }
    expect(existsSync(join(checkpoints, 'fourth'))).to.equal(true);
  });

  it('says that there are no runs', async () => {
    mkdirSync(join(home, 'empty'));
    const {code, stdout, stderr} = await captioner('runs', 'empty');
    expect([code, stdout, stderr]).to.deep.equal([0, '', 'captioner: there are no runs yet\n']);
  });
});
