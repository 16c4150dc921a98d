/** Explaining a caption from the command line. */
import {execFileSync, spawn} from 'node:child_process';
import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {drawScenes} from 'captioner';
import {expect} from 'chai';
import {saveToyCheckpoint} from '../checkpoints/toy';
import {projectRoot, python, temporaryFolder} from '../support';

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface Written {
  readonly method: string;
  readonly captionWords: readonly string[];
  readonly words: readonly {readonly word: string; readonly position: number; readonly against?: string}[];
  readonly image: readonly (readonly (readonly number[])[])[];
  readonly previousWords: readonly (readonly number[])[];
}

const command = join(projectRoot, 'lib', 'bin', 'captioner.js');

const read = `import json, sys, numpy
arrays = numpy.load(sys.argv[1])
print(json.dumps({name: arrays[name].tolist() for name in arrays}))`;

describe('captioner explain', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const image = 'drawn/test-0001.jpg';
  const path = (name: string): string => join(folder, name);

  function explain(...args: readonly string[]): Promise<Ended> {
    return new Promise((done) => {
      const all = [command, 'explain', ...args, '--checkpoint', 'checkpoint', '--size', '96'];
      const child = spawn(process.execPath, all, {cwd: folder, env: {...process.env, INIT_CWD: folder}});
      const text = {stdout: '', stderr: ''};
      for (const stream of ['stdout', 'stderr'] as const)
        child[stream].setEncoding('utf8').on('data', (chunk: string) => (text[stream] += chunk));
      const greeting = /^(WARNING: All log messages before absl|I0000 ).*\n/gm;
      child.on('close', (code) =>
        done({code, stdout: text.stdout, stderr: text.stderr.replace(greeting, '')}),
      );
    });
  }

  async function refused(message: RegExp, ...args: readonly string[]): Promise<void> {
    const {code, stdout, stderr} = await explain(image, ...args);
    expect([code, stdout], stderr).to.deep.equal([2, '']);
    expect(stderr).to.match(message);
    expect(stderr.trimEnd().split('\n')).to.have.length(1);
  }

  before(async () => {
    await drawScenes(path('drawn'), {train: 0, validation: 0, test: 20});
    await saveToyCheckpoint(path('checkpoint'), path('drawn'), {kind: 'attention'});
  });

  const caption = ['--caption', 'a red ball'];

  it('writes the same as JSON and as arrays for NumPy, and prints the words', async () => {
    const json = await explain(image, ...caption, '--method', 'saliency', '--output', 'why.json');
    expect(json.code, json.stderr).to.equal(0);
    expect(json.stdout).to.match(
      /^\s+word\s+probability\s+other words\n0\s+a\s.* %.*\n1\s+red\s.*\n2\s+ball/,
    );
    expect((await explain(image, ...caption, '--method', 'saliency', '--output', 'why.npz')).code).to.equal(
      0,
    );
    const written = JSON.parse(readFileSync(path('why.json'), 'utf8')) as {
      image: string;
      explanations: Written[];
    };
    expect(written.image).to.equal(image);
    const [{words, image: maps, previousWords, captionWords}] = written.explanations as [Written];
    expect(captionWords).to.deep.equal(['a', 'red', 'ball']);
    expect([maps.length, maps[0]!.length, maps[0]![0]!.length]).to.deep.equal([3, 96, 96]);
    const arrays = JSON.parse(execFileSync(python(), ['-c', read, path('why.npz')], {encoding: 'utf8'})) as {
      [name: string]: unknown;
    };
    expect(arrays['saliency/words']).to.deep.equal(words.map(({word}) => word));
    expect(arrays['saliency/positions']).to.deep.equal([0, 1, 2]);
    const numbers = (arrays['saliency/image'] as number[][][]).flat(2);
    const largest = Math.max(...numbers);
    expect(largest).to.be.greaterThan(0);
    for (const [at, value] of maps.flat(2).entries())
      expect(numbers[at]).to.be.closeTo(value, 1e-5 * largest);
    expect(previousWords[0]).to.deep.equal([0, 0, 0]);
    expect(previousWords[2]![1]).not.to.equal(0);
  });

  it('writes a page without scripts that names the words', async () => {
    const {code, stderr} = await explain(image, ...caption, '--output', 'why.html');
    expect(code, stderr).to.equal(0);
    const page = readFileSync(path('why.html'), 'utf8');
    expect(page).to.include('default-src &#39;none&#39;; img-src data:;').and.not.include('<script');
    for (const word of ['red', 'ball']) expect(page).to.include(`<b>${word}</b>`);
    expect(page.length).to.be.below(400_000);
  });

  it('explains chosen words, and one in contrast to another', async () => {
    await explain(image, ...caption, '--words', 'ball,0', '--output', 'some.json');
    const some = JSON.parse(readFileSync(path('some.json'), 'utf8')) as {explanations: Written[]};
    expect(some.explanations[0]!.words.map(({position}) => position)).to.deep.equal([0, 2]);
    const {stdout} = await explain(image, ...caption, '--words', 'red', '--against', 'blue');
    expect(stdout).to.include('red, not blue');
  });

  it('refuses what it can not do, in one line, before any file is written', async () => {
    await refused(/^captioner: Expected --output to end in \.html, \.json, \.npz, got why\.txt/, '--output', 'why.txt'); // prettier-ignore
    await refused(/^captioner: Unknown method "salience"; /, '--method', 'salience', '--output', 'no.json'); // prettier-ignore
    await refused(/^captioner: Expected --words with the one word/, '--against', 'blue');
    await refused(/^captioner: .*"horse"/, ...caption, '--words', 'horse');
    await refused(/^captioner: explain: .*stepz/, ...caption, '--set', 'stepz=3');
    expect(existsSync(path('no.json'))).to.equal(false);
  });
});
