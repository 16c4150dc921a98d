/** Pickles: what Python writes is read, and any other program is refused in words. */
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {Unpickler, type Builders} from 'captioner/dist/encoders/pickle';
import {parsePth, parseZippedPth} from 'captioner/dist/encoders/pth';
import {expect} from 'chai';
import fc from 'fast-check';
import {projectRoot, python, temporaryFolder} from '../../support';
import {damaged, drawn, edits, expectInWords, holds, holdsAsync, readOrRefused} from './cases';

const refuseAll: Builders = {
  call: (_, __, refuse) => refuse('a call'),
  persistent: (_, refuse) => refuse('a storage'),
};
const acceptAll: Builders = {call: () => new Map(), persistent: ([, type]) => type};

/** A value of Python, each with its type: `["list", …]`, `["dict", [key, value], …]`. */
type Value = readonly [type: string, ...parts: readonly unknown[]];

const {value: values} = fc.letrec<{value: Value; key: Value}>((tie) => ({
  key: fc.oneof(
    fc.string({unit: 'binary', maxLength: 20}).map((text) => ['str', text] as const),
    fc.integer().map((number) => ['int', number] as const),
  ),
  value: fc.oneof(
    {depthSize: 'small'},
    tie('key'),
    fc.boolean().map((truth) => ['bool', truth] as const),
    fc.constant(['none'] as const),
    fc.array(tie('value'), {maxLength: 6}).map((all) => ['list', ...all] as const),
    fc.array(tie('value'), {maxLength: 6}).map((all) => ['tuple', ...all] as const),
    fc
      .uniqueArray(fc.tuple(tie('key'), tie('value')), {
        maxLength: 5,
        selector: ([[, key]]) => key,
      })
      .map((all) => ['dict', ...all] as const),
  ),
}));

/** Returns the value that the reader is to make: tuples are lists here. */
function wanted([type, ...parts]: Value): unknown {
  if (type === 'none') return undefined;
  if (type === 'list' || type === 'tuple') return (parts as Value[]).map(wanted);
  if (type === 'dict')
    return new Map((parts as [Value, Value][]).map(([key, value]) => [wanted(key), wanted(value)]));
  return parts[0];
}

/** Pickles of values, written by Python in protocol 2. */
function pickled(all: readonly Value[]): Buffer[] {
  const file = join(temporaryFolder(), 'values.json');
  writeFileSync(file, JSON.stringify(all));
  const code = `
import json, pickle, sys
def made(value):
    kind, *parts = value
    if kind == 'none': return None
    if kind == 'list': return [made(part) for part in parts]
    if kind == 'tuple': return tuple(made(part) for part in parts)
    if kind == 'dict': return {made(key): made(part) for key, part in parts}
    return parts[0]
for value in json.load(open(sys.argv[1], encoding='utf-8')): print(pickle.dumps(made(value), protocol=2).hex())`;
  const lines = execFileSync(python(), ['-c', code, file], {encoding: 'utf8', maxBuffer: 2 ** 30});
  return lines
    .trimEnd()
    .split('\n')
    .map((line) => Buffer.from(line, 'hex'));
}

const opcodes = [...'.(}])NKMJXqrhjtcQRsuebGUILVdlo0129aOP'].map((one) => one.charCodeAt(0));
/** Programs of the pickles' stack machine: opcodes, most of them known, with arguments that need not fit. */
const programs = fc
  .array(
    fc.oneof(
      {weight: 6, arbitrary: fc.constantFrom(...opcodes, 0x80, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a).map((code) => [code])},
      {weight: 3, arbitrary: fc.nat(255).map((code) => [code])},
      {weight: 1, arbitrary: fc.constantFrom('cos\nsystem\n', 'ctorch\nFloatStorage\n', 'X\x01\x00\x00\x00a').map((text) => [...Buffer.from(text, 'latin1')])},
    ),
    {minLength: 1, maxLength: 40},
  )
  .map((parts) => Buffer.from([...parts.flat(), 0x2e])); // prettier-ignore

describe('Any pickle', function () {
  this.timeout(600_000);

  it('of numbers, texts, lists and dictionaries is read as Python wrote it', () => {
    const all = drawn(values);
    for (const [at, bytes] of pickled(all).entries()) {
      const reader = new Unpickler(bytes, 'x.pth', refuseAll);
      expect(reader.next(), JSON.stringify(all[at])).to.deep.equal(wanted(all[at]!));
      expect(reader.position).to.equal(bytes.length);
    }
  });

  it('is read or refused in words after damage', () => {
    const good = pickled(fc.sample(values, {numRuns: 50, seed: 2}));
    holds(
      fc.property(fc.constantFrom(...good), edits, (bytes, changes) => {
        for (const builders of [refuseAll, acceptAll])
          readOrRefused(() => new Unpickler(damaged(bytes, changes), 'x.pth', builders).next());
      }),
    );
  });

  it('is read or refused in words, whatever program it is', () => {
    holds(
      fc.property(programs, (bytes) => {
        for (const builders of [refuseAll, acceptAll])
          readOrRefused(() => new Unpickler(bytes, 'x.pth', builders).next());
      }),
    );
  });
});

describe('Any PyTorch weight file', function () {
  this.timeout(600_000);
  const head = Buffer.from('\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19.\x80\x02M\xe9\x03.\x80\x02}X\x0d\x00\x00\x00little_endian\x88s.', 'latin1'); // prettier-ignore

  it('in the format before 1.6 is read or refused in words, whatever pickles it has', () => {
    holds(
      fc.property(programs, programs, fc.uint8Array({maxLength: 64}), (state, keys, rest) => {
        readOrRefused(() => parsePth(Buffer.concat([head, state, keys, rest]), 'x.pth'));
      }),
    );
  });

  it('in the format since 1.6 is read or refused in words after damage', async () => {
    const folder = temporaryFolder();
    const [numbers, index, out] = ['numbers', 'index.json', 'made.pth'].map((name) => join(folder, name));
    writeFileSync(numbers!, new Uint8Array(Float32Array.of(1, 2, 3, 4, 5, 6).buffer));
    writeFileSync(index!, JSON.stringify([['a.weight', 'F32', [2, 3], numbers], ['b', 'F32', [6], numbers]])); // prettier-ignore
    execFileSync(python(), [join(projectRoot, 'test', 'encoders', 'zipped_pth.py'), index!, out!]);
    const good = readFileSync(out!);
    expect([...(await parseZippedPth(good, 'x.pth')).keys()]).to.deep.equal(['a.weight', 'b']);
    await holdsAsync(
      fc.asyncProperty(edits, async (changes) => {
        await parseZippedPth(damaged(good, changes), 'x.pth').catch(expectInWords);
      }),
    );
  });
});
