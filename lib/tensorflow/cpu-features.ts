/** What of the processor decides how a computation is best laid out. */
import {readFileSync} from 'node:fs';

/** Whether the processor has AVX-512; only Linux on x86-64 says so, elsewhere it counts as absent. */
export const avx512: boolean = hasFlag('avx512f');

function hasFlag(flag: string): boolean {
  try {
    return new RegExp(`^flags\\s*:.*\\b${flag}\\b`, 'm').test(readFileSync('/proc/cpuinfo', 'latin1'));
  } catch {
    return false;
  }
}
