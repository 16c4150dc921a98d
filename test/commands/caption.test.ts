/** Captioning folders and lists from the command line, while it runs and when it ends early. */
import {spawn} from 'node:child_process';
import {cpSync, mkdirSync, readFileSync, symlinkSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {drawScenes} from 'captioner';
import {expect} from 'chai';
import {saveToyCheckpoint} from '../checkpoints/toy';
import {projectRoot, temporaryFolder} from '../support';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const command = join(projectRoot, 'lib', 'bin', 'captioner.js');

describe('captioner caption', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const names = ['a.jpg', 'b, "two".JPG', 'sub/deeper/d.jpeg', 'sub/c.jpg'];

  /** @param onLine Is given each line of stdout when it comes. */
  function caption(
    args: readonly string[],
    {list, onLine}: {list?: string; onLine?: (line: string, stop: () => void) => void} = {},
  ): Promise<Ended> {
    return new Promise((done) => {
      const search = args.includes('--sample') ? [] : ['--beams', '2'];
      const all = [command, 'caption', '--checkpoint', 'checkpoint', ...search, ...args];
      const env = {...process.env, INIT_CWD: folder};
      const child = spawn(process.execPath, all, {cwd: folder, env});
      const text = {stdout: '', stderr: ''};
      for (const stream of ['stdout', 'stderr'] as const)
        child[stream].setEncoding('utf8').on('data', (chunk: string) => {
          text[stream] += chunk;
          if (stream === 'stdout')
            chunk.split('\n').forEach((line) => onLine?.(line, () => child.kill('SIGINT')));
        });
      child.stdin.end(list);
      const greeting = /^(WARNING: All log messages before absl|I0000 ).*\n/gm;
      child.on('close', (code) =>
        done({code, stdout: text.stdout, stderr: text.stderr.replace(greeting, '')}),
      );
    });
  }

  const parts = (stdout: string): string[][] =>
    stdout
      .trimEnd()
      .split('\n')
      .map((line) => line.split(/: (?=[^:]*$)/));

  before(async () => {
    await drawScenes(join(folder, 'drawn'), {train: 0, validation: 0, test: 40});
    await saveToyCheckpoint(join(folder, 'checkpoint'), join(folder, 'drawn'));
    mkdirSync(join(folder, 'mine', 'sub', 'deeper'), {recursive: true});
    mkdirSync(join(folder, 'mine', '.hidden'));
    for (const [at, name] of [...names, '.hidden/e.jpg', '._a.jpg'].entries())
      cpSync(join(folder, 'drawn', `test-000${at + 1}.jpg`), join(folder, 'mine', name));
    writeFileSync(join(folder, 'mine', 'notes.txt'), 'no image');
    writeFileSync(join(folder, 'mine', 'sub', 'scan.TIF'), 'no image');
    symlinkSync('..', join(folder, 'mine', 'sub', 'back'));
    mkdirSync(join(folder, 'empty'));
  });

  it('captions every image of a folder and of those in it, sorted, and says what it leaves out', async () => {
    const {code, stdout, stderr} = await caption(['mine']);
    expect(code, stderr).to.equal(0);
    const expected = ['a.jpg', 'b, "two".JPG', 'sub/c.jpg', 'sub/deeper/d.jpeg'];
    expect(parts(stdout).map(([name]) => name)).to.deep.equal(expected.map((name) => `mine/${name}`));
    expect(stderr).to.equal(
      'captioner: left out what is no JPEG, PNG, WebP or GIF by its name: 1 .txt, 1 .tif\n',
    );
    const one = await caption(['mine/a.jpg']);
    expect(one.stdout).to.equal(`${parts(stdout)[0]![1]!}\n`);
  });

  it('names a folder without images, and captions the rest', async () => {
    const {code, stdout, stderr} = await caption(['empty', 'mine/a.jpg', 'mine/sub/deeper']);
    expect(code).to.equal(1);
    expect(stderr).to.equal('captioner: empty: expected images (JPEG, PNG, WebP, GIF), found none\n');
    expect(parts(stdout).map(([name]) => name)).to.deep.equal(['mine/a.jpg', 'mine/sub/deeper/d.jpeg']);
  });

  it('takes a list on standard input, a name a line or ended by zero bytes', async () => {
    const list = ['mine/sub/c.jpg', 'mine/a.jpg'];
    const lines = await caption(['-'], {list: `\uFEFF${list.join('\r\n')}\r\n`});
    expect(lines.code, lines.stderr).to.equal(0);
    expect(parts(lines.stdout).map(([name]) => name)).to.deep.equal(list);
    const zeros = await caption(['-'], {list: `${list.join('\0')}\0`});
    expect(zeros.stdout).to.equal(lines.stdout);
    expect((await caption(['-', '-'])).code).to.equal(2);
    expect((await caption(['-'], {list: ''})).stdout).to.equal('');
  });

  it('prints a line of JSON or a row of CSV for each image', async () => {
    const {stdout} = await caption(['mine']);
    const said = parts(stdout).map(([image, text]) => ({image, caption: text}));
    const json = (await caption(['mine', '--json'])).stdout.trimEnd().split('\n');
    const written = json.map(
      (line) => JSON.parse(line) as {image: string; caption: string; hypotheses: object[]},
    );
    expect(written.map(({image, caption: text}) => ({image, caption: text}))).to.deep.equal(said);
    for (const {hypotheses} of written) expect(hypotheses).to.have.length(2);
    const csv = (await caption(['mine', '--csv'])).stdout.split('\n');
    expect(csv[0]).to.equal('image,caption');
    expect(csv[2]).to.equal(`"mine/b, ""two"".JPG",${said[1]!.caption}`);
    expect(csv).to.have.length(6);
    const both = await caption(['mine', '--csv', '--json']);
    expect([both.code, both.stderr]).to.deep.equal([2, 'captioner: Expected --json or --csv, got both\n']);
  });

  it('prints what it has while it runs, stops at Ctrl-C, and captions the rest with --skip', async () => {
    const whole = await caption(['drawn', '--csv']);
    let lines = 0;
    const stopped = await caption(['drawn', '--csv'], {onLine: (_, stop) => ++lines === 3 && stop()});
    expect(stopped.code).to.equal(130);
    const [, done] =
      /^captioner: Stopped after (\d+) of 40 images; what is printed is done; add --skip \1 to/m.exec(
        stopped.stderr,
      ) ?? expect.fail(stopped.stderr);
    expect(Number(done)).to.be.within(1, 39);
    expect(stopped.stdout.trimEnd().split('\n')).to.have.length(1 + Number(done));
    const rest = await caption(['drawn', '--csv', '--skip', done!]);
    expect(stopped.stdout + rest.stdout).to.equal(whole.stdout);
    const drawn = await caption(['drawn', '--sample', '2']);
    const later = await caption(['drawn', '--sample', '2', '--skip', '30']);
    expect(drawn.stdout.endsWith(later.stdout)).to.equal(true);
    expect(later.stdout.trimEnd().split('\n')).to.have.length(20);
  });

  it('names images that can not be read, and captions the others as if those were not there', async () => {
    const whole = readFileSync(join(folder, 'drawn', 'test-0001.jpg'));
    mkdirSync(join(folder, 'some'));
    writeFileSync(join(folder, 'some', 'half.jpg'), whole.subarray(0, whole.length / 2));
    symlinkSync('nowhere', join(folder, 'some', 'lost.jpg'));
    cpSync(join(folder, 'drawn', 'test-0001.jpg'), join(folder, 'some', 'whole.jpg'));
    const {code, stdout, stderr} = await caption(['some', 'missing.jpg']);
    expect(code).to.equal(1);
    expect(stdout).to.match(/^some\/whole.jpg: .*\n$/);
    const complaints = stderr.trimEnd().split('\n');
    expect(complaints).to.have.length(3);
    for (const [at, name] of ['some/half', 'some/lost', 'missing'].entries())
      expect(complaints[at]).to.match(new RegExp(`^captioner: .*${name}.jpg: (cannot be decoded|expected)`));
  });

  it('ends like other programs when nobody reads on, and says when the output is full', async () => {
    const run = (redirect: string): Promise<Ended> =>
      new Promise((done) => {
        const script = `"$0" "$1" caption drawn --checkpoint checkpoint ${redirect}; echo "${'$'}{PIPESTATUS[0]}" >&2`;
        const env = {...process.env, INIT_CWD: folder};
        const child = spawn('bash', ['-c', script, process.execPath, command], {cwd: folder, env});
        let [stdout, stderr] = ['', ''];
        child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
        child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
        child.on('close', (code) => done({code, stdout, stderr}));
      });
    const head = await run('| head -n 1');
    expect(head.stdout).to.match(/^drawn\/test-0001.jpg: .*\n$/);
    expect(head.stderr).not.to.match(/^ +at /m);
    // `head` may end after the last caption was written; this reader ends before the first.
    expect((await run('| true')).stderr)
      .to.match(/^141$/m)
      .and.not.match(/^ +at /m);
    const full = await run('> /dev/full');
    expect(full.stderr)
      .to.match(/^captioner: the output can't be written: ENOSPC/m)
      .and.match(/^1$/m)
      .and.not.match(/^ +at /m);
  });
});
