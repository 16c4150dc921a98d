/** The Python packages of the project: the list under `pip` in environment.yml, with TensorFlow chosen for the machine. */
import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

/**
 * @param {{home: string, device: 'cpu' | 'gpu'}} project
 * @returns {{name: string, version: string, line: string}[]} `line` is what pip is given.
 */
export function requirements({home, device}, arch = process.arch) {
  const list = parseEnvironment(readFileSync(join(home, 'environment.yml'), 'utf8'));
  const tensorflow = list.find(({name}) => isTensorFlow(name));
  if (tensorflow === undefined) throw new Error('environment.yml: expected TensorFlow under pip');
  const {version} = tensorflow;
  // The wheel without CUDA exists for x86-64 alone.
  const small = arch === 'x64' && process.platform === 'linux';
  const name = device === 'gpu' ? 'tensorflow[and-cuda]' : small ? 'tensorflow-cpu' : 'tensorflow';
  const chosen = {name: plain(name), version, line: `${name}==${version}`};
  return [chosen, ...list.filter((one) => !isTensorFlow(one.name))];
}

/** Reads the lines `- name==version` under `- pip:`; the file is ours and uses no more of YAML than that. */
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

/** What is installed in a site-packages folder, name to version; nothing when there is no such folder. */
export function installed(site) {
  const found = new Map();
  let names = [];
  try {
    names = readdirSync(site);
  } catch {
    // No such folder, so nothing is installed.
  }
  for (const name of names) {
    const match = /^(.+)-([^-]+)\.dist-info$/.exec(name);
    if (match !== null) found.set(plain(match[1]), match[2]);
  }
  return found;
}

/** Whether exactly what is required is there, TensorFlow in one variant only: two of them share one folder. */
export function satisfied(list, present) {
  const others = [...present.keys()].filter(
    (name) => isTensorFlow(name) && !list.some((one) => one.name === name),
  );
  return others.length === 0 && list.every(({name, version}) => present.get(name) === version);
}

export const isTensorFlow = (name) => name === 'tensorflow' || name === 'tensorflow-cpu';

/** Package names count as equal whatever their case and separators (PEP 503). */
const plain = (name) =>
  name
    .replace(/\[.*\]$/, '')
    .toLowerCase()
    .replaceAll(/[-_.]+/g, '-');
