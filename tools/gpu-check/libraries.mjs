/**
 * Makes the machine's own CUDA libraries available where pip would install those that TensorFlow is built for: a `.venv` for the machine's
 * Python, and in it links under the names that TensorFlow opens. Newer libraries serve under the older names; what they provide that the
 * library calls hasn't changed.
 */
import {existsSync, lstatSync, mkdirSync, readdirSync, rmSync, symlinkSync} from 'node:fs';
import {join} from 'node:path';

/** Folder of pip's package, and the libraries that TensorFlow 2.21 opens there. */
const wanted = {
  cuda_runtime: ['libcudart.so.12'],
  cublas: ['libcublas.so.12', 'libcublasLt.so.12'],
  cudnn: ['libcudnn.so.9'],
  cufft: ['libcufft.so.11'],
  cusolver: ['libcusolver.so.11'],
  cusparse: ['libcusparse.so.12'],
  nccl: ['libnccl.so.2'],
  nvjitlink: ['libnvJitLink.so.12'],
  cuda_nvrtc: ['libnvrtc.so.12'],
  cuda_cupti: ['libcupti.so.12'],
};

/** @returns {Promise<string>} Which library serves under each name. */
export async function linkLibraries({home, python, execute}) {
  const {output} = await execute(python, ['-c', findNvidia], {limit: 60});
  const [version, ...folders] = output
    .trim()
    .split('\n')
    .filter((line) => line !== '');
  const site = join(home, '.venv', 'lib', 'python3.12', 'site-packages');
  mkdirSync(site, {recursive: true});
  if (version !== '3.12') link('python3.12', join(home, '.venv', 'lib', `python${version}`));
  await execute(python, ['-m', 'venv', '--without-pip', join(home, '.venv')], {limit: 60});
  const libraries = folders
    .flatMap((folder) => readdirSync(folder).map((name) => join(folder, name)))
    .filter((path) => /\.so(\.|$)/.test(path));
  const served = [];
  for (const [name, sonames] of Object.entries(wanted)) {
    const folder = join(site, 'nvidia', name, 'lib');
    mkdirSync(folder, {recursive: true});
    // All of them: a library looks for others beside itself.
    for (const path of libraries)
      if (!existsSync(join(folder, base(path)))) link(path, join(folder, base(path)));
    for (const soname of sonames) {
      const place = join(folder, soname);
      const stem = soname.replace(/\.so.*$/, '.so');
      const own = existsSync(place) && !lstatSync(place).isSymbolicLink();
      // The first folder's: pip's packages come before the toolkit.
      const newest = libraries.find((path) => base(path).startsWith(`${stem}.`) && /\.so\.\d+$/.test(path));
      if (!own && newest !== undefined) link(newest, place);
      served.push(`${soname}: ${own ? 'itself' : newest === undefined ? 'none' : base(newest)}`);
    }
  }
  return folders.length === 0 ? 'CUDA: no libraries found' : `CUDA: ${served.join(', ')}`;
}

/** Python's version, and the folders with libraries of its packages of NVIDIA's and of the CUDA toolkit. */
const findNvidia = `
import sys, sysconfig
from pathlib import Path
print("%d.%d" % sys.version_info[:2])
roots = [Path(path) / "nvidia" for path in sys.path if path] + [Path("/usr/local/cuda")]
seen = []
for root in roots:
    for folder in [*sorted(root.glob("*/lib")), root / "lib64"]:
        if folder.is_dir() and any(folder.glob("*.so*")) and folder.resolve() not in seen:
            seen.append(folder.resolve())
            print(folder.resolve())
`;

const base = (path) => path.slice(path.lastIndexOf('/') + 1);

function link(target, place) {
  if (lstatSync(place, {throwIfNoEntry: false}) !== undefined) rmSync(place, {force: true});
  symlinkSync(target, place);
}
