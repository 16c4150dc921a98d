import {execFileSync, spawnSync} from 'node:child_process';
import {
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';

const tools = join(projectRoot, 'tools', 'gpu-check');

interface Slim {
  readonly slim: (source: string, target: string, architecture: number) => {kept: number; removed: number};
}

const pieces = (...args: string[]) =>
  spawnSync('python3', [join(tools, 'pieces.py'), ...args], {
    encoding: 'utf8',
    env: {...process.env, GPU_CHECK_PRESET: '0'},
  });

/** An entry of GPU code: kind, version, header size, length, … and the architecture at byte 28. */
function entry(kind: number, architecture: number, fill: number): Buffer {
  const header = Buffer.alloc(64);
  header.writeUInt16LE(kind, 0);
  header.writeUInt32LE(64, 4);
  header.writeBigUInt64LE(128n, 8);
  header.writeUInt32LE(architecture, 28);
  return Buffer.concat([header, Buffer.alloc(128, fill)]);
}

describe('gpu-check', function () {
  this.timeout(120_000);

  it('keeps the GPU code of one architecture in a library that still loads', async function () {
    if (spawnSync('g++', ['--version']).status !== 0) this.skip();
    const {slim} = (await import(pathToFileURL(join(tools, 'slim.mjs')).href)) as Slim;
    const folder = temporaryFolder();
    const entries = [entry(2, 80, 1), entry(2, 90, 2), entry(1, 90, 3)];
    const header = Buffer.alloc(16);
    header.writeUInt32LE(0xba55ed50, 0);
    header.writeUInt16LE(16, 6);
    header.writeBigUInt64LE(BigInt(192 * 3), 8);
    writeFileSync(join(folder, 'fat'), Buffer.concat([header, ...entries]));
    const source = join(folder, 'source.cc');
    writeFileSync(
      source,
      `asm(".section .nv_fatbin,\\"a\\"\\n.incbin \\"${join(folder, 'fat')}\\"\\n.text\\n"); extern "C" int seven() { return 7; }`,
    );
    const [library, slimmed] = ['library.so', 'slim.so'].map((name) => join(folder, name)) as [
      string,
      string,
    ];
    execFileSync('g++', ['-shared', '-fPIC', '-o', library, source]);
    expect(slim(library, slimmed, 90)).to.deep.equal({kept: 192, removed: 384});
    const bytes = readFileSync(slimmed);
    expect(bytes).to.have.length(statSync(library).size);
    expect(bytes.includes(Buffer.concat([entries[1]!, Buffer.alloc(384)]))).to.equal(true);
    expect(bytes.includes(Buffer.alloc(128, 1))).to.equal(false);
    const answer = execFileSync('python3', ['-c', `import ctypes; print(ctypes.CDLL("${slimmed}").seven())`]);
    expect(answer.toString().trim()).to.equal('7');
    expect(() => slim(library, slimmed, 120)).to.throw(/compute capability 12 in every part, found none/);
  });

  it('carries a folder in pieces, and says which are missing', () => {
    const [folder, target, place] = [temporaryFolder(), temporaryFolder(), temporaryFolder()];
    mkdirSync(join(folder, 'inner'));
    writeFileSync(join(folder, 'inner', 'program'), 'text', {mode: 0o755});
    writeFileSync(join(folder, 'large'), 'begin');
    truncateSync(join(folder, 'large'), 100_000_000); // two parts
    symlinkSync('../large', join(folder, 'inner', 'link'));
    expect(pieces('pack', folder, target, '80000').status).to.equal(0);
    const names = readdirSync(target).filter((name) => name.startsWith('piece-'));
    expect(names.length).to.equal(1);
    expect(pieces('join', join(place, 'parts'), join(place, 'project')).stderr).to.match(/missing: all/);
    expect(pieces('receive', join(target, names[0]!), join(place, 'parts')).stdout).to.include(
      '2 of 2 parts received',
    );
    expect(pieces('join', join(place, 'parts'), join(place, 'project')).status).to.equal(0);
    const unpacked = join(place, 'project', 'inner');
    expect(readFileSync(join(unpacked, 'program'), 'utf8')).to.equal('text');
    expect(statSync(join(unpacked, 'program')).mode & 0o111).to.equal(0o111);
    expect(readFileSync(join(unpacked, 'link')).equals(readFileSync(join(folder, 'large')))).to.equal(true);
  });

  it('runs a check and writes its result', () => {
    const [project, out] = [temporaryFolder(), temporaryFolder()];
    cpSync(join(projectRoot, 'tools'), join(project, 'tools'), {recursive: true});
    for (const name of ['node_modules', 'lib']) symlinkSync(join(projectRoot, name), join(project, name));
    writeFileSync(join(project, 'bundle.json'), JSON.stringify({device: 'cpu'}));
    const run = spawnSync(
      process.execPath,
      [join(project, 'tools', 'gpu-check', 'run.mjs'), '--small', '--only', 'device,epoch lstm'],
      {encoding: 'utf8', env: {...process.env, OUT: out}},
    );
    expect(run.status, run.stdout + run.stderr).to.equal(0);
    expect(run.stdout).to.match(/^ok +device .*TFLOP/m);
    const {results} = JSON.parse(readFileSync(join(out, 'results.json'), 'utf8')) as {results: object[]};
    expect(results).to.have.length(2);
    expect(results[1]).to.include({stage: 'epoch lstm', verdict: 'ok', captions: 200});
    expect(readFileSync(join(out, 'summary.md'), 'utf8')).to.include('| epoch lstm | ok |');
  });
});
