import {execFileSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {npz} from 'captioner/dist/files/npz';
import {expect} from 'chai';
import {python, temporaryFolder} from '../support';

const read = `import json, sys, numpy, zipfile
assert zipfile.ZipFile(sys.argv[1]).testzip() is None
arrays = numpy.load(sys.argv[1])
print(json.dumps({name: [str(arrays[name].dtype), list(arrays[name].shape), arrays[name].tolist()] for name in arrays}))`;

describe('npz', () => {
  it('writes arrays of numbers and texts that NumPy reads', () => {
    const file = join(temporaryFolder(), 'arrays.npz');
    const bytes = npz([
      {name: 'a/image', shape: [1, 2, 3], values: Float32Array.of(0, -1.5, 2, 3, 4, 1e-20)},
      {name: 'a/words', shape: [3], values: ['a', 'größer', '🐕 und']},
      {name: 'a/positions', shape: [2], values: Int32Array.of(-1, 70000).subarray(0, 2)},
      {name: 'b/view', shape: [2], values: Float32Array.of(1, 2, 3).subarray(1)},
      {name: 'b/none', shape: [0], values: []},
    ]);
    writeFileSync(file, bytes);
    const found: unknown = JSON.parse(execFileSync(python(), ['-c', read, file], {encoding: 'utf8'}));
    expect(found).to.deep.equal({
      'a/image': ['float32', [1, 2, 3], [[[0, -1.5, 2], [3, 4, Math.fround(1e-20)]]]], // prettier-ignore
      'a/words': ['<U6', [3], ['a', 'größer', '🐕 und']],
      'a/positions': ['int32', [2], [-1, 70000]],
      'b/view': ['float32', [2], [2, 3]],
      'b/none': ['<U1', [0], []],
    });
  });

  it('gives the same bytes for the same arrays', () => {
    const arrays = [{name: 'a', shape: [1], values: Float32Array.of(1)}];
    expect(npz(arrays).equals(npz(arrays))).to.equal(true);
  });
});
