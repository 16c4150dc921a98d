/** Trains for some steps, all at once or in two halves by two processes, and prints the losses and a checksum of the weights. */
import {createHash} from 'node:crypto';
import {rmSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join} from 'node:path';
import {syntheticData} from './synthetic.mjs';

const require = createRequire(import.meta.url);
const {createDecoder, Trainer} = require('captioner');

const [steps, which] = [Number(process.argv[2]), process.argv[3]];
const folder = join(process.env.CAPTIONER_OUTPUT, 'resume');
const [losses, weights] = [{}, {}];
for (const kind of ['lstm', 'attention', 'transformer']) {
  const run = join(folder, `run-${kind}`);
  const parts = await syntheticData(join(folder, which), kind === 'lstm' ? 'pooled' : 'grid', 60);
  const options = {
    epochs: 3,
    batch: 16,
    learningRate: 1e-3,
    validationImages: 2,
    panelImages: 1,
    meteor: false,
    seed: 1,
  };
  const create = (more) =>
    Trainer.create({
      ...parts,
      decoder: createDecoder(kind, parts.vocabulary.size, parts.features.depth, {}),
      options,
      ...more,
    });
  if (which === 'first') rmSync(run, {recursive: true, force: true});
  const trainer =
    which === 'second' ? await Trainer.resume(run, parts) : await create(which === 'first' ? {run} : {});
  const count = which === 'whole' ? steps : steps / 2;
  losses[kind] = Array.from({length: count}, () => trainer.step().loss);
  if (which === 'first') await trainer.save();
  const hash = createHash('sha256');
  for (const [name, weight] of trainer.decoder.weights) hash.update(name).update(weight.dataSync());
  weights[kind] = hash.digest('hex');
  trainer.close();
}
console.log(JSON.stringify({losses, weights}));
process.exit(0);
