/** The project as every step of set-up sees it: its folder, the environment variables, and the device for TensorFlow. */
import {existsSync} from 'node:fs';
import {dirname, join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {ask, find} from './child.mjs';
import {SetupError} from './failure.mjs';

export const home = resolve(dirname(fileURLToPath(import.meta.url)), '..', '..');

/**
 * @param {string} folder The project's folder.
 * @param {NodeJS.ProcessEnv} env
 */
export function openProject(folder = home, env = process.env) {
  return {
    home: folder,
    env: {...env, PIP_USER: '0', PIP_DISABLE_PIP_VERSION_CHECK: '1', PIP_NO_INPUT: '1'},
    device: wantedDevice(env),
    log: join(folder, '.build', 'setup.log'),
    lock: undefined,
    /** One function for each running program, which ends it. */
    running: new Set(),
    /** Prints a progress line of the current step. */
    say: () => {},
  };
}

/** @returns {'cpu' | 'gpu'} */
export function wantedDevice(env, driver = '/proc/driver/nvidia/version') {
  const wanted = env.CAPTIONER_DEVICE;
  if (wanted === 'cpu' || wanted === 'gpu') return wanted;
  if (wanted !== undefined && wanted !== '')
    throw new SetupError(
      `Expected CAPTIONER_DEVICE to be cpu or gpu, got "${wanted}".`,
      'Correct it, or unset it to use a GPU if there is an NVIDIA driver.',
    );
  if (process.platform !== 'linux') return 'cpu';
  if (existsSync(driver)) return 'gpu';
  // In WSL and some containers only nvidia-smi shows the driver; without a driver it lists nothing.
  const tool = find('nvidia-smi', env);
  return tool !== undefined && /^GPU \d/m.test(ask([tool, '-L'], env) ?? '') ? 'gpu' : 'cpu';
}
