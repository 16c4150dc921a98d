import {createRequire} from 'node:module';
import {expect} from 'chai';
import {device, type TrainerOptions} from 'captioner';
import {startNotes} from 'captioner/dist/training/start-notes';
import {trainerSettings} from 'captioner/dist/training/options';

const cpu = createRequire(__filename)('captioner/dist/tensorflow/cpu-features') as {avx512: boolean};

describe('The notes at the start of a training', () => {
  const notes = (options: TrainerOptions): string[] => {
    const parts = {dataset: {images: []}} as unknown as Parameters<typeof startNotes>[0];
    const data = {judged: [], training: []} as unknown as Parameters<typeof startNotes>[1];
    return startNotes(parts, data, trainerSettings(options)).filter((note) => note.includes('bfloat16'));
  };

  it('say that a processor without products in bfloat16 gains nothing by them', function () {
    if (device() === 'gpu') this.skip();
    const detected = cpu.avx512;
    try {
      cpu.avx512 = false;
      expect(notes({})).to.deep.equal([]);
      expect(notes({precision: 'bfloat16'})).to.deep.equal([
        'This processor does not multiply in bfloat16: precision=bfloat16 rounds, but makes nothing faster. Train with precision=float32.',
      ]);
      cpu.avx512 = true;
      expect(notes({precision: 'bfloat16'})).to.deep.equal([]);
    } finally {
      cpu.avx512 = detected;
    }
  });
});
