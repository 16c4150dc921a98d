import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {CaptionerError} from 'captioner';
import {fromFloat16Bits, toFloat16Bits} from 'captioner/dist/files/float16';
import {
  float16,
  float32,
  formatSafetensors,
  parseSafetensors,
  toFloat32,
  type TensorData,
} from 'captioner/dist/files/safetensors';
import {python, temporaryFolder} from '../support';

const tensors: [string, TensorData][] = [
  ['weight', float32(Float32Array.of(1, -2.5, 3e-20, 4), [2, 2])],
  ['half', float16(Float32Array.of(0.1, -65504, 1e-7), [3])],
  ['empty', float32(new Float32Array(0), [0, 5])],
  ['scalar', float32(Float32Array.of(7), [])],
];

/** A file with a custom header. */
function file(header: string, data: Uint8Array = new Uint8Array(16)): Buffer {
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(Buffer.byteLength(header)));
  return Buffer.concat([length, Buffer.from(header), data]);
}

const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32'): string =>
  JSON.stringify({dtype, shape, data_offsets: offsets});

describe('safetensors', () => {
  it('reads what it writes', () => {
    const bytes = formatSafetensors(tensors, [['made by', 'a test']]);
    const {tensors: read, metadata} = parseSafetensors(bytes, 'file');
    expect([...read.keys()]).to.deep.equal(tensors.map(([name]) => name));
    for (const [name, {dtype, shape, data}] of tensors) {
      expect(read.get(name)).to.deep.include({dtype, shape});
      expect(Buffer.from(read.get(name)!.data).equals(data)).to.equal(true);
    }
    expect([...metadata]).to.deep.equal([['made by', 'a test']]);
  });

  it('is compatible with the Python package in both directions', () => {
    const folder = temporaryFolder();
    const [ours, theirs] = [join(folder, 'ours.safetensors'), join(folder, 'theirs.safetensors')];
    writeFileSync(ours, formatSafetensors(tensors));
    const code = `
import json, sys, numpy as np
from safetensors.numpy import load_file, save_file
read = load_file(sys.argv[1])
save_file({'a': np.arange(6, dtype=np.float32).reshape(2, 3), 'b': np.array([1, -1], dtype=np.int64)}, sys.argv[2], {'k': 'v'})
print(json.dumps({name: [str(x.dtype), list(x.shape), x.astype(float).ravel().tolist()] for name, x in read.items()}))`;
    const read = JSON.parse(execFileSync(python(), ['-c', code, ours, theirs], {encoding: 'utf8'})) as Record<
      string,
      unknown[]
    >;
    for (const [name, tensor] of tensors) {
      const dtype = tensor.dtype === 'F16' ? 'float16' : 'float32';
      expect(read[name]).to.deep.equal([dtype, tensor.shape, Array.from(toFloat32(tensor))]);
    }
    const back = parseSafetensors(readFileSync(theirs), theirs);
    expect(Array.from(toFloat32(back.tensors.get('a')!))).to.deep.equal([0, 1, 2, 3, 4, 5]);
    expect(back.tensors.get('b')?.dtype).to.equal('I64');
    expect(back.metadata.get('k')).to.equal('v');
  });

  const bad: [string, string, Buffer | Uint8Array][] = [
    ['fewer than 8 bytes', 'truncated', Buffer.alloc(5)],
    ['a header longer than the file', 'truncated', file('{}').subarray(0, 9)],
    ['a header of 2^63 bytes', 'header', Buffer.from('ffffffffffffff7f7b7d', 'hex')],
    ['invalid JSON', 'header', file('{"a":')],
    ['a list as header', 'header', file('[]')],
    ['invalid UTF-8', 'header', Buffer.concat([file('{}').subarray(0, 8), Buffer.from([0xff, 0xfe])])],
    ['a tensor named twice', 'header', file(`{"a":${entry([2], [0, 8])},"a":${entry([2], [8, 16])}}`)],
    ['a tensor named __proto__', 'header', file(`{"__proto__":${entry([4], [0, 16])}}`)],
    ['metadata that is not text', 'header', file(`{"__metadata__":{"a":1},"a":${entry([4], [0, 16])}}`)],
    ['metadata that is null', 'header', file(`{"__metadata__":null,"a":${entry([4], [0, 16])}}`)],
    ['offsets that run backwards', 'header', file(`{"a":${entry([4], [16, 0])}}`)],
    ['offsets that are fractions', 'header', file(`{"a":${entry([4], [0.5, 16])}}`)],
    ['an unknown type', 'dtype', file(`{"a":${entry([4], [0, 16], 'X9')}}`)],
    ['a type that objects inherit', 'dtype', file(`{"a":${entry([4], [0, 16], 'constructor')}}`)],
    ['a shape that does not fit its data', 'shape', file(`{"a":${entry([5], [0, 16])}}`)],
    ['a shape whose product overflows', 'shape', file(`{"a":${entry([2 ** 40, 2 ** 40], [0, 16])}}`)],
    ['a negative size', 'shape', file(`{"a":${entry([-4], [0, 16])}}`)],
    ['tensors that overlap', 'overlap', file(`{"a":${entry([3], [0, 12])},"b":${entry([2], [8, 16])}}`)],
    ['a gap between tensors', 'overlap', file(`{"a":${entry([1], [0, 4])},"b":${entry([2], [8, 16])}}`)],
    ['data that no tensor covers', 'overlap', file(`{"a":${entry([2], [0, 8])}}`)],
    ['truncated data', 'truncated', file(`{"a":${entry([4], [0, 16])}}`, new Uint8Array(15))],
    ['an entry that is null', 'dtype', file(`{"a":null}`)],
  ];
  for (const [what, code, bytes] of bad)
    it(`refuses ${what}`, () => {
      expect(() => parseSafetensors(bytes, 'bad.safetensors'))
        .to.throw(CaptionerError, 'bad.safetensors: ')
        .with.property('code', code);
    });

  it('reports a typed error or reads consistent tensors after any change to the header', () => {
    const bytes = Buffer.from(formatSafetensors(tensors));
    const end = 8 + Number(bytes.readBigUInt64LE(0));
    for (let at = 0; at < end; at++)
      for (const flip of [1, 4, 32, 128]) {
        const changed = Buffer.from(bytes);
        changed[at]! ^= flip;
        try {
          for (const {dtype, shape, data} of parseSafetensors(changed, 'file').tensors.values()) {
            const size = {F32: 4, F16: 2, I32: 4, I64: 8, U8: 1}[dtype];
            expect(data.length).to.equal(shape.reduce((product, side) => product * side, size));
          }
        } catch (error) {
          expect(error).to.be.instanceOf(CaptionerError);
        }
      }
  });

  it('refuses to write a tensor whose data do not fit its shape', () => {
    const wrong: TensorData = {dtype: 'F32', shape: [3], data: new Uint8Array(8)};
    expect(() => formatSafetensors([['a', wrong]])).to.throw('needs 12 bytes, got 8');
  });
});

describe('float16', () => {
  it('converts like NumPy, for all 65,536 values and between them', () => {
    const folder = temporaryFolder();
    const path = join(folder, 'numbers.bin');
    const all = fromFloat16Bits(Uint16Array.from({length: 65_536}, (_, bits) => bits));
    const between = Float32Array.from({length: 200_000}, (_, k) => Math.sin(k) * 2 ** ((k % 45) - 28));
    const ties = Float32Array.from({length: 31_742}, (_, k) => (all[k]! + all[k + 1]!) / 2);
    writeFileSync(path, Buffer.concat([all, between, ties].map((numbers) => Buffer.from(numbers.buffer))));
    const code = `
import sys, numpy as np
x = np.fromfile(sys.argv[1], np.float32)
with np.errstate(all='ignore'): x.astype(np.float16).view(np.uint16).tofile(sys.argv[1] + '.half')
np.arange(65536, dtype=np.uint16).view(np.float16).astype(np.float32).tofile(sys.argv[1] + '.wide')`;
    execFileSync(python(), ['-c', code, path]);
    const halves = new Uint16Array(new Uint8Array(readFileSync(`${path}.half`)).buffer);
    const wide = new Float32Array(new Uint8Array(readFileSync(`${path}.wide`)).buffer);
    for (const [bits, value] of wide.entries())
      expect(Object.is(all[bits], value) || all[bits] === value).to.equal(true);
    const ours = [all, between, ties].flatMap((numbers) => Array.from(toFloat16Bits(numbers)));
    const nan = (bits: number): boolean => (bits & 0x7fff) > 0x7c00;
    const different = ours.filter((bits, at) => bits !== halves[at] && !(nan(bits) && nan(halves[at]!)));
    expect(different).to.deep.equal([]);
  });
});
