/** Small copies of the project on which set-up can be tried, and the modules of set-up, which are not TypeScript. */
import {spawn} from 'node:child_process';
import {cpSync, mkdirSync, symlinkSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';

export interface Project {
  home: string;
  env: NodeJS.ProcessEnv;
  device: 'cpu' | 'gpu';
  say: (line: string) => void;
}

export interface Step {
  name: string;
  done(): boolean;
  run(): void | Promise<void>;
}

export interface SetupError extends Error {
  advice: string;
}

/** The functions of set-up that tests call. */
export interface Setup {
  readonly nodeProblem: (version: string, platform: string) => string | undefined;
  readonly openProject: (home: string, env: NodeJS.ProcessEnv) => Project;
  readonly wantedDevice: (env: NodeJS.ProcessEnv, driver?: string) => string;
  readonly requirements: (project: Project, arch?: string) => {name: string; line: string}[];
  readonly parseEnvironment: (text: string) => {name: string; line: string}[];
  readonly environment: (project: Project) => {
    kind: 'venv' | 'conda';
    root: string;
    python: string;
    site: string;
  };
  readonly run: (project: Project, what: string, command: string[]) => Promise<string>;
  readonly explain: (what: string, output: string, log: string) => SetupError;
  readonly damage: (project: Project, root: string) => string | undefined;
  readonly packagesStep: (project: Project) => Step;
  readonly pythonStep: (project: Project) => Step;
  readonly bindingStep: (project: Project) => Step & {binding: string};
  readonly libraryStep: (project: Project) => Step;
  readonly weightsStep: (project: Project) => Step;
  readonly kernelStep: (project: Project) => Step;
}

const modules = 'node project requirements python child failure venv packages binding library weights kernel';

export async function loadSetup(): Promise<Setup> {
  const files = modules.split(' ').map((name) => join(projectRoot, 'tools', 'setup', `${name}.mjs`));
  const loaded = await Promise.all(
    files.map(async (file) => (await import(pathToFileURL(file).href)) as object),
  );
  return Object.assign({}, ...loaded) as Setup;
}

/** A folder with the named files of the project: `links` are shared with it, `copies` are not. */
export function copyOfProject(copies: readonly string[], links: readonly string[] = []): string {
  const folder = temporaryFolder();
  for (const path of copies) cpSync(join(projectRoot, path), join(folder, path), {recursive: true});
  for (const path of links) {
    mkdirSync(dirname(join(folder, path)), {recursive: true});
    symlinkSync(join(projectRoot, path), join(folder, path));
  }
  return folder;
}

/** A project whose set-up depends on nothing of this process's own choices. */
export async function openProject(folder: string, env: NodeJS.ProcessEnv = {}): Promise<Project> {
  const {openProject: open} = await loadSetup();
  return open(folder, {...process.env, CAPTIONER_DEVICE: 'cpu', CAPTIONER_PYTHON: '', CXX: '', ...env});
}

/** For tests that have no network: a registry that nobody serves, asked once and without a cache. */
export const withoutNetwork: NodeJS.ProcessEnv = {
  npm_config_registry: 'http://127.0.0.1:9',
  npm_config_fetch_retries: '0',
  PIP_INDEX_URL: 'http://127.0.0.1:9',
  PIP_EXTRA_INDEX_URL: '',
  PIP_FIND_LINKS: '',
  PIP_CONFIG_FILE: '/dev/null',
  PIP_RETRIES: '1',
  PIP_NO_CACHE_DIR: '1',
};

/** A PATH with Node, what `scripts` adds, and no more. */
export function barePath(scripts: Readonly<Record<string, string>> = {}): string {
  const folder = programs(scripts);
  symlinkSync(process.execPath, join(folder, 'node'));
  return folder;
}

export async function failureOf(action: () => unknown): Promise<SetupError> {
  try {
    await action();
  } catch (error) {
    expect((error as Error).name, (error as Error).stack).to.equal('SetupError');
    return error as SetupError;
  }
  throw new Error('expected a failure');
}

/** A folder for PATH with scripts of a shell, name to text. */
export function programs(scripts: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [name, text] of Object.entries(scripts))
    writeFileSync(join(folder, name), `#!/bin/sh\n${text}\n`, {mode: 0o755});
  return folder;
}

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Running {
  readonly ended: Promise<Ended>;
  /** Settles when the program has printed this. */
  printed(text: string): Promise<void>;
  kill(): void;
}

/** Starts `node` with a script of tools. */
export function start(folder: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Running {
  const child = spawn(process.execPath, args, {cwd: folder, env: {...process.env, ...env}});
  const seen = {stdout: '', stderr: ''};
  const listeners = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const)
    child[name].setEncoding('utf8').on('data', (text: string) => {
      seen[name] += text;
      for (const listener of listeners) listener();
    });
  return {
    ended: new Promise((resolve) => child.on('close', (code) => resolve({code, ...seen}))),
    printed: (text) =>
      new Promise((resolve, reject) => {
        const look = () => {
          if (!`${seen.stdout}${seen.stderr}`.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
        child.on('close', () =>
          reject(new Error(`ended without printing "${text}": ${seen.stdout}${seen.stderr}`)),
        );
      }),
    kill: () => child.kill('SIGKILL'),
  };
}

export const run = (folder: string, args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended> =>
  start(folder, args, env).ended;
