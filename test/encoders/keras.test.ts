import {execFileSync} from 'node:child_process';
import {copyFileSync, readFileSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {Cnn} from 'captioner/dist/encoders/cnn';
import {forward} from 'captioner/dist/encoders/forward';
import {multiplyAdds} from 'captioner/dist/encoders/layers';
import {loadEncoder, tf} from 'captioner';
import {architectureOf} from 'captioner/dist/encoders/registry';
import {parseSafetensors, toFloat32, type TensorData} from 'captioner/dist/files/safetensors';
import {projectRoot, python, refusal, temporaryFolder} from '../support';
import {relativeError} from '../tensors';

const networks = [
  {
    name: 'inception-v3',
    top: true,
    /** Number of parameters, including the statistics of batch norm. */
    parameters: 23_851_784,
    multiplyAdds: 5.7e9,
    within: {mixed0: 'mixed0', mixed3: 'mixed3', mixed7: 'mixed7', mixed8: 'mixed8'},
  },
  {
    name: 'mobilenet-v2',
    top: false,
    parameters: 2_257_984,
    multiplyAdds: 0.3e9,
    within: {
      block_2_add: 'blocks.2.add',
      block_6_project_BN: 'blocks.6.project',
      block_13_project_BN: 'blocks.13.project',
    },
  },
] as const;

for (const {name, top, parameters, multiplyAdds: work, within} of networks)
  describe(`${name} against Keras`, () => {
    const folder = temporaryFolder();
    let trained: number;
    let expected: Map<string, TensorData>;
    let pixels: tf.Tensor4D;
    const of = (key: string): Float32Array => toFloat32(expected.get(key)!);
    before(function () {
      this.timeout(300_000);
      const script = join(projectRoot, 'test', 'encoders', 'keras_networks.py');
      const args = [script, name, folder, ...(top ? ['top'] : [])];
      trained = Number.parseInt(
        execFileSync(python(), args, {encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']}),
      );
      expected = parseSafetensors(readFileSync(join(folder, 'expected.safetensors')), 'expected').tensors;
      const {shape, data} = expected.get('pixels')!;
      pixels = tf.tensor(
        new Int32Array(new Uint8Array(data).buffer),
        shape as [number, number, number, number],
        'int32',
      );
    });
    after(() => pixels.dispose());

    for (const [layout, file] of [
      ["Keras 2's layout, in which weights are published", 'keras2.h5'],
      ["Keras 3's layout", 'keras3.weights.h5'],
    ] as const)
      it(`matches Keras within 1e-4, with weights in ${layout}`, async () => {
        const encoder = await loadEncoder(name, {weights: join(folder, file)});
        const {grid, pooled} = encoder.encode(pixels);
        expect(grid.shape).to.deep.equal([2, encoder.cells, encoder.depth]);
        expect(relativeError(grid, of('grid'))).to.be.below(1e-4);
        expect(relativeError(pooled, of('pooled'))).to.be.below(1e-4);
        tf.dispose([grid, pooled]);
        if (top) {
          const logits = encoder.classify(pixels);
          expect(relativeError(logits, of('logits'))).to.be.below(1e-4);
          logits.dispose();
        } else expect(() => encoder.classify(pixels)).to.throw('expected weights with the classifier');
        encoder.dispose();
      });

    it('matches Keras in the intermediate blocks', async () => {
      const cnn = (await loadEncoder(name, {weights: join(folder, 'keras2.h5')})) as Cnn;
      for (const [theirs, ours] of Object.entries(within)) {
        const until = cnn.layers.findIndex((layer) => layer.name === ours) + 1;
        const output = tf.tidy(() => forward(cnn.layers.slice(0, until), cnn.weights, cnn.normalize(pixels)));
        expect([...output.shape]).to.deep.equal(expected.get(theirs)!.shape);
        expect(relativeError(output, of(theirs)), theirs).to.be.below(1e-4);
        output.dispose();
      }
      cnn.dispose();
    });

    it('has the published number of parameters and multiply-adds', () => {
      const {layers, normScale} = architectureOf(name);
      let count = top ? 2048 * 1000 + 1000 : 0;
      for (const layer of layers)
        if (layer.kind === 'convolution' || layer.kind === 'depthwise') {
          const inputs = layer.kind === 'depthwise' ? 1 : layer.inputs;
          count +=
            layer.kernel[0] * layer.kernel[1] * inputs * layer.outputs + (normScale ? 4 : 3) * layer.outputs;
        }
      expect(count).to.equal(parameters);
      expect(trained).to.equal(parameters);
      const {size} = architectureOf(name).preprocessing;
      expect(multiplyAdds(layers, size) / work).to.be.within(0.97, 1.03);
    });

    it('rejects weight files that are damaged or of another network or format', async () => {
      const damaged = join(folder, 'damaged.h5');
      copyFileSync(join(folder, 'keras2.h5'), damaged);
      truncateSync(damaged, 1_000_000);
      const cut = await refusal(loadEncoder(name, {weights: damaged}));
      expect(cut.code).to.equal('weights');
      expect(cut.message).to.include('expected a complete HDF5 file');
      const [other] = networks.filter((network) => network.name !== name);
      const foreign = await refusal(loadEncoder(other!.name, {weights: join(folder, 'keras2.h5')}));
      expect(foreign.code).to.equal('weights');
      expect(foreign.message).to.include(`layers with weights of ${other!.name}`);
      writeFileSync(damaged, 'PK\x03\x04 as PyTorch writes them');
      expect((await refusal(loadEncoder(name, {weights: damaged}))).message).to.include(
        'expected a ZIP archive',
      );
      writeFileSync(damaged, 'nothing of the kind');
      expect((await refusal(loadEncoder(name, {weights: damaged}))).code).to.equal('header');
    });

    it('rejects images that are too small', async () => {
      const options = {weights: join(folder, 'keras2.h5'), preprocessing: {size: 40}};
      if (name === 'mobilenet-v2') return (await loadEncoder(name, options)).dispose();
      const error = await refusal(loadEncoder(name, options));
      expect(error.code).to.equal('options');
      expect(error.message).to.include('expected larger images, got 40 pixels');
    });

    it('holds no tensors after dispose', async () => {
      const before = tf.memory().numTensors;
      const encoder = await loadEncoder(name, {weights: join(folder, 'keras2.h5')});
      const {grid, pooled} = encoder.encode(pixels);
      tf.dispose([grid, pooled]);
      encoder.dispose();
      expect(tf.memory().numTensors).to.equal(before);
    });
  });
