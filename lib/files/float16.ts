/** Conversions between float32 and float16 (IEEE 754 half precision), the type in which features are stored. */

/** Returns the bits of numbers rounded to float16, ties to even. Numbers that are too large become infinity. */
export function toFloat16Bits(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const halves = new Uint16Array(values.length);
  for (let k = 0; k < values.length; k++) {
    const word = bits[k]!;
    const sign = (word >>> 16) & 0x8000;
    const rest = word & 0x7fffffff;
    if (rest > 0x7f800000) halves[k] = sign | 0x7e00;
    else if (rest >= 0x477ff000) halves[k] = sign | 0x7c00;
    else if (rest >= 0x38800000)
      halves[k] = sign | ((rest - 0x38000000 + 0xfff + ((rest >>> 13) & 1)) >>> 13);
    else if (rest <= 0x33000000) halves[k] = sign;
    else {
      const shift = 126 - (rest >>> 23);
      const mantissa = (rest & 0x7fffff) | 0x800000;
      const half = mantissa >>> shift;
      const lost = mantissa & ((1 << shift) - 1);
      const middle = 1 << (shift - 1);
      halves[k] = sign | (half + (lost > middle || (lost === middle && half & 1) ? 1 : 0));
    }
  }
  return halves;
}

/** Returns the numbers of float16 bits, exactly. */
export function fromFloat16Bits(halves: Uint16Array): Float32Array {
  const values = new Float32Array(halves.length);
  const table = halfTable();
  for (let k = 0; k < halves.length; k++) values[k] = table[halves[k]!]!;
  return values;
}

let table: Float32Array | undefined;
function halfTable(): Float32Array {
  return (table ??= Float32Array.from({length: 65536}, (_, half) => {
    const sign = half & 0x8000 ? -1 : 1;
    const exponent = (half >>> 10) & 31;
    const fraction = half & 1023;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
  }));
}
