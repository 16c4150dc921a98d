/** What the processor can do. */
import {readFileSync} from 'node:fs';

/** Whether the CPU has AVX-512. Only Linux on x86-64 reports it; elsewhere it counts as absent. */
export const avx512: boolean = hasCpuFlag('avx512f');

function hasCpuFlag(flag: string): boolean {
  try {
    return new RegExp(`^flags\\s*:.*\\b${flag}\\b`, 'm').test(readFileSync('/proc/cpuinfo', 'latin1'));
  } catch {
    return false;
  }
}
