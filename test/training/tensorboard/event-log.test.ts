import {existsSync, mkdirSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import sharp from 'sharp';
import {readEvents as readMetrics, tf, Trainer, type PanelEntry} from 'captioner';
import {trainerSettings} from 'captioner/dist/training/options';
import {removeEventFiles} from 'captioner/dist/checkpoints/event-files';
import {EventLog} from 'captioner/dist/training/tensorboard/event-log';
import {EventWriter} from 'captioner/dist/training/tensorboard/event-writer';
import {histogramOf} from 'captioner/dist/training/tensorboard/histogram';
import {
  histogramValue,
  imageValue,
  scalarValue,
  textValue,
} from 'captioner/dist/training/tensorboard/summary';
import {temporaryFolder} from '../../support';
import {makeToy, toyDecoder, toyOptions} from '../toy';
import {readEvents} from './read-events';

const rounded = (pairs: readonly (readonly [number, number])[]): [number, number][] =>
  pairs.map(([step, y]) => [step, Math.fround(y)]);
const stepsOf = (events: readonly (readonly [number, ...unknown[]])[] | undefined): number[] =>
  (events ?? []).map(([step]) => step);

describe('TensorBoard', () => {
  it('reads scalars, images, text and histograms as they were written', async () => {
    const folder = join(temporaryFolder(), 'events');
    const {numTensors} = tf.memory();
    const writer = new EventWriter(folder);
    writer.write(1, [scalarValue('loss', 2.5, 'In nats.'), scalarValue('rate', 0.001)]);
    writer.write(2 ** 40, [scalarValue('loss', -1.25)]);
    const pixels = Uint8Array.from({length: 3 * 4 * 3}, (_, at) => (at * 7) % 256);
    const bytes = await sharp(pixels, {raw: {width: 4, height: 3, channels: 3}})
      .png()
      .toBuffer();
    writer.write(5, [
      imageValue('image', {bytes, width: 4, height: 3}),
      textValue('caption', '**größer** als 🐕'),
    ]);
    const values = [-1, 0, 0, 0.25, 3];
    const numbers = tf.tensor1d(values);
    const histogram = histogramOf(numbers)!;
    numbers.dispose();
    writer.write(7, [histogramValue('weights', histogram)]);
    expect(tf.memory().numTensors).to.equal(numTensors + 1);
    writer.close();
    expect(tf.memory().numTensors).to.equal(numTensors);

    const {scalars, images, texts, histograms} = readEvents(folder);
    expect(scalars).to.deep.equal({
      loss: [
        [1, 2.5],
        [2 ** 40, -1.25],
      ],
      rate: [[1, Math.fround(0.001)]],
    });
    const [step, width, height, encoded] = images['image']![0]!;
    expect([step, width, height]).to.deep.equal([5, 4, 3]);
    const shown = await sharp(Buffer.from(encoded, 'base64')).removeAlpha().raw().toBuffer();
    expect([...shown]).to.deep.equal([...pixels]);
    expect(texts).to.deep.equal({caption: [[5, '**größer** als 🐕']]});
    const [[at, rows]] = histograms['weights'] as [[number, [number, number, number][]]];
    expect(at).to.equal(7);
    expect([rows[0]![0], rows.at(-1)![1]]).to.deep.equal([-1, 3]);
    for (const value of values) {
      const own = rows.filter(([low, high]) => value >= low && (value < high || (value === 3 && high === 3)));
      expect(own.map(([, , count]) => count)).to.deep.equal([
        values.filter((other) => other === value).length,
      ]);
    }
    expect(rows.reduce((sum, [, , count]) => sum + count, 0)).to.equal(values.length);
  });

  it('counts tensors of one value, and none that are not finite', () => {
    tf.tidy(() => {
      expect(histogramOf(tf.fill([3, 2], 7))).to.deep.equal({edges: [7, 7], counts: [6]});
      expect(histogramOf(tf.tensor1d([1, NaN]))).to.equal(undefined);
      expect(histogramOf(tf.tensor1d([1, Infinity]))).to.equal(undefined);
      expect(histogramOf(tf.zeros([0]))).to.equal(undefined);
      const many = histogramOf(tf.randomNormal([200, 300], 0, 1, 'float32', 5))!;
      expect(many.counts.reduce((sum, count) => sum + count)).to.equal(60_000);
    });
  });

  it('shows a run: losses, rate and speed of its steps, and scores, weights and panel of its epochs, also after a resume', async () => {
    const folder = temporaryFolder();
    const toy = await makeToy(folder);
    const run = join(folder, 'run');
    const first = await Trainer.create({
      ...toy,
      decoder: toyDecoder(toy),
      run,
      options: {...toyOptions, epochs: 3},
    });
    await first.train({epochs: 1});
    first.close();
    const trainer = await Trainer.resume(run, toy);
    const [shown, gone] = trainer.panel() as [PanelEntry, PanelEntry];
    trainer.learningRate = 0.02;
    rmSync(gone.file); // an image that is gone does not stop training
    await trainer.train();
    trainer.close();

    const {scalars, images, texts, histograms, hparams, finished} = readEvents(run);
    const {steps, epochs} = trainer.history;
    const ends = epochs.map(({step}) => step);
    expect(scalars['loss']).to.deep.equal(rounded(steps.map(({step, loss}) => [step, loss])));
    expect(scalars['training/learning rate']).to.deep.equal(
      rounded(steps.map(({step, learningRate}) => [step, learningRate])),
    );
    expect(stepsOf(scalars['training/gradient norm'])).to.deep.equal(steps.map(({step}) => step));
    expect(scalars['scores/BLEU-4']).to.deep.equal(
      rounded(epochs.map(({step, metrics}) => [step, metrics['BLEU-4']!])),
    );
    expect(scalars['scores of the best epoch/CIDEr-D']).to.deep.equal(
      rounded(epochs.filter(({best}) => best).map(({step, metrics}) => [step, metrics['CIDEr-D']!])),
    );
    // The same tag, so that both losses share a chart.
    expect(readEvents(join(run, 'validation')).scalars).to.deep.equal({
      loss: rounded(epochs.map(({step, validationLoss}) => [step, validationLoss])),
    });

    expect(stepsOf(images[`panel/1 ${shown.id}`])).to.deep.equal(ends);
    expect(stepsOf(images[`panel/2 ${gone.id}`])).to.deep.equal(ends.slice(0, 1));
    const captions = texts[`captions/1 ${shown.id}`]!;
    expect(stepsOf(captions)).to.deep.equal(ends);
    for (const [at, {panel}] of epochs.entries()) expect(captions[at]![1]).to.include(panel[0]!.caption);
    expect(captions[0]![1]).to.include(`> ${shown.references[0]}`);

    for (const [name, {size}] of trainer.decoder.weights)
      for (const group of ['weights', 'gradients']) {
        const found = histograms[`${group}/${name}`]!;
        expect(stepsOf(found), name).to.deep.equal(ends);
        for (const [, rows] of found)
          expect(rows.reduce((sum, [, , count]) => sum + count, 0)).to.equal(size);
      }

    expect(hparams).to.include({
      decoder: 'lstm',
      units: 16,
      encoder: 'colours',
      batch: 8,
      seed: 1,
      epochs: 3,
    });
    // The resumed run is compared by the settings that it went on with.
    expect(hparams['learningRate']).to.equal(0.02);
    expect(finished).to.deep.equal([true]);
  });

  it('has each step once after a run went back to an earlier checkpoint', async () => {
    const folder = temporaryFolder();
    const toy = await makeToy(folder);
    const run = join(folder, 'run');
    const options = {...toyOptions, epochs: 2};
    const first = await Trainer.create({...toy, decoder: toyDecoder(toy), run, options});
    await first.train({epochs: 1});
    // As when a process is killed: these steps are logged, but in no checkpoint.
    for (let step = 0; step < 3; step++) first.step();
    first.close();
    const before = readEvents(run);
    expect(stepsOf(before.scalars['loss']).at(-1)).to.equal(first.position.step);
    expect(before.finished).to.deep.equal([]);
    const trainer = await Trainer.resume(run, toy);
    expect(trainer.position.step).to.equal(first.position.step - 3);
    await trainer.train();
    trainer.close();
    const {scalars, images} = readEvents(run);
    expect(stepsOf(scalars['loss'])).to.deep.equal(trainer.history.steps.map(({step}) => step));
    for (const [tag, events] of Object.entries(images)) expect(events.length, tag).to.equal(2);
    expect(readEvents(join(run, 'validation')).scalars['loss']).to.have.length(2);
    const logged = readMetrics(join(run, 'metrics.jsonl')).filter(({type}) => type === 'step');
    expect(logged.map(({step}) => step)).to.deep.equal(trainer.history.steps.map(({step}) => step));
  });

  it('writes from the history what event files lack, and what an earlier version wrote elsewhere', async () => {
    const folder = temporaryFolder();
    const toy = await makeToy(folder);
    const run = join(folder, 'run');
    const options = {...toyOptions, epochs: 2};
    const first = await Trainer.create({...toy, decoder: toyDecoder(toy), run, options});
    await first.train({epochs: 1});
    first.close();
    await removeEventFiles(run);
    expect(readdirSync(run).filter((name) => /tfevents|validation/.test(name))).to.deep.equal([]);
    const former = join(run, 'tensorboard');
    mkdirSync(former);
    writeFileSync(join(former, 'events.out.tfevents.1'), 'anything');
    const trainer = await Trainer.resume(run, toy);
    trainer.close();
    expect(existsSync(former)).to.equal(false);
    const {scalars, images} = readEvents(run);
    const {steps, epochs} = trainer.history;
    expect(scalars['loss']).to.deep.equal(rounded(steps.map(({step, loss}) => [step, loss])));
    expect(Object.values(images).map((events) => stepsOf(events))).to.deep.equal([
      [epochs[0]!.step],
      [epochs[0]!.step],
    ]);
  });

  it('replaces the event files of an earlier run, and nothing else', async () => {
    const folder = temporaryFolder();
    const toy = await makeToy(folder);
    const run = join(folder, 'run');
    const parts = {...toy, run, options: {...toyOptions, epochs: 1}};
    const first = await Trainer.create({...parts, decoder: toyDecoder(toy)});
    await first.train();
    first.close();
    writeFileSync(join(run, 'validation', 'notes.txt'), 'mine');
    const second = await Trainer.create({...parts, decoder: toyDecoder(toy)}, {replace: true});
    second.close();
    expect(readEvents(run).scalars).to.deep.equal({});
    expect(readdirSync(join(run, 'validation'))).to.deep.equal(['notes.txt']);
  });

  it('takes captions for text, never for HTML or Markdown', async () => {
    const folder = temporaryFolder();
    const toy = await makeToy(folder);
    const events = join(folder, 'events');
    const report = {
      epoch: 1,
      step: 3,
      loss: 1,
      validationLoss: NaN,
      learningRate: 1,
      metrics: {},
      seconds: 1,
      best: false,
      panel: [{id: 'a', file: '/nowhere.png', caption: '<b>*x*', references: ['<script>alert(1)</script>']}],
    };
    const log = new EventLog(events, {...toy, decoder: toyDecoder(toy)}, {steps: [], epochs: [report]});
    await log.epoch(report);
    log.step({step: 4, epoch: 2, loss: 1, learningRate: 1, gradientNorm: 1}, trainerSettings(), 2);
    log.close();
    const {texts, scalars} = readEvents(events);
    const [, text] = texts['captions/1 a']![0]!;
    expect(text).to.equal('**&#60;b&#62;&#42;x&#42;**\n\n> &#60;script&#62;alert(1)&#60;/script&#62;');
    expect(scalars['training/steps per second']).to.deep.equal([[4, 0.5]]);
    expect(existsSync(join(events, 'validation'))).to.equal(false);
  });
});
