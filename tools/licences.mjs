/**
 * Writes docs/licences.md: the licence of every package that set-up installs, those of JavaScript as package-lock.json states them, those of
 * Python as their metadata in the Python environment do. Run it after a change of the locked packages: `node tools/licences.mjs`.
 */
import {readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {home, openProject} from './setup/project.mjs';
import {environment} from './setup/python.mjs';
import {installed, lockFile, parseLock} from './setup/requirements.mjs';

const file = join(home, 'docs', 'licences.md');

/** Licences that texts of metadata stand for. */
const known = [
  [/apache.*2|^apache( software)?( license)?$/i, 'Apache-2.0'],
  [/^(the )?mit( license)?$|^expat/i, 'MIT'],
  [/bsd.*3|3.*bsd|new bsd/i, 'BSD-3-Clause'],
  [/bsd.*2|2.*bsd|simplified bsd/i, 'BSD-2-Clause'],
  [/^bsd( license)?$/i, 'BSD'],
  [/mozilla.*2|mpl.?2/i, 'MPL-2.0'],
  [/^isc/i, 'ISC'],
  [/python software foundation|^psf/i, 'PSF-2.0'],
  [/unlicense/i, 'Unlicense'],
  [/nvidia|proprietary/i, 'NVIDIA proprietary'],
];

/** Returns the licence of a Python package that its metadata name. */
export function licenceIn(metadata) {
  const head = metadata.split(/\r?\n\r?\n/)[0];
  const field = (name) => new RegExp(`^${name}: *(.+)$`, 'm').exec(head)?.[1].trim();
  const expression = field('License-Expression');
  if (expression !== undefined) return expression;
  const classified = [...head.matchAll(/^Classifier: License :: (?:OSI Approved(?: :: )?)?(.+)$/gm)].map(([, text]) => text);
  const texts = [field('License'), ...classified].filter((text) => text !== undefined && text !== 'UNKNOWN' && text.length < 100);
  for (const text of texts) {
    const found = known.find(([pattern]) => pattern.test(text));
    if (found) return found[1];
  }
  return texts[0] ?? 'not stated';
} // prettier-ignore

function javascript() {
  const {packages} = JSON.parse(readFileSync(join(home, 'package-lock.json'), 'utf8'));
  return Object.entries(packages)
    .filter(([path, {link}]) => path.includes('node_modules/') && !link)
    .map(([path, {version, license, name}]) => ({
      name: name ?? path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length),
      version,
      licence: license ?? 'not stated',
    }));
}

function python() {
  const {site} = environment(openProject());
  const present = installed(site);
  const locked = ['cpu', 'gpu', 'compiler'].flatMap((name) => parseLock(readFileSync(lockFile(name), 'utf8')));
  const folders = readdirSync(site).filter((name) => name.endsWith('.dist-info'));
  const metadata = ({name}) => {
    const folder = folders.find((one) => one.toLowerCase().replaceAll(/[-_.]+/g, '-').startsWith(`${name}-${present.get(name)}`.replaceAll(/[-_.]+/g, '-')));
    return folder && readFileSync(join(site, folder, 'METADATA'), 'utf8');
  };
  return locked.map((one) => {
    const text = present.has(one.name) ? metadata(one) : undefined;
    return {...one, licence: text === undefined ? elsewhere(one.name) : licenceIn(text)};
  });
} // prettier-ignore

/** Packages of other machines and Pythons aren't installed here. */
function elsewhere(name) {
  if (name.startsWith('nvidia-')) return 'NVIDIA proprietary';
  return 'not installed here, see its page';
}

function section(title, packages) {
  const unique = new Map(packages.map((one) => [`${one.name} ${one.version}`, one.licence]));
  const groups = new Map();
  for (const [one, licence] of [...unique].sort(([a], [b]) => (a < b ? -1 : 1)))
    groups.set(licence, [...(groups.get(licence) ?? []), one]);
  const byCount = [...groups].sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1));
  const parts = byCount.map(([licence, names]) => `**${licence}** (${names.length}): ${names.join(', ')}`);
  return [`## ${title}`, ...parts].join('\n\n');
}

/** @returns {string} The document. */
export function licences() {
  return `# Licences

The project's own licence is [Apache 2.0](../LICENSE). Set-up installs the packages below; \`node tools/licences.mjs\` wrote this list. Licences of datasets and of weights stand where they are downloaded (\`captioner download\`) and in model cards.

${section('JavaScript', javascript())}

${section('Python', python())}
`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(file, licences());
