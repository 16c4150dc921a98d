import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {expect} from 'chai';
import {loadEncoder, readPixels, tf} from 'captioner';
import {flickr8k, named, projectRoot, python, temporaryFolder} from '../support';

describe("mobilenet-v2 with ImageNet's weights", () => {
  it('classifies photographs like Keras with images resized by Pillow', async function () {
    const [photographs, model] = [flickr8k(), named('MOBILENET_V2_TFLITE')];
    if (photographs === undefined || model === undefined) return this.skip();
    const folder = temporaryFolder();
    const script = join(projectRoot, 'test', 'encoders', 'quantised_mobilenet.py');
    const originals = join(photographs, 'originals');
    const answer = execFileSync(python(), [script, model, originals, folder], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    const labels = JSON.parse(answer) as Record<string, [keras: number, quantised: number]>;
    const encoder = await loadEncoder('mobilenet-v2', {weights: join(folder, 'weights.h5')});
    const same = [0, 0];
    for (const [file, expected] of Object.entries(labels)) {
      const small = await readPixels(join(originals, file), encoder.preprocessing);
      const [found] = tf.tidy(() =>
        tf
          .argMax(encoder.classify(tf.tensor4d(Int32Array.from(small), [1, 224, 224, 3], 'int32')), 1)
          .dataSync(),
      );
      for (const [at, label] of expected.entries()) if (label === found) same[at]!++;
    }
    encoder.dispose();
    expect(Object.keys(labels)).to.have.length(24);
    expect(same[0]).to.be.at.least(23);
    // TFLite computes with 8-bit integers, which flips a close decision now and then.
    expect(same[1]).to.be.at.least(20);
  });
});
