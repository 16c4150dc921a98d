/** Safetensors files: what is written is read, and whatever a file holds is read as Python reads it or refused in words. */
import {execFileSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {formatSafetensors, parseSafetensors, readSafetensorsHeader} from 'captioner/dist/files/safetensors';
import type {Dtype, Safetensors, TensorData} from 'captioner/dist/files/safetensors';
import {expect} from 'chai';
import fc from 'fast-check';
import {python, temporaryFolder} from '../../support';
import {
  changedJson,
  damaged,
  drawn,
  edits,
  holds,
  jsonChanges,
  readOrRefused,
  type JsonChange,
} from './cases';

const sizes: Readonly<Record<Dtype, number>> = {F32: 4, F16: 2, I32: 4, I64: 8, U8: 1};

/** Tensors by name, filled with the bytes of a counter. */
const tensors: fc.Arbitrary<[string, TensorData][]> = fc.uniqueArray(
  fc
    .record({
      name: fc.string({unit: 'binary', maxLength: 12}),
      dtype: fc.constantFrom(...(Object.keys(sizes) as Dtype[])),
      shape: fc.array(fc.nat(4), {maxLength: 4}),
      from: fc.nat(255),
    })
    .map(({name, dtype, shape, from}): [string, TensorData] => {
      const length = shape.reduce((product, side) => product * side, sizes[dtype]);
      return [name, {dtype, shape, data: Uint8Array.from({length}, (_, at) => from + at)}];
    }),
  {selector: ([name]) => name, maxLength: 5},
);
const metadata = fc.dictionary(fc.string({unit: 'binary', maxLength: 8}), fc.string({unit: 'binary'}), {
  maxKeys: 3,
});

function expectConsistent({tensors: found}: Safetensors): void {
  for (const {dtype, shape, data} of found.values())
    expect(data.length).to.equal(shape.reduce((product, side) => product * side, sizes[dtype]));
}

/** A file whose header has this text. */
function withHeader(header: string, data: Uint8Array): Buffer {
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  return Buffer.concat([length, text, data]);
}

/** A file after changes in its header. */
function changedHeader(file: Uint8Array, changes: readonly JsonChange[]): Buffer {
  const end = 8 + Number(Buffer.from(file).readBigUInt64LE(0));
  const header = JSON.parse(Buffer.from(file.subarray(8, end)).toString()) as unknown;
  return withHeader(changedJson(header, changes), file.subarray(end));
}

const files = fc.tuple(tensors, metadata).map(([all, notes]) =>
  formatSafetensors(
    all.filter(([name]) => !name.startsWith('__')),
    Object.entries(notes),
  ),
);

describe('Any safetensors file', function () {
  this.timeout(600_000);

  it('is read as it was written', () => {
    holds(
      fc.property(tensors, metadata, (all, notes) => {
        const entries = Object.entries(notes);
        const bytes = readOrRefused(() => formatSafetensors(all, entries));
        const reserved = all.some(([name]) => name === '__metadata__' || name === '__proto__');
        expect(bytes === undefined).to.equal(reserved);
        if (bytes === undefined) return;
        const read = parseSafetensors(bytes, 'file');
        expect(new Map(read.metadata)).to.deep.equal(new Map(entries));
        expect([...read.tensors.keys()].sort()).to.deep.equal(all.map(([name]) => name).sort());
        for (const [name, {dtype, shape, data}] of all) {
          expect(read.tensors.get(name)).to.deep.include({dtype, shape});
          expect(Buffer.from(read.tensors.get(name)!.data).equals(data)).to.equal(true);
        }
      }),
    );
  });

  it('is consistent or refused in words after damage to its bytes', () => {
    holds(
      fc.property(files, edits, (file, changes) => {
        const read = readOrRefused(() => parseSafetensors(damaged(file, changes), 'file'));
        if (read) expectConsistent(read);
      }),
    );
  });

  it('is consistent or refused in words, whatever its header says', () => {
    holds(
      fc.property(files, jsonChanges, (file, changes) => {
        const read = readOrRefused(() => parseSafetensors(changedHeader(file, changes), 'file'));
        if (read) expectConsistent(read);
      }),
    );
  });

  it('is judged alike whether it is read whole or by its header', () => {
    const path = join(temporaryFolder(), 'file.safetensors');
    holds(
      fc.property(files, jsonChanges, (file, changes) => {
        const bytes = changedHeader(file, changes);
        writeFileSync(path, bytes);
        const whole = readOrRefused(() => parseSafetensors(bytes, path));
        const header = readOrRefused(() => readSafetensorsHeader(path));
        expect([...(header?.entries.keys() ?? ['refused'])]).to.deep.equal([
          ...(whole?.tensors.keys() ?? ['refused']),
        ]);
      }),
    );
  });

  it('is read by the Python package if it is read here, as the same tensors', () => {
    const all = drawn(fc.tuple(files, fc.option(jsonChanges, {nil: []}))).map(([file, changes]) =>
      changedHeader(file, changes),
    );
    const folder = temporaryFolder();
    const packed = join(folder, 'files.bin');
    const lengths = all.map(({length}) => length);
    writeFileSync(packed, Buffer.concat(all));
    writeFileSync(join(folder, 'lengths.json'), JSON.stringify(lengths));
    const code = `
import json, sys
from safetensors import deserialize
lengths = json.load(open(sys.argv[1] + '/lengths.json'))
with open(sys.argv[1] + '/files.bin', 'rb') as file:
    for length in lengths:
        data = file.read(length)
        try:
            print(json.dumps(sorted([name, one['dtype'], list(one['shape']), bytes(one['data']).hex()] for name, one in deserialize(data))))
        except BaseException as error:
            print('null')`;
    const answers = execFileSync(python(), ['-c', code, folder], {encoding: 'utf8', maxBuffer: 2 ** 30})
      .trimEnd()
      .split('\n');
    expect(answers).to.have.length(all.length);
    let accepted = 0;
    for (const [at, file] of all.entries()) {
      const read = readOrRefused(() => parseSafetensors(file, 'file'));
      if (read === undefined) continue;
      accepted++;
      const found = [...read.tensors].map(([name, {dtype, shape, data}]) => [
        name,
        dtype,
        shape,
        Buffer.from(data).toString('hex'),
      ]);
      const theirs = JSON.parse(answers[at]!) as typeof found | null;
      const byName = (one: unknown[], other: unknown[]): number =>
        String(one[0]) < String(other[0]) ? -1 : 1;
      const header = file.subarray(8, 400).toString();
      expect(theirs?.sort(byName), header).to.deep.equal(found.sort(byName));
    }
    expect(accepted).to.be.above(all.length / 5);
  });
});
