import {spawnSync} from 'node:child_process';
import {chmodSync, existsSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';

function bench(words: readonly string[], python?: string, cwd = projectRoot) {
  const {CAPTIONER_CWD, INIT_CWD, ...env} = process.env;
  void [CAPTIONER_CWD, INIT_CWD];
  if (python !== undefined) env['CAPTIONER_BENCH_PYTHON'] = python;
  return spawnSync(process.execPath, [join(projectRoot, 'tools', 'bench.mjs'), ...words], {
    env,
    cwd,
    encoding: 'utf8',
  });
}

/** Stands in for a Python with PyTorch: whatever it is asked to run, it does a block of work in no time. */
function standIn(answer: string): string {
  const program = join(temporaryFolder(), 'python');
  const script = `#!${process.execPath}
if (process.argv[2] === '-c') process.exit(0);
console.log('{"ready": true}');
process.stdin.on('data', () => ${answer});
process.stdin.on('end', () => process.exit(0));
`;
  writeFileSync(program, script);
  chmodSync(program, 0o755);
  return program;
}

describe('npm run bench', () => {
  it('has a program of ours for every one of PyTorch', () => {
    const folder = join(projectRoot, 'tools', 'bench');
    const theirs = readdirSync(folder).filter((file) => file.endsWith('.py'));
    expect(theirs).to.include('train-lstm.py');
    for (const file of theirs)
      expect(existsSync(join(folder, file.replace(/\.py$/, '.mjs'))), file).to.equal(true);
  });

  it('measures both sides in turns and writes the result as JSON', () => {
    const python = standIn(`console.log('{"seconds": 100, "amount": 1}')`);
    const cwd = temporaryFolder();
    const {status, stdout, stderr} = bench(
      ['train-lstm', '--rounds', '5', '--json', 'result.json'],
      python,
      cwd,
    );
    expect(status, stderr).to.equal(0);
    expect(stdout).to.match(/^train-lstm /m);
    const results = JSON.parse(readFileSync(join(cwd, 'result.json'), 'utf8')) as Record<string, unknown>[];
    expect(results).to.have.length(1);
    expect(results[0]).to.have.all.keys('name', 'ours', 'theirs', 'ratio');
    expect(results[0]).to.include({name: 'train-lstm', theirs: 100});
    expect(results[0]!['ratio']).to.be.closeTo(100 / (results[0]!['ours'] as number), 0.01);
  });

  it('says which benchmarks and options there are', () => {
    for (const [words, message] of [
      [['train-gru'], /^Unknown benchmark "train-gru"; known: .*train-lstm/],
      [['--fast'], /^Unknown option --fast; known: --json FILE, --rounds N/],
      [['--rounds', '2'], /^Expected `--rounds` to be an integer from 5 up, got 2/],
      [['--json'], /^Expected a value after --json/],
    ] as const) {
      const {status, stderr} = bench(words);
      expect(status).to.equal(2);
      expect(stderr).to.match(message);
    }
  });

  it('says so when there is no PyTorch, or when a side fails', () => {
    const none = bench(['train-lstm'], join(temporaryFolder(), 'python'));
    expect(none.status).to.equal(1);
    expect(none.stderr).to.match(/^Expected CAPTIONER_BENCH_PYTHON to be a Python with PyTorch/);
    const failing = bench(['train-lstm'], standIn('{ console.error("out of luck"); process.exit(3); }'));
    expect(failing.status).to.equal(1);
    expect(failing.stderr).to.match(/train-lstm\.py: it ended with exit code 3\nout of luck/);
    const wrong = bench(['train-lstm'], standIn(`console.log('{"seconds": 0}')`));
    expect(wrong.stderr).to.match(/expected seconds and amount above 0/);
  });
});
