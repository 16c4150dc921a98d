/** Protocol buffers, encoded and decoded field by field: as much of the format as TensorBoard's event files and TensorFlow's graphs need. */

/** Kinds of stored values. */
const wire = {varint: 0, fixed64: 1, bytes: 2, fixed32: 5} as const;

/** An integer, an enumerator or a Boolean. */
export function integer(field: number, value: number | boolean): Buffer {
  return Buffer.concat([key(field, wire.varint), varint(Number(value))]);
}

/** A number in double precision. */
export function double(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, wire.fixed64), bytes]);
}

/** A number in single precision. */
export function float(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, wire.fixed32), bytes]);
}

/** A text, bytes, or the fields of a message inside the message. */
export function nested(field: number, ...parts: readonly (string | Uint8Array)[]): Buffer {
  const content = Buffer.concat(parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part)));
  return Buffer.concat([key(field, wire.bytes), varint(content.length), content]);
}

/** A field of a message; its value is a number for an integer, otherwise its bytes. */
export type Field = readonly [field: number, value: number | Buffer];

/**
 * Reads the fields of a message in order.
 *
 * @throws RangeError for bytes that are no message.
 */
export function* fieldsOf(message: Buffer): Generator<Field> {
  let at = 0;
  const next = (): number => {
    let [value, factor] = [0, 1];
    for (;;) {
      const byte = message.readUInt8(at++);
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
      factor *= 0x80;
    }
  };
  while (at < message.length) {
    const head = next();
    const [field, type] = [Math.floor(head / 8), head % 8];
    if (type === wire.varint) yield [field, next()];
    else {
      const length =
        type === wire.bytes ? next() : type === wire.fixed64 ? 8 : type === wire.fixed32 ? 4 : NaN;
      if (!(at + length <= message.length)) throw new RangeError('Expected a protocol buffer');
      yield [field, message.subarray(at, at + length)];
      at += length;
    }
  }
}

function key(field: number, type: number): Buffer {
  return varint(field * 8 + type);
}

/** Seven bits a byte, the lowest first; a negative number as 64 bits in two's complement. */
function varint(value: number): Buffer {
  if (value < 0) {
    const bits = BigInt.asUintN(64, BigInt(value));
    return Buffer.from(
      Array.from({length: 10}, (_, k) => Number((bits >> BigInt(7 * k)) & 0x7fn) | (k < 9 ? 0x80 : 0)),
    );
  }
  const bytes: number[] = [];
  for (; value >= 0x80; value = Math.floor(value / 0x80)) bytes.push((value % 0x80) | 0x80);
  return Buffer.from([...bytes, value]);
}
