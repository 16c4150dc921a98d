import {spawnSync} from 'node:child_process';
import {existsSync, readFileSync, readdirSync} from 'node:fs';
import {basename, join} from 'node:path';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';
import {reportTool} from './quick';
import {writeNotebook} from './write';

function notebook(folder: string, name: string, ...sources: string[]): string {
  return writeNotebook(folder, name, sources, '# A trial\n\nOf reports.');
}

function command(...words: string[]): {status: number | null; stderr: string} {
  return spawnSync(process.execPath, [join(projectRoot, 'tools', 'report.mjs'), ...words], {
    encoding: 'utf8',
    cwd: projectRoot,
    env: {...process.env, INIT_CWD: projectRoot},
  });
}

async function failure(
  file: string,
  folder: string,
  ...parameters: [string, string][]
): Promise<Error & {code?: number}> {
  const {report} = await reportTool();
  return report(file, parameters, {folder, log: () => {}}).then(
    () => expect.fail('expected the report to fail'),
    (error: Error) => error,
  );
}

describe('npm run report', function () {
  this.timeout(120_000);
  const folder = temporaryFolder();
  const parameters = `let steps = 3; // how many\nlet data = 'a'; // a folder\nlet fast = false;\nlet names: string[] = [];`;

  it('is not disturbed when the library is built again meanwhile', async () => {
    const file = notebook(
      folder,
      'rebuilt',
      'let lib = "";',
      "import {CaptionerError} from 'captioner';\nimport {utimesSync} from 'node:fs';\nimport {setTimeout as pause} from 'node:timers/promises';",
      'for (const file of ["/dist/errors.d.ts", "/package.json", "/dist/errors.d.ts"]) {\n  utimesSync(lib + file, new Date(), new Date());\n  await pause(2500);\n}',
      'console.log(CaptionerError.name);',
    );
    const {report} = await reportTool();
    const {ipynb} = await report(file, [['lib', join(projectRoot, 'lib')]], {folder, log: () => undefined});
    expect(readFileSync(ipynb, 'utf8')).to.include('CaptionerError');
  });

  it('writes the executed notebook and a page that needs nothing else, with parameters as they were given', async () => {
    const file = notebook(
      folder,
      'good',
      parameters,
      'console.log(JSON.stringify([steps, data, fast, names]));',
    );
    const {report} = await reportTool();
    const lines: string[] = [];
    const {html, ipynb} = await report(
      file,
      [
        ['steps', '1e3'],
        ['data', '12'],
        ['fast', 'true'],
        ['names', '["é", "</script>"]'],
      ],
      {folder, log: (line) => lines.push(line)},
    );
    expect(readFileSync(ipynb, 'utf8')).to.include(
      JSON.stringify('[1000,"12",true,["é","</script>"]]\n').slice(1, -1),
    );
    const page = readFileSync(html, 'utf8');
    expect(page).to.match(
      /<meta content="default-src 'none'; script-src 'nonce-[^>]* http-equiv="Content-Security-Policy"/,
    );
    expect(page).to.include('<title>A trial</title>');
    expect(page).not.to.match(/<(script|link|img|iframe)[^>]+(src|href)="(?!data:)/);
    expect(lines.join('\n')).to.include('A trial');
  });

  it('says which cell failed and why, and leaves the report that was there', async () => {
    const file = notebook(
      folder,
      'sometimes',
      'let broken = false;',
      `if (broken) throw new RangeError('too far');`,
    );
    const {report} = await reportTool();
    const {html} = await report(file, [], {folder, log: () => {}});
    const before = readFileSync(html, 'utf8');
    notebook(folder, 'sometimes', 'let broken = true;', `if (broken) throw new RangeError('too far');`);
    const error = await failure(file, folder);
    expect(error.message).to.match(/sometimes\.ipynb, cell \[2\] in "A trial": RangeError: too far\n/);
    expect(error.code).to.equal(1);
    expect(readFileSync(html, 'utf8')).to.equal(before);
    expect(existsSync(join(folder, 'sometimes.failed.ipynb'))).to.equal(true);
    expect(readdirSync(folder).filter((name) => name.startsWith('.'))).to.deep.equal([]);
  });

  it('fails for errors that nobody awaited, too', async () => {
    const late = notebook(
      folder,
      'late',
      'let a = 1;',
      `setTimeout(() => { throw new TypeError('late'); }, 50);`,
    );
    expect((await failure(late, folder)).message).to.match(/cell \[2\].* did not await: TypeError: late/);
    const lost = notebook(folder, 'lost', 'let a = 1;', `void Promise.reject(new Error('lost'));`);
    expect((await failure(lost, folder)).message).to.match(/did not await: Error: lost/);
  });

  it('fails when the kernel dies', async () => {
    const dead = notebook(
      folder,
      'dead',
      'let a = 1;',
      `process.kill(process.pid, 'SIGKILL'); await new Promise(() => {});`,
    );
    expect((await failure(dead, folder)).message).to.match(/the kernel died in the middle of a cell/);
  });

  it('refuses parameters that are unknown or of another type, with exit code 2', async () => {
    const file = notebook(folder, 'parameters', parameters);
    const wrong: [string, string, RegExp][] = [
      ['step', '1', /Unknown parameter "step"; this notebook takes: steps, data, fast, names/],
      ['steps', 'ten', /Expected parameter `steps` to be a number, got "ten"/],
      ['fast', '1', /Expected parameter `fast` to be true or false, got "1"/],
      ['names', '3', /a parameter has the wrong type: .*'number' is not assignable to type 'string\[\]'/],
    ];
    for (const [name, value, message] of wrong) {
      const error = await failure(file, folder, [name, value]);
      expect(error.message).to.match(message);
      expect(error.code).to.equal(2);
    }
  });

  it('hands the folder of the caller to the notebook', async () => {
    const file = notebook(
      folder,
      'where',
      'let a = 1;',
      `console.log('from ' + process.env.CAPTIONER_CWD!.split('/').pop());`,
    );
    const before = process.env['CAPTIONER_CWD'];
    process.env['CAPTIONER_CWD'] = folder;
    try {
      const {report} = await reportTool();
      const {ipynb} = await report(file, [], {folder, log: () => {}});
      expect(readFileSync(ipynb, 'utf8')).to.include(`from ${basename(folder)}`);
    } finally {
      if (before === undefined) delete process.env['CAPTIONER_CWD'];
      else process.env['CAPTIONER_CWD'] = before;
    }
  });

  it('refuses to replace another report, before anything is executed', async () => {
    const file = notebook(folder, 'named', 'let a = 1;', 'console.log(a);');
    const {report} = await reportTool();
    const {html} = await report(file, [], {folder, output: 'mine', log: () => {}});
    const start = performance.now();
    const error = await report(file, [['a', '2']], {folder, output: 'mine', log: () => {}}).then(
      () => expect.fail('expected a refusal'),
      (reason: Error & {code?: number}) => reason,
    );
    expect(performance.now() - start).to.be.below(2000);
    expect(error.message).to.match(
      /mine holds the report of .*named\.ipynb, without parameters; choose another/,
    );
    expect(error.code).to.equal(2);
    expect(readFileSync(html, 'utf8')).to.include('A trial');
    const replaced = await report(file, [['a', '2']], {folder, output: 'mine', replace: true, log: () => {}});
    expect(replaced.html).to.equal(html);
  });

  it('says how it is used', () => {
    const cases: [string[], RegExp][] = [
      [[], /Expected a notebook[^]*Usage/],
      [['nowhere.ipynb'], /found no file at .*nowhere\.ipynb/],
      [['a.ipynb', '-p', 'x'], /Expected `-p NAME VALUE`, got `-p x`/],
      [['--fast'], /Unknown option --fast; known: .*--output NAME/],
      [['a.ipynb', '--output'], /Expected a name after --output/],
      [['a.ipynb', '--output=../up'], /Expected --output to be a name .*got "..\/up"/],
      [['a.ipynb', '--replace'], /Expected --output NAME with --replace/],
      [['package.json'], /package\.json: expected a Jupyter notebook/],
    ];
    for (const [words, message] of cases) {
      const {status, stderr} = command(...words);
      expect(stderr).to.match(message);
      expect(status).to.equal(2);
    }
  });
});
