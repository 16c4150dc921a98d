/** Writes arrays in NumPy's format .npz: a ZIP archive of .npy files, without compression. */
import {crc32} from 'node:zlib';

/** An array of numbers or texts. */
export interface NamedArray {
  readonly name: string;
  readonly shape: readonly number[];
  /** Row by row. */
  readonly values: Float32Array | Int32Array | readonly string[];
}

/** Date of the files in the archive, 1 January 1980, so that the same arrays give the same bytes. */
const date = 0x0021;
const [localHeader, entryHeader, endHeader] = [0x04034b50, 0x02014b50, 0x06054b50];

/** @returns An archive that `numpy.load` reads. */
export function npz(arrays: readonly NamedArray[]): Buffer {
  const files: Buffer[] = [];
  const entries: Buffer[] = [];
  let offset = 0;
  for (const array of arrays) {
    const name = Buffer.from(`${array.name}.npy`);
    const content = npy(array);
    // Version, flags (names are UTF-8), method (stored), time, date, CRC-32, both sizes, length of the name.
    const about = Buffer.alloc(26);
    about.writeUInt16LE(20, 0);
    about.writeUInt16LE(0x0800, 2);
    about.writeUInt16LE(date, 8);
    about.writeUInt32LE(crc32(content), 10);
    about.writeUInt32LE(content.length, 14);
    about.writeUInt32LE(content.length, 18);
    about.writeUInt16LE(name.length, 22);
    files.push(uint32(localHeader), about, name, content);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    entries.push(uint32(entryHeader), Buffer.from([20, 0]), about, place, name);
    offset += 30 + name.length + content.length;
  }
  const end = Buffer.alloc(18);
  end.writeUInt16LE(arrays.length, 4);
  end.writeUInt16LE(arrays.length, 6);
  end.writeUInt32LE(Buffer.concat(entries).length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...files, ...entries, uint32(endHeader), end]);
}

/** An array in the format .npy, version 1.0. */
function npy({shape, values}: NamedArray): Buffer {
  const [type, data] = encoded(values);
  const dimensions = shape.map((size) => `${size},`).join(' ');
  const header = `{'descr': '${type}', 'fortran_order': False, 'shape': (${dimensions}), }`;
  // The values begin at a multiple of 64 bytes.
  const length = Math.ceil((10 + header.length + 1) / 64) * 64 - 10;
  const size = Buffer.alloc(2);
  size.writeUInt16LE(length);
  const magic = Buffer.from([0x93, ...Buffer.from('NUMPY'), 1, 0]);
  return Buffer.concat([magic, size, Buffer.from(`${header.padEnd(length - 1)}\n`), data]);
}

/** The type in NumPy's notation, and the bytes; texts are UTF-32, padded with zeros. */
function encoded(values: NamedArray['values']): [string, Buffer] {
  if (values instanceof Float32Array || values instanceof Int32Array) {
    const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength);
    return [values instanceof Float32Array ? '<f4' : '<i4', bytes];
  }
  const texts = values.map((text) => [...text]);
  const longest = Math.max(1, ...texts.map(({length}) => length));
  const data = Buffer.alloc(4 * longest * texts.length);
  for (const [at, text] of texts.entries())
    for (const [k, character] of text.entries())
      data.writeUInt32LE(character.codePointAt(0)!, 4 * (at * longest + k));
  return [`<U${longest}`, data];
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
