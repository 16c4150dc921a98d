import {spawn, spawnSync} from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {downloadNames} from 'captioner/dist/datasets/downloads/catalog';
import {decoderKinds, drawScenes, loadCheckpoint, metricNames} from 'captioner';
import {trainerSettings} from 'captioner/dist/training/options';
import {expect} from 'chai';
import {projectRoot, python, temporaryFolder} from './support';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

const command = join(projectRoot, 'lib', 'bin', 'captioner.js');

/** Everything relative lies here, as where a user gives the command. */
const folder = temporaryFolder();

function captioner(
  args: readonly string[],
  onOutput?: (text: string, stop: () => void) => void,
  more: Readonly<Record<string, string>> = {},
): Promise<Ended> {
  return new Promise((done) => {
    const env: NodeJS.ProcessEnv = {
      ...process.env,
      CAPTIONER_HOME: join(folder, 'home'),
      INIT_CWD: folder,
      ...more,
    };
    delete env['CAPTIONER_CWD'];
    const child = spawn(process.execPath, [command, ...args], {env, cwd: folder});
    const text = {stdout: '', stderr: ''};
    for (const stream of ['stdout', 'stderr'] as const)
      child[stream].setEncoding('utf8').on('data', (chunk: string) => {
        text[stream] += chunk;
        onOutput?.(chunk, () => child.kill('SIGINT'));
      });
    // The greeting of TensorFlow that a pipe of Node's, which is a socket, can't be spared.
    const greeting = /^(WARNING: All log messages before absl|I0000 ).*\n/gm;
    child.on('close', (code) => done({code, stdout: text.stdout, stderr: text.stderr.replace(greeting, '')}));
  });
}

/** Expects that wrong use is refused: an exit code, one line on stderr that says why, and nothing on stdout. */
async function refused(code: number, message: RegExp, ...args: string[]): Promise<void> {
  const ended = await captioner(args);
  expect(ended.stderr).to.match(message);
  expect(ended.stderr.trimEnd().split('\n').length, ended.stderr).to.equal(1);
  expect(ended.stderr).to.match(/^captioner: /);
  expect([ended.code, ended.stdout]).to.deep.equal([code, '']);
}

/** Wrong use that is noticed after the data set was introduced. */
async function otherwise(message: RegExp, ...args: string[]): Promise<void> {
  const ended = await captioner(args);
  expect([ended.code, ended.stdout], ended.stderr).to.deep.equal([2, '']);
  expect(ended.stderr.trimEnd().split('\n').at(-1)).to.match(message);
}

function jsonLines<T>(stdout: string): T[] {
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as T);
}

function expectSameFolders(one: string, other: string): void {
  expect(readdirSync(one).sort()).to.deep.equal(readdirSync(other).sort());
  for (const name of readdirSync(one))
    expect(readFileSync(join(one, name)).equals(readFileSync(join(other, name))), name).to.equal(true);
}

/** How many epochs a training told of. */
function epochLines(stdout: string): number {
  return stdout.split('\n').filter((line) => line.startsWith('epoch')).length;
}

/** Output that a user sees in a terminal. */
function inTerminal(args: readonly string[]): Promise<string> {
  return new Promise((done) => {
    const env = {...process.env, CAPTIONER_HOME: join(folder, 'home'), INIT_CWD: folder, COLUMNS: '140'};
    const spawnInTerminal = 'import pty, sys; pty.spawn(sys.argv[1:])';
    const child = spawn(python(), ['-c', spawnInTerminal, process.execPath, command, ...args], {
      env,
      cwd: folder,
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    child.on('close', () => done(text));
  });
}

const tiny = ['units=32', 'embedding=16', 'batch=16'].flatMap((option) => ['--set', option]);
const words = ['--minimum-count', '3'];
const shortly = ['train', '--data', 'drawn', '--run', 'run', '--epochs', '2', ...words, ...tiny];

describe('captioner', function () {
  this.timeout(120_000);

  before(async () => {
    mkdirSync(join(folder, 'home', 'data'), {recursive: true});
    symlinkSync(join(projectRoot, 'data', 'encoders'), join(folder, 'home', 'data', 'encoders'));
    await drawScenes(join(folder, 'drawn'), {train: 24, validation: 4, test: 4});
    const {code, stdout, stderr} = await captioner(shortly);
    expect(code, stderr).to.equal(0);
    expect(epochLines(stdout)).to.equal(2);
    expect(stdout).to.match(
      /^epoch 1 of 2 \* · loss [\d.]+ · validation loss [\d.]+ · BLEU-1 .*\n( {2}test-\d+\.jpg: .*\n){4}epoch 2 of 2/m,
    );
    expect(stderr).to.match(/^All 2 epochs are done, loss [\d.]+, best epoch \d, /m);
    expect(stdout).to.match(/Done\. Run saved in .*run\n$/);
  });

  it('shows a bar, a table of epochs and the captions of test images in a terminal', async () => {
    const text = await inTerminal([
      'train',
      '--data',
      'drawn',
      '--run',
      'terminal',
      '--epochs',
      '2',
      ...tiny,
    ]);
    expect(text).to.match(/Epoch 1 of 2 .*[█░]+ .*step \d+ of \d+ \(\d+ %\), loss/);
    const plain = text
      .replace(/\x1b\[(1G|2K)/g, '\n') // the bar is drawn over
      .replace(/\x1b(\[[0-9;?]*[A-Za-z]|[78])/g, '')
      .split(/[\r\n]+/);
    const header = plain.filter((line) => /^ epoch +loss +val\. loss +BLEU-1 .*time$/.test(line));
    expect(header, text).to.have.length(1);
    const rows = plain.filter((line) => /^ +\*?[12] +\d\.\d{3} /.test(line));
    expect(rows, text).to.have.length(2);
    expect(new Set([...header, ...rows].map(({length}) => length)).size, text).to.equal(1);
    expect(plain.filter((line) => /^ {2}test-\d+\.jpg: /.test(line))).to.have.length(8);
    expect(plain).to.satisfy((lines: string[]) =>
      lines.some((line) => line.startsWith('All 2 epochs are done')),
    );
  });

  it('shows a run that is over, and refuses what is no run', async () => {
    const {code, stdout, stderr} = await captioner(['watch', 'run']);
    expect([code, epochLines(stdout)], stderr).to.deep.equal([0, 2]);
    expect(stderr).to.match(/^All 2 epochs are done, loss [\d.]+/);
    await refused(1, /drawn: expected a run with a file metrics.jsonl, found none/, 'watch', 'drawn');
    await refused(2, /Expected --until to be an integer from 1 up/, 'watch', 'run', '--until', '0');
  });

  it('lists its commands, and the options of each', async () => {
    const {code, stdout} = await captioner(['--help']);
    expect(code).to.equal(0);
    const names = 'caption features train watch evaluate score runs card export serve download doctor'.split(
      ' ',
    );
    for (const name of names) {
      expect(stdout).to.match(new RegExp(`^  ${name}\\b`, 'm'));
      expect((await captioner([name, '--help'])).stdout).to.include(`captioner ${name}`);
    }
    const {stdout: training} = await captioner(['train', '--help']);
    for (const [option, value] of Object.entries(trainerSettings()))
      expect(training).to.include(` ${option}=${value}`);
    for (const kind of decoderKinds) expect(training).to.include(`\n${kind} decoder:\n  `);
    const [captioning, evaluating] = [
      await captioner(['caption', '--help']),
      await captioner(['evaluate', '--help']),
    ].map((help) => help.stdout) as [string, string];
    expect(captioning).to.include(' beams=3 ').and.include(' topP=1 ');
    expect(evaluating).to.include(' beams=3 ').and.not.include(' topP=1 ');
    for (const help of [training, captioning, evaluating])
      expect(help.split('\n').filter((line) => [...line].length > 80)).to.deep.equal([]);
  });

  it('lists them without loading TensorFlow or metrics', () => {
    const script = `
      process.stdout.write = () => true;
      require(${JSON.stringify(join(projectRoot, 'lib', 'dist', 'cli.js'))}).main(['train', '--help']).then(() =>
        console.error(JSON.stringify(Object.keys(require.cache))));`;
    const {stderr} = spawnSync(process.execPath, ['-e', script], {encoding: 'utf8'});
    const loaded = JSON.parse(stderr) as string[];
    expect(loaded.some((file) => file.endsWith(join('training', 'trainer-options.js')))).to.equal(true);
    const slow = /tfjs|[/\\](tensorflow|metrics)[/\\]/;
    expect(loaded.filter((file) => slow.test(file))).to.deep.equal([]);
  });

  it('scores no half of a split without a word, and writes a table of captions', async () => {
    cpSync(join(folder, 'drawn'), join(folder, 'half'), {recursive: true});
    for (const name of ['test-0001.jpg', 'test-0002.jpg']) rmSync(join(folder, 'half', name));
    const evaluated = ['evaluate', '--data', 'half', '--checkpoint', 'run'];
    const {code, stdout, stderr} = await captioner(evaluated);
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.match(
      /half: test: expected at most 1 % of the images .*got 2 of 4 \(test-0001\.jpg, test-0002\.jpg\); to score the others, add --allow-missing/,
    );
    const outputs = ['--json', 'half.json', '--predictions', 'half.csv'];
    const allowed = await captioner([...evaluated, '--allow-missing', ...outputs]);
    expect(allowed.stdout).to.match(/^Scores of 2 images of 4; 2 left out:\nBLEU-1/);
    expect(allowed.stdout).to.match(/^METEOR has the stems, synonyms and paraphrases of English/m);
    expect(allowed.stderr).to.match(/2 of 4 test images missing: test-0001\.jpg, test-0002\.jpg/);
    const scores = JSON.parse(readFileSync(join(folder, 'half.json'), 'utf8')) as object;
    expect(scores).to.include({images: 2, leftOut: 2});
    expect(readFileSync(join(folder, 'half.csv'), 'utf8')).to.match(
      /^image_id,caption\ntest-0003\.jpg,.+\ntest-0004\.jpg,.+\n$/,
    );
    expect((await captioner([...evaluated, '--split', 'val'])).stdout).to.match(/^Scores of 4 images:/);
  });

  it('reads JSON with a byte order mark and tells of markers around captions', async () => {
    const references = {a: ['a dog runs home'], b: ['a cat sits down']};
    const candidates = [
      {image_id: 'a', caption: 'startseq a dog runs endseq'},
      {image_id: 'b', caption: 'startseq a cat sits endseq'},
    ];
    for (const [name, content] of Object.entries({references, candidates}))
      writeFileSync(join(folder, `marked-${name}.json`), `\ufeff${JSON.stringify(content)}`);
    const {code, stderr} = await captioner(['score', '--references', 'marked-references.json', '--candidates', 'marked-candidates.json']); // prettier-ignore
    expect(code).to.equal(0);
    expect(stderr).to.include('most captions hold startseq and endseq, which no reference has');
  });

  it('refuses wrong use with exit code 2', async () => {
    await refused(2, /unknown command 'paint'/, 'paint');
    await refused(2, /unknown option '--fast'/, 'caption', 'a.jpg', '--fast');
    await refused(2, /missing required argument/, 'caption');
    await refused(2, /--data <dir>' not specified/, 'train', '--run', 'r');
    await refused(
      2,
      /Expected --beams to be an integer from 1 up, got 0/,
      'caption',
      'a.jpg',
      '--beams',
      '0',
    );
    await refused(
      2,
      /Expected --set KEY=VALUE, got units/,
      'train',
      '--data',
      'drawn',
      '--run',
      'r',
      '--set',
      'units',
    );
    await refused(
      2,
      /Expected --kind pooled or grid, got all/,
      'features',
      '--data',
      'drawn',
      '--out',
      'f',
      '--kind',
      'all',
    );
    const evaluated = ['evaluate', '--data', 'drawn', '--checkpoint', 'run'];
    await refused(
      2,
      /Expected --split train, validation, test, got holdout/,
      ...evaluated,
      '--split',
      'holdout',
    );
    await refused(
      2,
      /Unknown encoder "vgg"/,
      'features',
      '--data',
      'drawn',
      '--out',
      'f',
      '--encoder',
      'vgg',
    );
  });

  it('lists what can be downloaded, and says what to do where an account is needed', async () => {
    const list = await captioner(['download']);
    expect([list.code, list.stderr]).to.deep.equal([0, '']);
    const names = list.stdout.trimEnd().split('\n');
    expect(names.map((line) => line.split(' ')[0])).to.deep.equal([...downloadNames]);
    const {code, stdout, stderr} = await captioner(['download', 'flickr8k-kaggle', '--to', 'photos']);
    expect([code, existsSync(join(folder, 'photos'))]).to.deep.equal([0, false]);
    expect(stdout)
      .to.match(/https:\/\/www.kaggle.com\/.* unzip it/)
      .and.include(join(folder, 'photos'));
    expect(stderr)
      .to.match(/terms: for non-commercial research/)
      .and.match(/cite: M. Hodosh/);
    await refused(
      2,
      /Unknown download "imagenet"; known: flickr8k, .*mobilenet-v2-no-top\n$/,
      'download',
      'imagenet',
    );
  });

  it('refuses what is not there or not what it should be with exit code 1', async () => {
    mkdirSync(join(folder, 'empty'));
    writeFileSync(join(folder, 'broken.json'), '[{"image_id": ');
    await refused(1, /nowhere: expected a folder, found nothing/, 'train', '--data', 'nowhere', '--run', 'r');
    await refused(1, /empty: expected .*; found an empty folder/, 'train', '--data', 'empty', '--run', 'r');
    // What is wrong without an image is said before any is looked at.
    const train = ['train', '--data', 'drawn', '--run'];
    await refused(1, /r: expected a run to resume, found none/, ...train, 'r', '--resume');
    await refused(2, /lstm decoder: `units`: .* got 0/, ...train, 'r', '--set', 'units=0');
    await refused(2, /trainer: `learningRate`: .* got -1/, ...train, 'r', '--set', 'learningRate=-1');
    for (const [option, message] of [
      ['unit', /unknown option `unit`; did you mean `units`\?/],
      ['rate', /`rate` is called `learningRate` now/],
      ['heads', /unknown option `heads`, which is one of the transformer decoder options/],
      ['forced', /`forced` is called `requiredPhrases` now and is one of the search options/],
      ['size', /`size`; known for the lstm decoder: embedding, units, .*; for the trainer: epochs, batch, /],
    ] as const)
      await refused(2, message, ...train, 'r', '--set', `${option}=5`);
    await refused(1, /nowhere: expected .*found nothing/, 'caption', 'a.jpg', '--checkpoint', 'nowhere');
    await refused(1, /checkpoints.scenes: expected .*found nothing/, 'caption', 'a.jpg');
    const score = ['score', '--references', 'broken.json', '--candidates'];
    await refused(1, /missing.json: expected a JSON file, found nothing/, ...score, 'missing.json');
    await refused(1, /broken.json: expected JSON/, ...score, 'broken.json');
  });

  it('keeps a run that is there, and gives the new one a number', async () => {
    const before = readFileSync(join(folder, 'run', 'latest'), 'utf8');
    const again = await captioner([...shortly, '--epochs', '1']);
    expect(again.code, again.stderr).to.equal(0);
    expect(again.stderr).to.include('captioner: run holds a run already; the new one lies in run-2\n');
    expect(again.stdout).to.match(/Done\. Run saved in run-2\n$/);
    expect(readFileSync(join(folder, 'run', 'latest'), 'utf8')).to.equal(before);
    // The newer of the two is resumed.
    const resumed = await captioner([...shortly, '--resume', '--epochs', '2']);
    expect(resumed.stderr).to.match(
      /captioner: Resuming run-2, the newest of 2 runs of this name, at step \d+\n/,
    );
    expect(resumed.stdout.split('\n').filter((line) => line.startsWith('epoch'))).to.have.length(1);
    const replaced = await captioner([
      'train',
      '--data',
      'drawn',
      '--run',
      'run-2',
      '--epochs',
      '1',
      ...tiny,
      '--replace',
    ]);
    expect(replaced.stdout).to.match(/Done\. Run saved in run-2\n$/);
    expect(existsSync(join(folder, 'run-2-2'))).to.equal(false);
  });

  it('writes captions as lines or as JSON, relative to where it was called', async () => {
    const one = await captioner(['caption', 'drawn/test-0001.jpg', '--checkpoint', 'run']);
    expect(one.code, one.stderr).to.equal(0);
    expect(one.stdout).to.match(/^[a-z -]+\n$/);
    const images = ['drawn/test-0001.jpg', 'drawn/test-0002.jpg'];
    const lines = await captioner(['caption', ...images, '--checkpoint', 'run', '--beams', '2']);
    expect(lines.stdout).to.match(/^drawn\/test-0001.jpg: .*\ndrawn\/test-0002.jpg: .*\n$/);
    const {stdout} = await captioner(['caption', ...images, '--checkpoint', 'run', '--beams', '2', '--json']);
    const written = jsonLines<{
      image: string;
      caption: string;
      hypotheses: {caption: string; score: number; finished: boolean; logProbabilities: number[]}[];
    }>(stdout);
    expect(written.map(({image}) => image)).to.deep.equal(images);
    for (const {caption, hypotheses} of written) {
      expect(hypotheses).to.have.length(2);
      expect(hypotheses[0]!.caption).to.equal(caption);
      for (const one of hypotheses)
        expect(one.logProbabilities).to.have.length(one.caption.split(' ').length + (one.finished ? 1 : 0));
    }
    expect(lines.stdout).to.equal(written.map(({image, caption}) => `${image}: ${caption}\n`).join(''));
  });

  it('hands options to the search', async () => {
    const caption = ['caption', 'drawn/test-0001.jpg', '--checkpoint', 'run'];
    const {stdout} = await captioner([...caption, '--set', 'maximumLength=3', '--set', 'minimumLength=3']);
    expect(stdout.trim().split(' ')).to.have.length(3);
    await refused(2, /search: unknown option `width`/, ...caption, '--set', 'width=3');
    const sampling = /search: unknown option `topP`, which is one of the sampling options/;
    await refused(2, sampling, ...caption, '--set', 'topP=0.5');
    await refused(2, /search: `groups` is called `beamGroups` now/, ...caption, '--set', 'groups=2');
    const forced = await captioner([
      ...caption,
      '--set',
      'requiredPhrases=["red house", "under"]',
      '--beams',
      '4',
    ]);
    expect(forced.stderr).to.equal('');
    expect(forced.stdout)
      .to.match(/\bred house\b/)
      .and.match(/\bunder\b/);
    const [word] = forced.stdout.split(' ') as [string];
    const without = await captioner([...caption, '--set', `suppressWords=["${word}"]`]);
    expect(without.stdout)
      .to.match(/\w/)
      .and.not.match(new RegExp(`\\b${word}\\b`));
    await refused(
      2,
      /`requiredPhrases`: expected words .*, got "unicorn"/,
      ...caption,
      '--set',
      'requiredPhrases=["unicorn"]',
    );
    await refused(2, /Expected a list as JSON, .* got \[dog\]/, ...caption, '--set', 'requiredPhrases=[dog]');
    await refused(2, /search: `minimumLength`: expected at most/, ...caption, '--set', 'minimumLength=30');
  });

  it('draws captions at random, as many as it is told to', async () => {
    const drawing = ['caption', 'drawn/test-0001.jpg', '--checkpoint', 'run', '--sample', '4'];
    const {stdout, stderr} = await captioner([...drawing, '--set', 'topP=0.9']);
    expect(stderr).to.equal('');
    expect(stdout.trimEnd().split('\n')).to.have.length(4);
    expect((await captioner([...drawing, '--set', 'topP=0.9'])).stdout).to.equal(stdout);
    const other = await captioner([...drawing, '--set', 'seed=2', '--json']);
    const written = jsonLines<{image: string; caption: string}>(other.stdout);
    expect(written.map(({image}) => image)).to.deep.equal(Array<string>(4).fill('drawn/test-0001.jpg'));
    expect(written.map(({caption}) => caption).join('\n')).to.not.equal(stdout.trimEnd());
    await refused(2, /sampling: unknown option `beams`/, ...drawing, '--beams', '2');
  });

  it('captions the other images when some can not be read, names those, and ends with 1', async () => {
    const whole = readFileSync(join(folder, 'drawn', 'test-0003.jpg'));
    writeFileSync(join(folder, 'half.jpg'), whole.subarray(0, whole.length / 2));
    writeFileSync(join(folder, 'words.jpg'), 'no image');
    const images = ['half.jpg', 'drawn/test-0003.jpg', 'words.jpg', 'missing.jpg'];
    const {code, stdout, stderr} = await captioner(['caption', ...images, '--checkpoint', 'run']);
    expect(code).to.equal(1);
    expect(stdout).to.match(/^drawn\/test-0003.jpg: .*\n$/);
    const complaints = stderr.trimEnd().split('\n');
    expect(complaints.length, stderr).to.equal(3);
    for (const [at, name] of ['half', 'words', 'missing'].entries())
      expect(complaints[at]).to.match(new RegExp(`^captioner: .*${name}.jpg: (expected|cannot be decoded)`));
  });

  it('exports a checkpoint to be shipped, and lets several write together', async () => {
    const {code, stdout, stderr} = await captioner(['export', 'run', '--to', 'shipped']);
    expect([code, stdout.trim()], stderr).to.deep.equal([0, join(folder, 'shipped')]);
    expect(readdirSync(join(folder, 'shipped')).sort()).to.deep.equal([
      'checkpoint.json',
      'manifest.json',
      'weights.safetensors',
    ]);
    const caption = ['caption', 'drawn/test-0001.jpg', '--checkpoint', 'run'];
    const [alone, both] = [
      await captioner(caption),
      await captioner([...caption, '--checkpoint', 'shipped']),
    ];
    expect(both.code, both.stderr).to.equal(0);
    expect(both.stdout).to.equal(alone.stdout);
    await refused(1, /nowhere: expected .*found nothing/, 'export', 'run', 'nowhere', '--to', 'none');
    await refused(1, /shipped: this folder already holds a checkpoint/, 'export', 'run', '--to', 'shipped');
    expect((await captioner(['export', 'run', '--to', 'shipped', '--replace'])).code).to.equal(0);
    expect(existsSync(join(folder, 'none'))).to.equal(false);
  });

  it('refuses a checkpoint of which a byte was changed', async () => {
    const {stdout} = await captioner(['caption', 'drawn/test-0001.jpg', '--checkpoint', 'run']);
    expect(stdout).not.to.equal('');
    const all = join(folder, 'run', 'checkpoints');
    const name = readdirSync(all).sort().at(-1)!;
    cpSync(join(all, name), join(folder, 'changed'), {recursive: true});
    const file = join(folder, 'changed', 'weights.safetensors');
    const bytes = readFileSync(file);
    bytes[bytes.length - 100]! ^= 1;
    writeFileSync(file, bytes);
    await refused(
      1,
      /weights.safetensors: expected SHA-256/,
      'caption',
      'drawn/test-0001.jpg',
      '--checkpoint',
      'changed',
    );
  });

  it('scores a checkpoint, and gives the same scores to its captions from a file', async () => {
    const evaluated = ['evaluate', '--checkpoint', 'run', '--data', 'drawn', '--split', 'test'];
    const written = ['--predictions', 'said.json', '--json', 'scores.json', '--per-image', 'each.json'];
    const {code, stdout} = await captioner([...evaluated, ...written]);
    expect(code).to.equal(0);
    const read = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as unknown;
    const {factual: share, novel, ...scores} = read('scores.json') as Record<string, number>;
    expect(Object.keys(scores).slice(0, 7)).to.deep.equal([...metricNames]);
    for (const value of [share, novel, scores['distinct-1'], scores['distinct-2'], scores['repeated']])
      expect(value).to.be.within(0, 1);
    expect(stdout).to.match(new RegExp(`^BLEU-1   ${scores['BLEU-1']!.toFixed(4)}  \\(0\\.\\d+ to `, 'm'));
    expect(stdout).to.include('SPICE is not computed');

    const said = read('said.json') as {image_id: string; caption: string}[];
    const each = read('each.json') as ({image_id: string; caption: string} & Record<string, number>)[];
    expect(each.map(({image_id, caption}) => ({image_id, caption}))).to.deep.equal(said);
    for (const name of ['ROUGE-L', 'CIDEr-D']) {
      const mean = each.reduce((sum, own) => sum + own[name]!, 0) / each.length;
      expect(mean).to.be.closeTo(scores[name]!, 1e-9);
    }

    const record = read('drawn/scenes.json') as {scenes: {file: string; captions: string[]}[]};
    const references = Object.fromEntries(record.scenes.map(({file, captions}) => [file, captions]));
    writeFileSync(join(folder, 'references.json'), JSON.stringify(references));
    const score = ['score', '--references', 'references.json', '--candidates'];
    const again = await captioner([...score, 'said.json', '--json', 'again.json']);
    expect(again.code).to.equal(0);
    // What nobody knows without the drawings and the captions learnt from is missing.
    const others = Object.keys(references).length - said.length;
    expect(read('again.json')).to.deep.equal({...scores, leftOut: others});
    const all = Object.keys(references).length;
    expect(again.stderr).to.include(`${others} of ${all} images have references but no caption`);

    // Tables say the same as JSON: the captions as `evaluate` writes them, the references a row each, as Excel writes them.
    const rows = record.scenes.flatMap(({file, captions}) => captions.map((text) => `${file};"${text}"`));
    writeFileSync(join(folder, 'references.csv'), `\ufeffsep=;\r\nImage;Caption\r\n${rows.join('\r\n')}\r\n`);
    await captioner([...evaluated, '--predictions', 'said.tsv']);
    const tables = ['score', '--references', 'references.csv', '--candidates', 'said.tsv'];
    expect((await captioner([...tables, '--json', 'tables.json'])).code).to.equal(0);
    expect(read('tables.json')).to.deep.equal(read('again.json'));

    // A single caption is scored as among all, by their document frequencies.
    await captioner([...score, 'said.json', '--save-frequencies', 'frequencies.json']);
    writeFileSync(join(folder, 'one.json'), JSON.stringify(said.slice(0, 1)));
    await captioner([...score, 'one.json', '--frequencies', 'frequencies.json', '--json', 'single.json']);
    const single = read('single.json') as Record<string, number>;
    expect(single['CIDEr-D']).to.be.closeTo(each[0]!['CIDEr-D']!, 1e-12);
  });

  it('says what a table of captions lacks', async () => {
    const table = (name: string, text: string) => writeFileSync(join(folder, name), text);
    table('right.csv', 'image_id,caption\na,a dog\nb,a cat\n');
    table('unnamed.csv', 'name,words\na,a dog\n');
    table('short.csv', 'image_id,caption\na,a dog\nb\n');
    table('twice.csv', 'image_id,caption\na,a dog\na,a cat\n');
    table('broken.jsonl', '{"image":"a","caption":"a dog"}\n{"image":"b"\n');
    table('twice.jsonl', '{"image":"a","caption":"a dog"}\r\n\r\n{"image":"a","caption":"a cat"}\r\n');
    const score = (candidates: string, references = 'right.csv') =>
      captioner(['score', '--references', references, '--candidates', candidates]);
    for (const [name, message] of [
      ['unnamed.csv', /unnamed\.csv: expected a column image_id or .*, found name, words$/m],
      ['short.csv', /short\.csv: row 2: Too few fields/],
      ['twice.csv', /candidates: expected one caption per image, got two for image a/],
      ['broken.jsonl', /broken\.jsonl line 2: expected JSON: /],
      ['twice.jsonl', /candidates: expected one caption per image, got two for image a/],
      ['gone.csv', /gone\.csv: expected a file of captions, found nothing/],
    ] as const) {
      const {code, stderr} = await score(name);
      expect(code, name).to.equal(1);
      expect(stderr).to.match(message);
      expect(stderr).not.to.match(/^ +at /m);
    }
    expect((await score('right.csv', 'unnamed.csv')).stderr).to.match(/unnamed\.csv: expected a column/);
  });

  it('says of other captions whether they are better', async () => {
    const record = JSON.parse(readFileSync(join(folder, 'drawn', 'scenes.json'), 'utf8')) as {
      scenes: {file: string; captions: string[]}[];
    };
    const write = (name: string, value: unknown): void =>
      writeFileSync(join(folder, name), JSON.stringify(value));
    const candidates = (caption: (captions: string[]) => string) =>
      record.scenes.map(({file, captions}) => ({image_id: file, caption: caption(captions)}));
    write('people.json', Object.fromEntries(record.scenes.map(({file, captions}) => [file, captions])));
    write(
      'dull.json',
      candidates(() => 'an image of the'),
    );
    write(
      'human.json',
      candidates((captions) => captions[0]!),
    );
    write('few.json', candidates((captions) => captions[0]!).slice(1));
    const score = ['score', '--references', 'people.json', '--candidates', 'dull.json', '--against'];
    const {code, stdout, stderr} = await captioner([...score, 'human.json']);
    expect(code).to.equal(0);
    expect(stdout).to.match(/^human\.json minus dull\.json:$/m);
    expect(stdout).to.match(/^CIDEr-D {2}\+\d\.\d{4} {2}\(\+.* to \+.*, p < 0\.001\)$/m);
    expect(stderr).to.match(/images have the same caption: "an image of the"/);
    expect(stderr).to.match(/captions end in mid-sentence, such as "… image of the"/);
    await refused(1, /few\.json: expected captions of the same \d+ images/, ...score, 'few.json');
  });

  it('computes features once, and names images that it can not read', async () => {
    cpSync(join(folder, 'drawn'), join(folder, 'spoilt'), {recursive: true});
    writeFileSync(join(folder, 'spoilt', 'train-0002.jpg'), 'no image');
    const features = ['features', '--data', 'spoilt', '--out', 'features'];
    for (let time = 0; time < 2; time++) {
      const {code, stdout, stderr} = await captioner(features);
      expect([code, stdout]).to.deep.equal([0, `31 images in ${join(folder, 'features')}\n`]);
      expect(stderr).to.include('train-0002.jpg: ');
      expect(stderr).to.match(
        /^captioner: .*spoilt \(scenes\): \d+ train, .* images; \d+ captions, 5 an image; /m,
      );
    }
  });

  it('computes parts of the features apart, and merges them', async () => {
    const features = ['features', '--data', 'drawn', '--kind', 'pooled', '--encoder', 'efficientnet-lite0'];
    // They fit into one shard, so the second part has nothing to do.
    const one = await captioner([...features, '--out', 'part-1', '--shard', '1/2']);
    expect(one.stdout, one.stderr).to.equal(`32 images in ${join(folder, 'part-1')}\n`);
    const two = await captioner([...features, '--out', 'part-2', '--shard', 'auto/2'], undefined, {
      JOB_COMPLETION_INDEX: '1',
    });
    expect(two.stdout, two.stderr).to.equal(`0 images in ${join(folder, 'part-2')}\n`);
    const merge = ['features', '--data', 'drawn', '--merge', 'part-1', 'part-2'];
    const merged = await captioner([...merge, '--out', 'together']);
    expect(merged.stdout, merged.stderr).to.equal(`32 images in ${join(folder, 'together')}\n`);
    expect((await captioner([...features, '--out', 'whole'])).code).to.equal(0);
    expectSameFolders(join(folder, 'together'), join(folder, 'whole'));
    // Without a place they lie where training looks for them.
    const usual = await captioner(merge);
    expect(usual.stdout).to.match(
      /^32 images in .*home.data.features.drawn-efficientnet-lite0-pooled-[0-9a-f]{8}\n$/,
    );
    expect((await captioner(features)).stdout).to.equal(usual.stdout);
    await refused(2, /--merge.*--kind/, ...merge, '--kind', 'grid');
    await refused(1, /: expected a feature store, found none$/m, ...merge, 'part-3');
    const wrong: readonly (readonly [string, Record<string, string>, RegExp])[] = [
      ['3/2', {}, /`part/],
      ['0/2', {}, /`part/],
      ['half', {}, /--shard I\/N/],
      ['auto/2', {}, /SLURM_ARRAY_TASK_ID or JOB_COMPLETION_INDEX/],
      ['auto/2', {SLURM_ARRAY_TASK_ID: '0'}, /--array=1-2/],
      ['auto/2', {JOB_COMPLETION_INDEX: '2'}, /completions: 2/],
    ];
    for (const [shard, env, message] of wrong) {
      const {code, stderr} = await captioner([...features, '--out', 'x', '--shard', shard], undefined, env);
      expect(code).to.equal(2);
      expect(stderr).to.match(message);
    }
  });

  it('takes other weights and other sizes of a known encoder', async () => {
    const features = ['features', '--data', 'drawn', '--out', 'larger', '--encoder', 'efficientnet-lite0'];
    const weights = join(projectRoot, 'data', 'encoders', 'efficientnet-lite0.safetensors');
    const {code, stderr} = await captioner([
      ...features,
      '--weights',
      weights,
      '--size',
      '256',
      '--fit',
      'crop',
    ]);
    expect(code, stderr).to.equal(0);
    const index = JSON.parse(readFileSync(join(folder, 'larger', 'index.json'), 'utf8')) as object;
    expect(index).to.deep.include({kind: 'grid', cells: 64, depth: 1280});
    const other = await captioner(features);
    expect([other.code, other.stdout]).to.deep.equal([1, '']);
    expect(other.stderr).to.match(/expected features with preprocessing .*; use another folder\n$/);
    await refused(2, /`fit`/, ...features, '--fit', 'squeeze');
    await refused(
      2,
      /Unknown encoder "vgg"; known: /,
      'features',
      '--data',
      'drawn',
      '--out',
      'x',
      '--encoder',
      'vgg',
    );
  });

  it('begins with word vectors of a file, whose size the words get', async () => {
    writeFileSync(join(folder, 'vectors.txt'), 'a 1 2 3\nthe 4 5 6\nzebras 7 8 9\n');
    const sizes = ['units=16', 'learningRate=1e-9', 'meteor=false'].flatMap((set) => ['--set', set]);
    const run = ['train', '--data', 'drawn', '--run', 'vectors'];
    const begun = [...run, '--epochs', '1', ...sizes];
    const vectors = ['--word-vectors', 'vectors.txt'];
    await otherwise(/`embedding`: expected 3, the size of the word vectors, got 16/, ...run, ...vectors, '--set', 'embedding=16'); // prettier-ignore
    const {code, stderr} = await captioner([...begun, ...vectors]);
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/word vectors for 2 of \d+ words, 3 dimensions/);
    const {decoder, vocabulary} = await loadCheckpoint(join(folder, 'vectors'));
    const table = decoder.weights.get('embedding')!.arraySync() as number[][];
    for (const [at, number] of table[vocabulary.id('the')]!.entries())
      expect(number).to.be.closeTo(4 + at, 1e-4);
    decoder.dispose();
    await otherwise(/Expected no `wordVectors` with `resume`/, ...run, ...vectors, '--resume');
  });

  it('lets the encoder learn too, from the block that is named', async () => {
    const run = [
      'train',
      '--data',
      'drawn',
      '--run',
      'tuned',
      '--epochs',
      '1',
      '--encoder',
      'efficientnet-lite0',
      '--size',
      '160',
      ...tiny,
    ];
    const none = await captioner([...run, '--fine-tune', 'none']);
    expect([none.code, none.stdout]).to.deep.equal([2, '']);
    expect(none.stderr).to.match(/Unknown block "none" of efficientnet-lite0; known: stem, /);
    const {code, stdout, stderr} = await captioner([
      ...run,
      '--fine-tune',
      'head',
      '--set',
      'encoderLearningRate=0.0003',
    ]);
    expect([code, epochLines(stdout)], stderr).to.deep.equal([0, 1]);
    // It goes on with the same encoder, its size, block and views without being told.
    const resumed = ['train', '--data', 'drawn', '--run', 'tuned', '--resume'];
    const further = await captioner([...resumed, '--epochs', '2']);
    expect([further.code, epochLines(further.stdout)], further.stderr).to.deep.equal([0, 1]);
    const fewer = await captioner([...resumed, '--views', '2', '--epochs', '3']);
    expect(fewer.code).to.equal(1);
    expect(fewer.stderr).to.match(/expected features in 6 views, which it was trained on, got 2\n$/);
    const checkpoint = readFileSync(join(folder, 'tuned', 'latest'), 'utf8').trim();
    expect(existsSync(join(folder, 'tuned', 'checkpoints', checkpoint, 'encoder.safetensors'))).to.equal(
      true,
    );
    const caption = await captioner(['caption', 'drawn/test-0001.jpg', '--checkpoint', 'tuned']);
    expect([caption.code, caption.stdout.trim().split('\n').length], caption.stderr).to.deep.equal([0, 1]);
  });

  it('goes on from a checkpoint with rewards, in a run of its own', async () => {
    const begun = ['train', '--data', 'drawn', '--run', 'rewarded', '--from', 'run', '--set'];
    const {code, stdout, stderr} = await captioner([...begun, 'objective=self-critical', '--epochs', '1']);
    expect([code, epochLines(stdout)], stderr).to.deep.equal([0, 1]);
    const {decoder, training} = await loadCheckpoint(join(folder, 'rewarded'));
    expect(training!.settings).to.include({
      objective: 'self-critical',
      learningRate: 2e-5,
      captionsPerImage: 5,
      epochs: 1,
    });
    for (const {reward} of training!.history.steps) expect(reward).to.be.within(0, 10);
    decoder.dispose();
    const sized = await captioner([...begun, 'units=8']);
    expect([sized.code, sized.stdout]).to.deep.equal([2, '']);
    expect(sized.stderr).to.match(
      /Expected no decoder option `units` with `from`: the decoder exists already\n$/,
    );
    await refused(2, /Expected `resume` or `from`, got both/, ...begun, 'learningRate=0.1', '--resume');
    const other = [
      'train',
      '--data',
      'drawn',
      '--run',
      'other',
      '--from',
      'run',
      '--encoder',
      'efficientnet-lite0',
    ];
    const {code: failed, stderr: why} = await captioner(other);
    expect(failed).to.equal(1);
    expect(why).to.match(/expected features by efficientnet-lite2 .* got those by efficientnet-lite0/);
  });

  it('names the kinds of image that captions are best and worst for', async () => {
    const evaluated = [
      'evaluate',
      '--checkpoint',
      'run',
      '--data',
      'drawn',
      '--split',
      'train',
      '--kinds',
      '2',
    ];
    const {code, stdout, stderr} = await captioner(evaluated);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/\nBest, by CIDEr-D .*:\n\d\.\d{3} {2}\w+ \(\d+ images\)\n/);
    expect(stdout).to.match(/\nWorst:\n\d/);
  });

  it('looks at larger images, and at several views of them, and ships a checkpoint that does', async () => {
    const asked = ['caption', 'drawn/test-0001.jpg', '--json', '--checkpoint'];
    const [plain, wider] = [
      await captioner([...asked, 'run']),
      await captioner([...asked, 'run', '--views', '3', '--size', '256']),
    ];
    expect(wider.code, wider.stderr).to.equal(0);
    const scoreOf = (stdout: string): number =>
      jsonLines<{hypotheses: {score: number}[]}>(stdout)[0]!.hypotheses[0]!.score;
    expect(scoreOf(wider.stdout)).to.not.be.closeTo(scoreOf(plain.stdout), 1e-4);
    const shipped = await captioner(['export', 'run', '--to', 'wider', '--views', '3', '--size', '256']);
    expect(shipped.code, shipped.stderr).to.equal(0);
    const {decoder, encoder, views} = await loadCheckpoint(join(folder, 'wider'));
    decoder.dispose();
    expect([encoder.preprocessing.size, views]).to.deep.equal([256, 3]);
    expect(scoreOf((await captioner([...asked, 'wider'])).stdout)).to.be.closeTo(scoreOf(wider.stdout), 0.02);
    const again = await captioner([...asked, 'wider', '--views', '1', '--size', '224']);
    expect(scoreOf(again.stdout)).to.be.closeTo(scoreOf(plain.stdout), 0.02);
    const evaluated = ['evaluate', '--data', 'drawn', '--split', 'validation', '--checkpoint', 'wider'];
    const {code, stderr} = await captioner(evaluated);
    expect(code, stderr).to.equal(0);
  });

  it('chooses the best epoch by truth when it is told to', async () => {
    const run = ['train', '--data', 'drawn', '--run', 'factual', '--epochs', '1', ...tiny];
    const {code, stderr} = await captioner([...run, '--set', 'selectBy=factual', '--set', 'meteor=false']);
    expect(code, stderr).to.equal(0);
    const {decoder, training} = await loadCheckpoint(join(folder, 'factual'));
    decoder.dispose();
    expect(training!.settings).to.include({selectBy: 'factual', meteor: false});
  });

  it('begins with other weights for another seed', async () => {
    const first = async (seed: string): Promise<Float32Array> => {
      const run = `seed-${seed}`;
      const args = [
        'train',
        '--data',
        'drawn',
        '--run',
        run,
        '--epochs',
        '1',
        ...tiny,
        '--set',
        'learningRate=0.0000001',
      ];
      const {code, stderr} = await captioner([...args, '--set', `seed=${seed}`]);
      expect(code, stderr).to.equal(0);
      const {decoder, training} = await loadCheckpoint(join(folder, run));
      expect(training!.settings.seed).to.equal(Number(seed));
      const numbers = decoder.weights.get('lstm.weight')!.dataSync<'float32'>().slice();
      decoder.dispose();
      return numbers;
    };
    const [one, two] = [await first('1'), await first('2')];
    expect(Math.max(...one.map((value, at) => Math.abs(value - two[at]!)))).to.be.above(0.01);
  });

  it('trains soft attention on grids, and knows when it goes on what it was training', async () => {
    const run = ['train', '--data', 'drawn', '--run', 'looking'];
    const sizes = ['units=16', 'embedding=8', 'attention=8', 'meteor=false'].flatMap((set) => ['--set', set]);
    const begun = await captioner([...run, '--decoder', 'attention', '--epochs', '1', ...sizes]);
    expect(begun.code, begun.stderr).to.equal(0);
    const more = await captioner([...run, '--resume', '--epochs', '2']);
    expect(more.code, more.stderr).to.equal(0);
    expect(more.stdout).to.match(/^epoch 2 /m);
    const said = await captioner(['caption', 'drawn/train-0001.jpg', '--checkpoint', 'looking', '--json']);
    expect(said.code, said.stderr).to.equal(0);
    await refused(2, /Unknown decoder "gru"; known: lstm, attention/, ...run, '--decoder', 'gru');
  });

  it('stops at Ctrl-C, saves, and goes on to as many epochs as it is told then', async () => {
    const run = ['train', '--data', 'drawn', '--run', 'stopped'];
    let told = false;
    const {code, stdout, stderr} = await captioner([...run, '--epochs', '500', ...tiny], (text, stop) => {
      if (told || !text.includes('epoch 1 ')) return;
      told = true;
      stop();
    });
    expect([code, told]).to.deep.equal([130, true]);
    const [, step] =
      /^captioner: Stopped at step (\d+) of \d+, saved; continue with --resume$/m.exec(stderr) ?? [];
    expect(Number(step)).to.be.above(0);
    const done = stdout.split('\n').filter((line) => line.startsWith('epoch')).length;
    for (const [option, message] of [
      ['units=64', 'Expected no decoder option `units` with `resume`: the decoder exists already'],
      ['batch=8', '`batch` decides the order of the captions'],
    ] as const) {
      const refusal = await captioner([...run, '--resume', '--set', option]);
      expect(refusal.code).to.equal(2);
      expect(refusal.stderr).to.include(`captioner: `).and.include(message);
    }
    // What the run has anyway may be said again: the same command goes on.
    const again = [...run, ...tiny, '--resume', '--set', 'learningRate=0.0005'];
    const more = await captioner([...again, '--epochs', `${done + 2}`]);
    expect(more.code, more.stderr).to.equal(0);
    const epochs = more.stdout.split('\n').filter((line) => line.startsWith('epoch'));
    expect(epochs.map((line) => /^epoch (\d+)/.exec(line)![1])).to.deep.equal([`${done + 1}`, `${done + 2}`]);
    const logged = (run: string): boolean =>
      readdirSync(run).some((name) => name.startsWith('events.out.tfevents.'));
    expect([logged(join(folder, 'stopped')), logged(join(folder, 'stopped', 'validation'))]).to.deep.equal([
      true,
      true,
    ]);
  });

  it('writes a model card of a run, and keeps one that is there', async () => {
    const {code, stdout, stderr} = await captioner(['card', 'run', '--limit', '3', '--beams', '2']);
    expect(code, stderr).to.equal(0);
    const [page, readme] = stdout.trimEnd().split('\n') as [string, string];
    expect([page, readme]).to.deep.equal(
      ['card.html', 'README.md'].map((name) => join(folder, 'run', 'card', name)),
    );
    const text = readFileSync(readme, 'utf8');
    expect(text)
      .to.include('# run\n')
      .and.to.include('the first 3 of 4 images of the test split')
      .and.to.include('beams 2');
    expect(stderr).to.match(/Captions 3 of 3/);
    await refused(1, /README\.md: a card lies here already/, 'card', 'run');
    await refused(2, /Expected --split train, validation, test, got all/, 'card', 'run', '--split', 'all');
    await refused(2, /did you mean `beams`/, 'card', 'run', '--replace', '--set', 'beam=3');
    const missing = await captioner(['card', 'nothing']);
    expect([missing.code, missing.stdout]).to.deep.equal([1, '']);
    expect(missing.stderr).to.match(/expected a checkpoint or a run, found nothing/);
    const again = await captioner([
      'card',
      'run',
      '--limit',
      '3',
      '--replace',
      '--to',
      'elsewhere',
      '--licence',
      'mit',
    ]);
    expect(again.code, again.stderr).to.equal(0);
    expect(readFileSync(join(folder, 'elsewhere', 'README.md'), 'utf8')).to.match(/^---\nlicense: mit\n/);
  });
});
