/** Checks by name that the CUDA libraries of a GPU build are where TensorFlow opens them, and that they load. */
import {existsSync, readdirSync} from 'node:fs';
import {join} from 'node:path';

/** Folder of NVIDIA's Python package in `site-packages/nvidia`, and the files there that TensorFlow, XLA or cuDNN open by name. */
const files: readonly (readonly [string, string])[] = [
  ['cuda_runtime', 'libcudart.so.12'],
  ['cublas', 'libcublas.so.12'],
  ['cublas', 'libcublasLt.so.12'],
  ['cudnn', 'libcudnn.so.9'],
  ['cufft', 'libcufft.so.11'],
  ['cusolver', 'libcusolver.so.11'],
  ['cusparse', 'libcusparse.so.12'],
  ['nccl', 'libnccl.so.2'],
  ['nvjitlink', 'libnvJitLink.so.12'],
  ['cuda_nvrtc', 'libnvrtc.so.12'],
  ['cuda_cupti', 'libcupti.so.12'],
];

/** Files that XLA reads or runs when it compiles for a GPU; without them only XLA fails. */
const compiler = ['bin/ptxas', 'nvvm/libdevice/libdevice.10.bc'];

/** Opens each library, and prints the errors of those that do not load. */
const script = `
import ctypes, json, os, sys
errors = {}
for path, name in json.loads(sys.argv[1]):
    try:
        ctypes.CDLL(path if os.path.exists(path) else name)
    except OSError as error:
        errors[name] = str(error)
print(json.dumps(errors))
`;

/**
 * The arguments with which the environment's Python opens every library: from the folder of its package, or from where the system has it.
 *
 * @param root A Python environment.
 */
export function openLibraries(root: string): readonly string[] {
  const nvidia = join(siteOf(root), 'nvidia');
  const places = files.map(([folder, name]) => [join(nvidia, folder, 'lib', name), name]);
  return ['-I', '-c', script, JSON.stringify(places)];
}

/** @param answer What `openLibraries` printed. @returns A line for people, and whether TensorFlow lacks a library. */
export function describeLibraries(root: string, answer: string): {detail: string; missing: boolean} {
  const errors = JSON.parse(answer) as Record<string, string>;
  const names = files.map(([, name]) => name);
  const bad = names.filter((name) => errors[name] !== undefined);
  if (bad.length > 0)
    return {missing: true, detail: bad.map((name) => errors[name]!.split('\n')[0]!).join('; ')};
  const folder = join(siteOf(root), 'nvidia', 'cuda_nvcc');
  const absent = compiler.filter(
    (file) => !existsSync(join(folder, file)) && !existsSync(join('/usr/local/cuda', file)),
  );
  const xla =
    absent.length === 0 ? 'ptxas and libdevice for XLA' : `no ${absent.join(', ')}, so XLA cannot compile`;
  return {missing: false, detail: `${names.join(', ')}; ${xla}`};
}

function siteOf(root: string): string {
  const lib = join(root, 'lib');
  const version = readdirSync(lib).find((name) => existsSync(join(lib, name, 'site-packages', 'tensorflow')));
  return join(lib, version ?? 'python3', 'site-packages');
}
