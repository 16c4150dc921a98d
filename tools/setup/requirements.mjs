/**
 * Python packages of the project: the list under `pip` in environment.yml, with the TensorFlow variant for this machine, and the lists of
 * all that they bring, each with its checksums, which `npm run lock` writes.
 */
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {sum} from './files.mjs';

/** The list of all packages of a device, or of the compiler, with their checksums. @param {'cpu' | 'gpu' | 'compiler'} name */
export const lockFile = (name) => fileURLToPath(new URL(`requirements-${name}.txt`, import.meta.url));

/** Tells from which requirements a list was made. */
export const stampOf = (requirements) => sum(requirements.join('\n')).slice(0, 16);

/** Arguments of `pip install` for a list: nothing is installed but what has a checksum there, and no code of a package runs. */
export const lockedPackages = (name) => [
  '--require-hashes',
  '--only-binary',
  ':all:',
  '--requirement',
  lockFile(name),
];

/** Reads the packages of a list. @returns {{name: string, version: string, marker: string, hashes: string[]}[]} */
export function parseLock(text) {
  return text
    .replaceAll('\\\n', ' ')
    .split('\n')
    .flatMap((line) => {
      const [, name, version, rest] = /^([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==(\S+)(.*)$/.exec(line) ?? [];
      if (name === undefined) return [];
      const [, marker = ''] = /;\s*(.*?)\s*(?:--hash|$)/.exec(rest) ?? [];
      const hashes = [...rest.matchAll(/--hash=sha256:([0-9a-f]{64})/g)].map(([, hash]) => hash);
      return [{name: plain(name), version, marker, hashes}];
    });
}

/**
 * @param {{home: string, device: 'cpu' | 'gpu'}} project
 * @returns {{name: string, version: string, line: string}[]} `line` is the requirement passed to pip.
 */
export function requirements({home, device}, arch = process.arch) {
  const list = parseEnvironment(readFileSync(join(home, 'environment.yml'), 'utf8'));
  const tensorflow = list.find(({name}) => isTensorFlow(name));
  if (tensorflow === undefined) throw new Error('environment.yml: expected TensorFlow under pip');
  const {version} = tensorflow;
  // On Linux the wheel without CUDA exists only for x86-64.
  const small = arch === 'x64' && process.platform === 'linux';
  const name = device === 'gpu' ? 'tensorflow[and-cuda]' : small ? 'tensorflow-cpu' : 'tensorflow';
  const chosen = {name: plain(name), version, line: `${name}==${version}`};
  return [chosen, ...list.filter((one) => !isTensorFlow(one.name))];
}

/** Reads the lines `- name==version` under `- pip:`; the project's file uses no other YAML there. */
export function parseEnvironment(text) {
  const list = [];
  let inside;
  for (const [at, raw] of text.split(/\r?\n/).entries()) {
    const line = raw.replace(/(^|\s)#.*$/, '').trimEnd();
    if (line === '') continue;
    const depth = line.search(/\S/);
    if (inside !== undefined && depth <= inside) inside = undefined;
    if (/^\s*- pip:$/.test(line)) {
      inside = depth;
    } else if (inside !== undefined) {
      const match = /^\s*- (([A-Za-z0-9._-]+)(?:\[[^\]]*\])?==([A-Za-z0-9.+!]+)(?:\s*;.*)?)$/.exec(line);
      if (match === null)
        throw new Error(`environment.yml line ${at + 1}: expected "- name==version", got "${line.trim()}"`);
      list.push({name: plain(match[2]), version: match[3], line: match[1]});
    }
  }
  return list;
}

/** Installed packages of a site-packages folder, name to version; empty if there is no such folder. */
export function installed(site) {
  const found = new Map();
  let names = [];
  try {
    names = readdirSync(site);
  } catch {
    // Without the folder, nothing is installed.
  }
  for (const name of names) {
    const match = /^(.+)-([^-]+)\.dist-info$/.exec(name);
    if (match !== null) found.set(plain(match[1]), match[2]);
  }
  return found;
}

/** Whether all requirements are installed, with only one TensorFlow variant: two would share a folder. */
export function satisfied(list, present) {
  const others = [...present.keys()].filter(
    (name) => isTensorFlow(name) && !list.some((one) => one.name === name),
  );
  return others.length === 0 && list.every(({name, version}) => present.get(name) === version);
}

export const isTensorFlow = (name) => name === 'tensorflow' || name === 'tensorflow-cpu';

/** Normalizes a package name: case and separators don't count (PEP 503). */
const plain = (name) =>
  name
    .replace(/\[.*\]$/, '')
    .toLowerCase()
    .replaceAll(/[-_.]+/g, '-');
