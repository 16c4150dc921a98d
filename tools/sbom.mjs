/**
 * Writes the bills of materials (SBOM, CycloneDX) of what set-up installs into .build/sbom: `javascript.cdx.json` of package-lock.json, by
 * npm, and `python-cpu.cdx.json` and `python-gpu.cdx.json` of the lists of Python packages. Needs no network.
 */
import {spawnSync} from 'node:child_process';
import {mkdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {npm} from './setup/packages.mjs';
import {home} from './setup/project.mjs';
import {lockFile, parseLock} from './setup/requirements.mjs';

const folder = join(home, '.build', 'sbom');

function javascript() {
  const [program, ...args] = [...npm(), 'sbom', '--sbom-format', 'cyclonedx', '--package-lock-only'];
  const {status, stdout, stderr} = spawnSync(program, args, {
    cwd: home,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (status !== 0) throw new Error(`npm sbom failed: ${stderr}`);
  return JSON.parse(stdout);
}

/** One component for each version of a package, with the checksums of all its files. */
function python(device) {
  const {version, license} = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
  const components = parseLock(readFileSync(lockFile(device), 'utf8')).map((one) => ({
    'bom-ref': `pkg:pypi/${one.name}@${one.version}`,
    'type': 'library',
    'name': one.name,
    'version': one.version,
    'purl': `pkg:pypi/${one.name}@${one.version}`,
    'hashes': one.hashes.map((content) => ({alg: 'SHA-256', content})),
    ...(one.marker !== '' && {properties: [{name: 'captioner:marker', value: one.marker}]}),
  }));
  const component = {type: 'application', name: 'captioner', version, licenses: [{license: {id: license}}]};
  return {bomFormat: 'CycloneDX', specVersion: '1.5', version: 1, metadata: {component}, components};
}

/** @returns {Record<string, object>} The bills by file name. */
export function billsOfMaterials() {
  return {
    'javascript.cdx.json': javascript(),
    'python-cpu.cdx.json': python('cpu'),
    'python-gpu.cdx.json': python('gpu'),
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  mkdirSync(folder, {recursive: true});
  for (const [name, bill] of Object.entries(billsOfMaterials())) {
    writeFileSync(join(folder, name), `${JSON.stringify(bill, undefined, 2)}\n`);
    console.log(`${join('.build', 'sbom', name)}: ${bill.components.length} components`);
  }
}
