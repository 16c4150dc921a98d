import {centredViews, encoderNames, loadEncoder, multiView, tf, type Features} from 'captioner';
import {encodeInSteps} from 'captioner/dist/encoders/encoder';
import {sectionsOf} from 'captioner/dist/encoders/layers';
import {architectureOf} from 'captioner/dist/encoders/registry';
import {expect} from 'chai';

describe('Sections of a network', () => {
  for (const name of encoderNames)
    it(`need nothing but the output of the one before: ${name}`, () => {
      const {layers} = architectureOf(name);
      const sections = sectionsOf(layers);
      expect(sections.flat()).to.deep.equal(layers);
      expect(sections.length).to.be.above(8);
      let input = 'input';
      for (const section of sections) {
        const known = new Set([input]);
        for (const {name: own, from} of section) {
          for (const one of [from].flat()) expect(known.has(one), `${own} reads ${one}`).to.equal(true);
          known.add(own);
        }
        input = section.at(-1)!.name;
      }
    });

  it('compute the same features as the whole network, to the last bit, also of several views', async () => {
    const single = await loadEncoder('efficientnet-lite0', {preprocessing: {size: 96}});
    const encoder = multiView(single, centredViews(3));
    const pixels = tf.randomUniform<tf.Rank.R4>([3, 96, 96, 3], 0, 256, 'int32', 7);
    // The first call compiles a function, which keeps the weights that it uses.
    for (const one of [single, encoder]) {
      const {grid, pooled} = one.encode(pixels);
      tf.dispose([grid, pooled]);
    }
    const before = tf.memory().numTensors;
    for (const one of [single, encoder]) {
      const whole = one.encode(pixels);
      const steps = encodeInSteps(one, pixels);
      let [pauses, found] = [0, undefined as Features | undefined];
      while (found === undefined) {
        const {done, value} = steps.next();
        if (done) found = value;
        else pauses++;
      }
      expect(pauses).to.be.above(20);
      for (const kind of ['grid', 'pooled'] as const)
        expect(found[kind].dataSync()).to.deep.equal(whole[kind].dataSync());
      tf.dispose([whole.grid, whole.pooled, found.grid, found.pooled]);
      // Given up in the middle of the second view.
      const given = encodeInSteps(one, pixels);
      for (let k = 0; k < 20; k++) given.next();
      given.return(undefined as never);
      expect(tf.memory().numTensors).to.equal(before);
    }
    pixels.dispose();
    encoder.dispose();
  });
});
