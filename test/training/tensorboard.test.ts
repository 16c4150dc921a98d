import {expect} from 'chai';
import {execFileSync} from 'node:child_process';
import {rmSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import sharp from 'sharp';
import {tf, Trainer} from 'captioner';
import {EventLog} from 'captioner/dist/training/tensorboard';
import {projectRoot, temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyOptions} from './toy';

interface Events {
  readonly scalars: Record<string, [step: number, value: number][]>;
  readonly images: Record<string, [step: number, width: number, height: number, png: string][]>;
  readonly texts: Record<string, [step: number, text: string][]>;
}

async function read(folder: string): Promise<Events> {
  const tool = async <T>(name: string): Promise<T> =>
    (await import(pathToFileURL(join(projectRoot, 'tools', 'setup', name)).href)) as T;
  const {openProject} = await tool<{openProject: () => unknown}>('project.mjs');
  const {environment} = await tool<{environment: (project: unknown) => {python: string}}>('python.mjs');
  const script = join(projectRoot, 'test', 'training', 'read-events.py');
  const {python} = environment(openProject());
  return JSON.parse(execFileSync(python, [script, folder], {encoding: 'utf8', stdio: 'pipe'})) as Events;
}

describe('TensorBoard', () => {
  it('reads scalars, images and text as they were written', async () => {
    const folder = join(temporaryFolder(), 'events');
    const log = new EventLog(folder);
    const {numTensors} = tf.memory();
    log.scalars({'loss/training': 2.5, 'learningRate': 0.001}, 1);
    log.scalars({'loss/training': 1.25}, 2 ** 40);
    const pixels = Uint8Array.from({length: 3 * 4 * 3}, (_, at) => (at * 7) % 256);
    log.image('image', pixels, [3, 4], 5);
    log.text('caption', '**größer** als 🐕', 6);
    expect(tf.memory().numTensors).to.equal(numTensors);
    log.close();
    expect(tf.memory().numTensors).to.equal(numTensors - 1);

    const {scalars, images, texts} = await read(folder);
    expect(scalars).to.deep.equal({
      'loss/training': [
        [1, 2.5],
        [2 ** 40, 1.25],
      ],
      'learningRate': [[1, Math.fround(0.001)]],
    });
    expect(Object.keys(images)).to.deep.equal(['image/image']);
    const [step, width, height, png] = images['image/image']![0]!;
    expect([step, width, height]).to.deep.equal([5, 4, 3]);
    const shown = await sharp(Buffer.from(png, 'base64')).removeAlpha().raw().toBuffer();
    expect([...shown]).to.deep.equal([...pixels]);
    expect(texts).to.deep.equal({caption: [[6, '**größer** als 🐕']]});
  });

  it('shows a run: losses and rate of each step, scores and the panel of each epoch, also after a resume', async () => {
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
    const [shown] = trainer.panel(1);
    rmSync(trainer.panel()[1]!.file); // an image that is gone does not stop training
    await trainer.train();
    trainer.close();

    const {scalars, images, texts} = await read(join(run, 'tensorboard'));
    const {steps, epochs} = trainer.history;
    const rounded = (pairs: (readonly [number, number])[]) =>
      pairs.map(([step, y]) => [step, Math.fround(y)]);
    expect(scalars['loss/training']).to.deep.equal(rounded(steps.map(({step, loss}) => [step, loss])));
    expect(scalars['learningRate']).to.deep.equal(
      rounded(steps.map(({step, learningRate}) => [step, learningRate])),
    );
    expect(scalars['gradient norm']).to.have.length(steps.length);
    expect(scalars['loss/validation']).to.deep.equal(
      rounded(epochs.map(({step, validationLoss}) => [step, validationLoss])),
    );
    expect(scalars['validation/BLEU-4']).to.deep.equal(
      rounded(epochs.map(({step, metrics}) => [step, metrics['BLEU-4']!])),
    );
    expect(images['panel/1/image']!.map(([step]) => step)).to.deep.equal(epochs.map(({step}) => step));
    expect(images['panel/2/image']).to.have.length(1);
    const captions = texts['panel/1']!;
    expect(captions.map(([step]) => step)).to.deep.equal(epochs.map(({step}) => step));
    for (const [at, {panel}] of epochs.entries()) expect(captions[at]![1]).to.include(panel[0]!.caption);
    expect(captions[0]![1]).to.include(`> ${shown!.references[0]}`);
  });

  it('takes captions for text, never for HTML or Markdown', async () => {
    const folder = join(temporaryFolder(), 'events');
    const log = new EventLog(folder);
    const entry = {
      id: 'a',
      file: '/nowhere.png',
      caption: '<b>*x*',
      references: ['<script>alert(1)</script>'],
    };
    const report = {
      epoch: 1,
      step: 3,
      loss: 1,
      validationLoss: NaN,
      learningRate: 1,
      metrics: {},
      seconds: 1,
      best: false,
    };
    await log.epoch({...report, panel: [entry]});
    log.close();
    const {texts, scalars} = await read(folder);
    const [, text] = texts['panel/1']![0]!;
    expect(text).to.equal('**&#60;b&#62;&#42;x&#42;**\n\n> &#60;script&#62;alert(1)&#60;/script&#62;');
    expect(scalars).to.deep.equal({});
  });
});
