/**
 * Makes a copy of a shared library that compresses well and works on one kind of GPU: of the GPU code for several architectures it keeps
 * the machine code for one, as `nvprune` does, and it blanks the symbol table that only debuggers read. Addresses stay as they are.
 */
import {readFileSync, writeFileSync} from 'node:fs';

const fatbinMagic = 0xba55ed50;
const machineCode = 2;
// Types of ELF sections.
const [symbols, strings] = [2, 3];

/**
 * @param {string} source An ELF library for x86-64.
 * @param {string} target The file to write.
 * @param {number} architecture The GPU's compute capability, such as 90.
 * @returns {{kept: number, removed: number}} Bytes of GPU code that were kept and blanked.
 */
export function slim(source, target, architecture) {
  const file = readFileSync(source);
  const sections = sectionsOf(file, source);
  for (const {name, type, from, to} of sections)
    if (type === symbols || (type === strings && name === '.strtab')) file.fill(0, from, to);
  const code = sections.filter(({name}) => name === '.nv_fatbin');
  const counts = code.map(({from, to}) => keepArchitecture(file.subarray(from, to), architecture, source));
  writeFileSync(target, file, {mode: 0o755});
  const total = (key) => counts.reduce((sum, one) => sum + one[key], 0);
  return {kept: total('kept'), removed: total('removed')};
}

/** @returns {{name: string, type: number, from: number, to: number}[]} The sections, with their range in the file. */
function sectionsOf(file, source) {
  if (file.readUInt32BE(0) !== 0x7f454c46 || file[4] !== 2 || file[5] !== 1)
    throw new Error(`${source}: expected a 64-bit little-endian ELF file`);
  const start = Number(file.readBigUInt64LE(0x28));
  const [size, count, names] = [0x3a, 0x3c, 0x3e].map((at) => file.readUInt16LE(at));
  const headers = Array.from({length: count}, (_, k) =>
    file.subarray(start + k * size, start + (k + 1) * size),
  );
  const [at, length] = [0x18, 0x20].map((field) => Number(headers[names].readBigUInt64LE(field)));
  const table = file.subarray(at, at + length);
  return headers.map((header) => {
    const name = header.readUInt32LE(0);
    const from = Number(header.readBigUInt64LE(0x18));
    return {
      name: table.toString('latin1', name, table.indexOf(0, name)),
      type: header.readUInt32LE(4),
      from,
      to: from + Number(header.readBigUInt64LE(0x20)),
    };
  });
}

/**
 * Reduces each container of GPU code to its entries for one architecture. A container is a header (magic, version, header size, length of
 * the entries) and entries (kind, version, header size, length of the code, …, architecture at byte 28).
 */
function keepArchitecture(section, architecture, source) {
  let [kept, removed] = [0, 0];
  for (let at = 0; at + 16 <= section.length;) {
    if (section.readUInt32LE(at) !== fatbinMagic) {
      at += 8; // padding
      continue;
    }
    const first = at + section.readUInt16LE(at + 6);
    const end = first + Number(section.readBigUInt64LE(at + 8));
    const entries = [];
    for (let entry = first; entry < end;) {
      const length = section.readUInt32LE(entry + 4) + Number(section.readBigUInt64LE(entry + 8));
      const wanted =
        section.readUInt16LE(entry) === machineCode && section.readUInt32LE(entry + 28) === architecture;
      if (wanted) entries.push(Buffer.from(section.subarray(entry, entry + length)));
      entry += length;
    }
    if (entries.length === 0)
      throw new Error(
        `${source}: expected GPU code for compute capability ${architecture / 10} in every part, found none`,
      );
    const rest = Buffer.concat(entries);
    section.fill(0, first, end);
    rest.copy(section, first);
    section.writeBigUInt64LE(BigInt(rest.length), at + 8);
    kept += rest.length;
    removed += end - first - rest.length;
    at = end;
  }
  return {kept, removed};
}
