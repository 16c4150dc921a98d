import {execFileSync} from 'node:child_process';
import {copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {describeLibraries, openLibraries} from 'captioner/dist/tensorflow/cuda-libraries';
import {expect} from 'chai';
import {python, temporaryFolder} from '../support';

/** A shared library that loads on this machine. */
function someLibrary(): string {
  const maps = readFileSync('/proc/self/maps', 'utf8');
  return /\S+\/libm\S*\.so\S*/.exec(maps)![0];
}

/** An environment with a library under each name, in the folder of NVIDIA's package. */
function environment(): {root: string; place: (folder: string, name: string) => string} {
  const root = temporaryFolder();
  const site = join(root, 'lib', 'python3.12', 'site-packages');
  mkdirSync(join(site, 'tensorflow'), {recursive: true});
  const place = (folder: string, name: string): string => join(site, 'nvidia', folder, 'lib', name);
  const places = JSON.parse(openLibraries(root)[3]!) as [string, string][];
  for (const [path] of places) {
    mkdirSync(dirname(path), {recursive: true});
    copyFileSync(someLibrary(), path);
  }
  return {root, place};
}

const check = (root: string) =>
  describeLibraries(root, execFileSync(python(), openLibraries(root), {encoding: 'utf8'}));

describe('CUDA libraries', () => {
  before(function () {
    if (process.platform !== 'linux') this.skip();
  });

  it('are opened from the folders of their packages', () => {
    const {root} = environment();
    const {detail, missing} = check(root);
    expect(missing).to.equal(false);
    for (const name of [
      'libcudart',
      'libcublas',
      'libcublasLt',
      'libcudnn',
      'libcufft',
      'libcusolver',
      'libnccl',
    ])
      expect(detail).to.include(`${name}.so`);
  });

  it('are named where they are missing or do not load', () => {
    const {root, place} = environment();
    rmSync(place('cusolver', 'libcusolver.so.11'));
    writeFileSync(place('cufft', 'libcufft.so.11'), 'no library');
    const {detail, missing} = check(root);
    expect(missing).to.equal(true);
    expect(detail).to.match(/libcusolver\.so\.11: cannot open shared object file/);
    expect(detail).to.match(/libcufft\.so\.11: .*(invalid ELF header|file too short)/);
    expect(detail).not.to.include('libcudnn');
  });
});
