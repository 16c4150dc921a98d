/** Keras weight files: any damaged one is read or refused in words, and a good one is read however many damaged ones came before. */
import {execFileSync} from 'node:child_process';
import {readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import type {Architecture} from 'captioner/dist/encoders/architecture';
import {kerasWeights} from 'captioner/dist/encoders/keras-weights';
import type {Convolution} from 'captioner/dist/encoders/layers';
import {expect} from 'chai';
import {python, temporaryFolder} from '../../support';
import {cases, damaged, drawn, edits, expectInWords} from './cases';

const stem: Convolution = {kind: 'convolution', name: 'stem', block: 'stem', from: 'input', kernel: [3, 3], stride: 1, padding: 'same', inputs: 3, outputs: 4, activation: 'linear'}; // prettier-ignore
const architecture: Architecture = {
  name: 'small',
  preprocessing: {size: 8, fit: 'stretch', interpolation: 'linear', mean: [0, 0, 0], std: [1, 1, 1]},
  layers: [stem],
  normEpsilon: 1e-3,
  normScale: true,
  published: [],
};
const script = `
import sys, h5py, numpy as np
with h5py.File(sys.argv[1], 'w') as file:
    file.attrs['layer_names'] = [b'conv', b'norm']
    parts = {'conv': {'kernel': np.arange(108).reshape(3, 3, 3, 4)}, 'norm': {name: np.arange(4) for name in ['gamma', 'beta', 'mean', 'variance']}}
    for layer, tensors in parts.items():
        group = file.create_group(layer)
        group.attrs['weight_names'] = [name.encode() for name in tensors]
        for name, numbers in tensors.items(): group[name] = numbers.astype('f4')`;

describe('Any Keras weight file', function () {
  this.timeout(1_200_000);

  it('is read or refused in words after damage, and a good one after it is read', async () => {
    const folder = temporaryFolder();
    const good = join(folder, 'good.h5');
    execFileSync(python(), ['-c', script, good]);
    const expectGood = async (): Promise<void> => {
      const weights = await kerasWeights(architecture, good);
      expect(Array.from(weights.kernel(stem))).to.deep.equal(Array.from({length: 108}, (_, at) => at));
    };
    await expectGood();
    const bytes = readFileSync(good);
    const signature = bytes.subarray(0, 8);
    // Each file costs a thread, so these are fewer.
    const changes = drawn(edits).slice(0, Math.ceil(cases / 50));
    let refused = 0;
    for (const [at, change] of changes.entries()) {
      const file = join(folder, 'damaged.h5');
      const content = damaged(bytes, change);
      // Files that don't begin like HDF5 never come here.
      signature.copy(content);
      writeFileSync(file, content);
      await kerasWeights(architecture, file).catch((error: unknown) => {
        expectInWords(error);
        refused++;
      });
      if (at % 20 === 19) await expectGood();
    }
    await expectGood();
    expect(refused).to.be.above(0);
  });
});
