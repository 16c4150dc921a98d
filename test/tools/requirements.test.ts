/** The locked Python packages: current, complete, with checksums, and one version of each for every supported Python. */
import {execFileSync} from 'node:child_process';
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import {projectRoot, python} from '../support';
import {loadSetup, openProject} from './project';

interface Locked {
  readonly name: string;
  readonly version: string;
  readonly marker: string;
  readonly hashes: readonly string[];
}

interface Tools {
  readonly lockedRequirements: (text: string) => Readonly<Record<string, readonly string[]>>;
  readonly parseLock: (text: string) => Locked[];
  readonly lockFile: (name: string) => string;
  readonly stampOf: (requirements: readonly string[]) => string;
  readonly billsOfMaterials: () => Record<
    string,
    {bomFormat: string; components: {name: string; version: string}[]}
  >;
  readonly licenceIn: (metadata: string) => string;
}

describe('The locked packages', () => {
  let tools: Tools;
  const text = (name: string): string => readFileSync(tools.lockFile(name), 'utf8');

  before(async () => {
    const files = ['lock', 'sbom', 'licences', 'setup/requirements'].map((name) =>
      join(projectRoot, 'tools', `${name}.mjs`),
    );
    const loaded = await Promise.all(
      files.map(async (file) => (await import(pathToFileURL(file).href)) as object),
    );
    tools = Object.assign({}, ...loaded) as Tools;
  });

  it('are those of environment.yml with all that they bring, each with checksums', () => {
    const wanted = tools.lockedRequirements(readFileSync(join(projectRoot, 'environment.yml'), 'utf8'));
    for (const [name, requirements] of Object.entries(wanted)) {
      expect(text(name), 'run npm run lock').to.include(tools.stampOf(requirements));
      const locked = tools.parseLock(text(name));
      expect(locked.every(({hashes}) => hashes.length > 0)).to.equal(true);
      for (const line of requirements) {
        const [, own, version] = /^([\w-]+)(?:\[.*\])?==([^;\s]+)/.exec(line)!;
        expect(
          locked.some((one) => one.name === own && one.version === version),
          line,
        ).to.equal(true);
      }
    }
    expect(tools.parseLock(text('cpu')).length).to.be.above(100);
  });

  it('have one version for each supported Python and kind of machine', () => {
    const lists = ['cpu', 'gpu'].map((name) => tools.parseLock(text(name)));
    const code = `
import json, sys
from pip._vendor.packaging.markers import Marker, default_environment
machines = [('linux', 'Linux', 'x86_64'), ('linux', 'Linux', 'aarch64'), ('darwin', 'Darwin', 'arm64')]
found = []
for packages in json.loads(sys.stdin.read()):
    for minor in range(10, 14):
        for platform, system, machine in machines:
            environment = default_environment() | {'python_version': f'3.{minor}', 'python_full_version': f'3.{minor}.5', 'sys_platform': platform, 'platform_system': system, 'platform_machine': machine}
            found.append([one['name'] for one in packages if not one['marker'] or Marker(one['marker']).evaluate(environment)])
print(json.dumps(found))`;
    const output = execFileSync(python(), ['-c', code], {input: JSON.stringify(lists), encoding: 'utf8'});
    const found = JSON.parse(output) as string[][];
    expect(found).to.have.length(2 * 4 * 3);
    for (const names of found) {
      expect(names.filter((name, at) => names.indexOf(name) !== at)).to.deep.equal([]);
      expect(names).to.include.members(['jupyterlab', 'papermill', 'numpy', 'safetensors']);
      expect(names.filter((name) => name === 'tensorflow' || name === 'tensorflow-cpu')).to.have.length(1);
    }
  });

  it('are what is installed', async () => {
    const {environment} = await loadSetup();
    const project = await openProject(projectRoot);
    const code = `
import json, sys
from importlib.metadata import distributions
print(json.dumps({one.metadata['Name']: one.version for one in distributions(path=[sys.argv[1]])}))`;
    const output = execFileSync(python(), ['-I', '-c', code, environment(project).site], {encoding: 'utf8'});
    const plain = (name: string): string => name.toLowerCase().replaceAll(/[-_.]+/g, '-');
    const present = new Map(
      Object.entries(JSON.parse(output) as Record<string, string>).map(([name, version]) => [
        plain(name),
        version,
      ]),
    );
    const locked = tools.parseLock(text(present.has('nvidia-cublas-cu12') ? 'gpu' : 'cpu'));
    for (const [name, version] of present)
      if (locked.some((one) => one.name === name))
        expect(
          locked.filter((one) => one.name === name).map((one) => one.version),
          name,
        ).to.include(version);
    const missing = locked.filter(({name, marker}) => marker === '' && !present.has(name));
    expect(missing.map(({name}) => name)).to.deep.equal([]);
  });

  it('are in the bills of materials, which name every package of package-lock.json too', () => {
    const bills = tools.billsOfMaterials();
    for (const {bomFormat} of Object.values(bills)) expect(bomFormat).to.equal('CycloneDX');
    const named = (file: string): string[] =>
      bills[file]!.components.map(({name, version}) => `${name} ${version}`);
    for (const device of ['cpu', 'gpu'])
      expect(named(`python-${device}.cdx.json`)).to.have.members(
        tools.parseLock(text(device)).map(({name, version}) => `${name} ${version}`),
      );
    const {packages} = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, {version: string; link?: boolean}>;
    };
    const paths = Object.entries(packages).filter(
      ([path, {link}]) => path.startsWith('node_modules/') && !link,
    );
    const written = bills['javascript.cdx.json']!.components;
    for (const [path, {version}] of paths) {
      const name = path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length);
      const matches = written.filter((one) => one.version === version && name.endsWith(one.name));
      expect(matches.length, `${name} ${version}`).to.be.above(0);
    }
  });

  it('stand in docs/licences.md with their licences', () => {
    const document = readFileSync(join(projectRoot, 'docs', 'licences.md'), 'utf8');
    const {packages} = JSON.parse(readFileSync(join(projectRoot, 'package-lock.json'), 'utf8')) as {
      packages: Record<string, {version: string; link?: boolean}>;
    };
    const scripts = Object.entries(packages)
      .filter(([path, {link}]) => path.includes('node_modules/') && !link)
      .map(
        ([path, {version}]) =>
          `${path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)} ${version}`,
      );
    const modules = ['cpu', 'gpu', 'compiler'].flatMap((name) =>
      tools.parseLock(text(name)).map(({name: own, version}) => `${own} ${version}`),
    );
    const words = new Set(document.split(/, |: |\n/));
    const missing = [...scripts, ...modules].filter((one) => !words.has(one));
    expect(missing, 'run node tools/licences.mjs').to.deep.equal([]);
  });

  it('have licences that metadata name in many ways', () => {
    for (const [metadata, licence] of [
      ['Name: a\nLicense-Expression: BSD-3-Clause\nLicense: other', 'BSD-3-Clause'],
      ['License: Apache 2.0\n\nText', 'Apache-2.0'],
      ['Classifier: License :: OSI Approved :: MIT License', 'MIT'],
      ['Classifier: License :: OSI Approved\nClassifier: License :: OSI Approved :: BSD License', 'BSD'],
      ['Name: a\n\nLicense: MIT', 'not stated'],
      [
        `License: ${'long text '.repeat(20)}\nClassifier: License :: OSI Approved :: Mozilla Public License 2.0 (MPL 2.0)`,
        'MPL-2.0',
      ],
    ] as const)
      expect(tools.licenceIn(metadata)).to.equal(licence);
  });
});
