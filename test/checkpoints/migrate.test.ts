import {cpSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {loadCheckpoint, saveCheckpoint} from 'captioner';
import {migrateMetadata} from 'captioner/dist/checkpoints/migrate';
import {trainerSettings} from 'captioner/dist/training/options';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';

const fixture = join(projectRoot, 'test', 'fixtures', 'checkpoints', 'version-1');

describe('A checkpoint of format version 1', () => {
  it('is loaded with the names of today, and saved in the format of today', async () => {
    const folder = join(temporaryFolder(), 'checkpoint');
    cpSync(fixture, folder, {recursive: true});
    const loaded = await loadCheckpoint(folder);
    const {decoder, encoder, training} = loaded;
    expect(decoder.options).to.deep.include({imageInput: 'every', units: 2, embedding: 2});
    expect(encoder.preprocessing.std).to.deep.equal([128, 128, 128]);
    expect(decoder.featureNormalization.get('features.std')!.dataSync()[0]).to.be.above(0);
    // Options that are newer than the checkpoint are at their defaults.
    expect(trainerSettings(training!.settings)).to.deep.include(training!.settings);
    expect(training!.settings).to.deep.include({
      learningRate: 0.002,
      encoderLearningRate: 0.00001,
      captionsPerImage: 2,
      validationImages: 2,
      panelImages: 1,
      selectBy: 'METEOR',
      clipNorm: 4,
      emaDecay: 0.9,
      lengthPenalty: 0.6,
    });
    expect(training!.position).to.include({step: 5, epoch: 1, learningRate: 0.002});
    const [step] = training!.history.steps;
    expect(step).to.have.keys('step', 'epoch', 'learningRate', 'loss', 'gradientNorm');
    expect(training!.history.epochs[0]!.metrics).to.have.property('factual', 0);

    await saveCheckpoint(join(folder, 'again'), loaded);
    const json = JSON.parse(readFileSync(join(folder, 'again', 'checkpoint.json'), 'utf8')) as object;
    expect(json).to.have.property('version', 2);
    const again = await loadCheckpoint(join(folder, 'again'));
    expect(again.training!.history).to.deep.equal(training!.history);
    expect(again.training!.settings).to.deep.equal(training!.settings);
    for (const [name, weight] of decoder.weights)
      expect(again.decoder.weights.get(name)!.dataSync()).to.deep.equal(weight.dataSync());
    for (const one of [decoder, again.decoder]) one.dispose();
  });

  it('that chose its best epoch by truth chooses it by `factual`', () => {
    const json = {version: 1, decoder: {options: {}}, settings: {best: 'true'}, tuning: {from: 'blocks.1'}};
    expect(migrateMetadata(json)).to.deep.include({
      settings: {selectBy: 'factual'},
      fineTuned: {from: 'blocks.1'},
    });
  });

  it('stays as it is where it is none', () => {
    for (const json of [null, 3, [], {version: 2}, {version: 7}])
      expect(migrateMetadata(json)).to.equal(json);
  });
});
