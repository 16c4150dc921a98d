/**
 * Rounds a size up, by at most a sixteenth, so that few different sizes occur and few functions are compiled. Sizes up to 32 stay as they
 * are.
 */
export function roundedSize(size: number): number {
  const step = 2 ** Math.max(0, Math.floor(Math.log2(Math.max(1, size))) - 4);
  return Math.ceil(size / step) * step;
}
