/**
 * Renews the lists of Python packages that set-up installs, `setup/requirements-*.txt`: the packages of environment.yml with all that they
 * bring, each with its version and the SHA-256 of its files, for every supported Python, platform and machine. `npm run lock` renews them
 * after a change of environment.yml, or to take newer versions of what the packages bring; see docs/reliability.md.
 */
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {attempt} from './setup/child.mjs';
import {explain, SetupError} from './setup/failure.mjs';
import {ziglang} from './setup/binding.mjs';
import {openProject} from './setup/project.mjs';
import {environment} from './setup/python.mjs';
import {isTensorFlow, lockFile, parseEnvironment, stampOf} from './setup/requirements.mjs';

/** The resolver, installed into .build when it is needed. */
const uv = 'uv==0.13.9';
const oldestPython = '3.10';

/** Returns what each list begins with: the requirements that are locked. */
export function lockedRequirements(environmentText) {
  const list = parseEnvironment(environmentText);
  const [{version}] = list.filter(({name}) => isTensorFlow(name));
  const others = list.filter(({name}) => !isTensorFlow(name)).map(({line}) => line);
  return {
    cpu: list.map(({line}) => line),
    gpu: [`tensorflow[and-cuda]==${version}`, ...others],
    compiler: [`ziglang==${ziglang}`],
  };
}

async function main() {
  const project = openProject();
  const {PIP_INDEX_URL: index, PIP_CERT: certificates} = project.env;
  // The resolver has its own names for what pip is told.
  if (index) project.env.UV_DEFAULT_INDEX ??= index;
  if (certificates) project.env.SSL_CERT_FILE ??= certificates;
  const {python} = environment(project);
  const tool = join(project.home, '.build', uv.replace('==', '-'));
  const pip = [python, '-I', '-m', 'pip', 'install', '--target', tool, '--no-deps', '--only-binary', ':all:', uv];
  if (!existsSync(tool)) await run(project, 'pip install uv', pip);
  const text = readFileSync(join(project.home, 'environment.yml'), 'utf8');
  for (const [name, requirements] of Object.entries(lockedRequirements(text))) {
    const input = join(project.home, '.build', `requirements-${name}.in`);
    writeFileSync(input, `${requirements.join('\n')}\n`);
    const output = join(project.home, '.build', `requirements-${name}.txt`);
    const options = ['--universal', '--python-version', oldestPython, '--generate-hashes', '--upgrade', '--no-header', '--no-annotate', '--output-file', output];
    await run(project, 'uv pip compile', [join(tool, 'bin', 'uv'), 'pip', 'compile', ...options, input]);
    const locked = readFileSync(output, 'utf8');
    writeFileSync(lockFile(name), `# ${stampOf(requirements)}: written by \`npm run lock\`; see docs/reliability.md.\n${locked.trimEnd()}\n`);
    console.log(`${name}: ${locked.match(/^\S+==/gm).length} packages`);
  }
} // prettier-ignore

async function run(project, what, command) {
  const {code, output} = await attempt(project, command);
  if (code !== 0) throw explain(what, output, project.log);
  return output;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  try {
    await main();
  } catch (error) {
    if (!(error instanceof SetupError)) throw error;
    console.error(`captioner: ${error.message}\n  What to do: ${error.advice}`);
    process.exitCode = 1;
  }
}
