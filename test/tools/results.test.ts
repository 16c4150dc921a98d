import {existsSync, mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import {copyOfProject, run, type Ended} from './project';
import {projectRoot} from '../support';

const files = [
  'tools',
  'tsconfig.json',
  'lib/tsconfig.json',
  'lib/serve/page',
  'lib/package.json',
  'test/tsconfig.json',
  '.mocharc.json',
];

describe('npm test', () => {
  const folder = copyOfProject(files, ['node_modules']);

  function write(name: string, text: string): void {
    writeFileSync(join(folder, name), text);
  }

  async function test(...args: string[]): Promise<Ended & {last: string}> {
    const ended = await run(folder, ['tools/test.mjs', ...args], {
      INIT_CWD: folder,
      FLICKR8K: folder,
      NO_COLOR: '1',
      FORCE_COLOR: undefined,
    });
    return {...ended, last: ended.stdout.trimEnd().split('\n').at(-1)!};
  }

  before(() => {
    mkdirSync(join(folder, 'test', 'area'));
    write('lib/one.ts', 'export const one = 1;\n');
    write(
      'test/area/some.test.ts',
      `describe('some', () => {
        it('passes', () => undefined);
        it('fails', () => { throw new Error('meant'); });
        it.skip('is skipped', () => undefined);
      });`,
    );
    write('test/area/other.test.ts', "it('also passes', () => undefined);");
  });

  it('shows the tests as they run, counts them in the last line and fails when one failed', async () => {
    const {code, stdout, last} = await test();
    expect(stdout).to.match(/some\s+✔ passes\s+1\) fails\s+- is skipped/);
    expect([code, last]).to.deep.equal([1, '2 passed, 1 failed, 1 skipped']);
  });

  it('runs a file with failures once more in a whole run, and names what passes only then', async () => {
    write(
      'test/area/unsteady.test.ts',
      `import {existsSync, writeFileSync} from 'node:fs';
      const again = existsSync('seen');
      writeFileSync('seen', '');
      describe('unsteady', () => {
        before(() => { if (!again) throw new Error('too busy'); });
        it('passes later', () => undefined);
        it('passes, too', () => undefined);
      });`,
    );
    const {code, stdout, last} = await test();
    expect(stdout).to.match(/^Once more, by themselves: area\/some.test.js, area\/unsteady.test.js$/m);
    expect(stdout).to.match(/^Passed only when run once more: unsteady "before all" hook/m);
    expect(stdout).not.to.match(/^Passed only when run once more: some fails$/m);
    expect([code, last]).to.deep.equal([1, '4 passed, 1 failed, 1 skipped']);

    rmSync(join(folder, 'seen'));
    const named = await test('test/area/unsteady.test.ts');
    expect([named.code, named.last]).to.deep.equal([1, '0 passed, 1 failed, 0 skipped']);
    rmSync(join(folder, 'test', 'area', 'unsteady.test.ts'));
  });

  it('runs the tests of notebooks beside the others, and those that measure time after them', async () => {
    const began = (name: string): string =>
      `import {existsSync, writeFileSync} from 'node:fs';
      import {setTimeout as pause} from 'node:timers/promises';
      it('${name}', async () => {
        writeFileSync('began-${name}', '');
        for (let waited = 0; waited < 100; waited++) if (existsSync('began-other')) break; else await pause(200);
        if (!existsSync('began-other')) throw new Error('the other never began');
        if (existsSync('began-alone') !== ${name === 'alone'}) throw new Error('not alone');
      });`;
    const all = {notebook: 'notebooks/one', other: 'area/begins', alone: 'interrupt'};
    mkdirSync(join(folder, 'test', 'notebooks'), {recursive: true});
    for (const [name, file] of Object.entries(all)) write(`test/${file}.test.ts`, began(name));
    const {stdout, last} = await test();
    for (const name of Object.keys(all)) expect(stdout).to.include(`✔ ${name}`);
    expect(last).to.equal('5 passed, 1 failed, 1 skipped');
    for (const file of Object.values(all)) rmSync(join(folder, 'test', `${file}.test.ts`));
  });

  it('hands its arguments to mocha, and runs only the files that are named', async () => {
    const {code, last} = await test('test/area/some.test.ts', '-g', 'passes');
    expect([code, last]).to.deep.equal([0, '1 passed, 0 failed, 0 skipped']);
  });

  it('leaves slow tests out when it has to be quick, and says which', async () => {
    mkdirSync(join(folder, 'test', 'browser'));
    write('test/browser/page.test.ts', "it('is slow', () => undefined);");
    write('test/cli.test.ts', "it('is slow, too', () => undefined);");
    write(
      'test/area/material.test.ts',
      "it('has no photographs', () => { if (process.env['FLICKR8K']) throw new Error('has some'); });",
    );
    const {stdout, last} = await test('--quick', '-g', 'fails', '--invert');
    expect(last).to.equal('3 passed, 0 failed, 1 skipped');
    expect(stdout).to.not.include('is slow');
    expect(stdout).to.match(/^Left out.*\n {2}test\/browser: .+\n {2}test\/cli: .+$/m);

    const named = await test('--quick', 'test/cli.test.ts');
    expect([named.code, named.last]).to.deep.equal([0, '1 passed, 0 failed, 0 skipped']);
    for (const path of ['browser', 'cli.test.ts', 'area/material.test.ts'])
      rmSync(join(folder, 'test', path), {recursive: true});
  });

  it('knows tests that there are, and no others', async () => {
    const module = pathToFileURL(join(projectRoot, 'tools', 'slow-tests.mjs')).href;
    const {slowTests, lanes} = (await import(module)) as {
      slowTests: Record<string, string>;
      lanes: Record<'first' | 'alone', string[]>;
    };
    const gone = [...Object.keys(slowTests), ...lanes.first, ...lanes.alone].filter(
      (name) => !['', '.test.ts'].some((end) => existsSync(join(projectRoot, 'test', name + end))),
    );
    expect(gone).to.deep.equal([]);
  });

  it('does not run a test whose source is gone, and counts a test that does not compile as failed', async () => {
    rmSync(join(folder, 'test', 'area', 'some.test.ts'));
    const gone = await test();
    expect([gone.code, gone.last]).to.deep.equal([0, '1 passed, 0 failed, 0 skipped']);
    write('test/area/other.test.ts', 'const wrong: string = 1;');
    const {code, stderr, last} = await test();
    expect([code, last]).to.deep.equal([1, '0 passed, 1 failed, 0 skipped']);
    expect(stderr).to.include('do not compile');
  });
});
