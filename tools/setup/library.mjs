/** Step: compiles the library from lib to lib/dist, and what is generated from the compiled schemas of options. */
import {existsSync, rmSync} from 'node:fs';
import {join} from 'node:path';
import {EOL} from 'node:os';
import {attempt} from './child.mjs';
import {explain, SetupError} from './failure.mjs';
import {filesBelow, readJson, sum, sumOfFile, sumOfFiles, writeJson} from './files.mjs';

export function libraryStep(project) {
  const lib = join(project.home, 'lib');
  const dist = join(lib, 'dist');
  const stamp = join(dist, '.setup.json');

  return {
    name: 'library',

    done() {
      const known = readJson(stamp);
      return known !== undefined && known.sources === sourceSum() && known.outputs === outputSum();
    },

    async run() {
      const known = readJson(stamp);
      project.say('Compiling with tsc -b lib');
      // tsc trusts its own record of its output, so it rewrites damaged files only with --force.
      const incremental = known !== undefined && known.sources !== sourceSum();
      await compile(incremental ? [] : ['--force']);
      if (missing().length > 0) await compile(['--force']);
      prune(dist, lib);
      writeJson(stamp, {sources: sourceSum(), outputs: outputSum()});
    },
  };

  async function compile(options) {
    let compiled = await tsc(options);
    // Where interfaces are older than the schemas they come from, this may be all that is wrong; tsc has written its output anyway.
    if (await generate(compiled.code === 0)) compiled = await tsc([]);
    const {code, output} = compiled;
    if (code === 0) return;
    const errors = output.split(/\r?\n/).filter((line) => / error TS\d+/.test(line));
    if (errors.length === 0) throw explain('tsc -b lib', output, project.log);
    throw new SetupError(
      `The library does not compile: ${errors.length} error${errors.length === 1 ? '' : 's'}.${EOL}    ${errors.slice(0, 10).join(`${EOL}    `)}`,
      'Correct the errors, then run the command again.',
    );
  }

  function tsc(options) {
    const program = join(project.home, 'node_modules', 'typescript', 'bin', 'tsc');
    return attempt(project, [process.execPath, program, '-b', 'lib', ...options]);
  }

  /** @returns {Promise<boolean>} Whether a generated file changed. */
  async function generate(expected) {
    const generator = join(project.home, 'tools', 'options.mjs');
    if (!existsSync(generator)) return false;
    const {code, output} = await attempt(project, [process.execPath, generator]);
    if (code !== 0 && expected) throw explain('node tools/options.mjs', output, project.log);
    return code === 0 && output.trim() !== '';
  }

  function sourceFiles() {
    return filesBelow(lib, (path, isFolder) =>
      isFolder ? !/^(dist|node_modules|bin)$/.test(path) : path.endsWith('.ts'),
    );
  }

  function sourceSum() {
    const settings = [
      'tsconfig.json',
      'lib/tsconfig.json',
      'lib/serve/page/tsconfig.json',
      'package-lock.json',
    ].map((name) => sumOfFile(join(project.home, name)));
    return sum(JSON.stringify([sumOfFiles(lib, sourceFiles()), settings]));
  }

  function outputSum() {
    return sumOfFiles(
      dist,
      filesBelow(dist, (path, isFolder) => isFolder || /\.(js|d\.ts)$/.test(path)),
    );
  }

  function missing() {
    return sourceFiles().filter(
      (path) => !path.endsWith('.d.ts') && !existsSync(join(dist, path.replace(/\.ts$/, '.js'))),
    );
  }
}

/** Removes compiled files without a source: they could still be imported or run as tests. */
export function prune(compiled, sources) {
  const output = /\.(js|js\.map|d\.ts)$/;
  for (const path of filesBelow(compiled, (name, isFolder) => isFolder || output.test(name))) {
    if (!existsSync(join(sources, path.replace(output, '.ts')))) rmSync(join(compiled, path));
  }
}
