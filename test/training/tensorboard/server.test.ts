import {join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {expect} from 'chai';
import sharp from 'sharp';
import {Trainer} from 'captioner';
import {temporaryFolder} from '../../support';
import {makeToy, toyDecoder, toyOptions, type Toy} from '../toy';
import {startTensorBoard, type TensorBoard} from './server';

type Tags = Record<string, Record<string, unknown>>;
interface HParamInfo {
  readonly name: string;
  readonly differs?: boolean;
}
interface Metric {
  readonly name: {readonly tag: string; readonly group: string};
  readonly value: number;
}
interface SessionGroup {
  readonly name: string;
  readonly hparams: Record<string, unknown>;
  readonly metricValues: readonly Metric[];
  readonly sessions: readonly {readonly status: string}[];
}

describe('TensorBoard as a server', function () {
  this.timeout(180_000);
  const folder = temporaryFolder();
  const runs = join(folder, 'checkpoints');
  const trainers: Trainer[] = [];
  let board: TensorBoard;

  const train = async (toy: Toy, name: string, learningRate: number, epochs: number): Promise<void> => {
    const options = {...toyOptions, learningRate, epochs: 2};
    const trainer = await Trainer.create({...toy, decoder: toyDecoder(toy), run: join(runs, name), options});
    await trainer.train({epochs});
    trainer.close();
    trainers.push(trainer);
  };

  before(async () => {
    const toy = await makeToy(folder);
    await train(toy, 'first', 0.01, 2);
    await train(toy, 'second', 0.02, 1);
    board = await startTensorBoard(runs);
    const loaded = async (): Promise<boolean> =>
      Object.keys(await board.get<Tags>('scalars/tags')).length === 4 &&
      Object.keys((await board.get<Tags>('images/tags'))['second'] ?? {}).length > 0;
    for (let tries = 0; !(await loaded()) && tries < 100; tries++) await wait(200);
  });
  after(() => board.stop());

  it('calls runs by the names of their folders, and shows both losses in one chart', async () => {
    const tags = await board.get<Tags>('scalars/tags');
    expect(Object.keys(tags).sort()).to.deep.equal([
      'first',
      'first/validation',
      'second',
      'second/validation',
    ]);
    const {steps, epochs} = trainers[0]!.history;
    const values = async (run: string): Promise<number[][]> =>
      (await board.get<[number, number, number][]>('scalars/scalars', {run, tag: 'loss'})).map(
        ([, step, loss]) => [step, loss],
      );
    expect(await values('first')).to.deep.equal(steps.map(({step, loss}) => [step, Math.fround(loss)]));
    expect(await values('first/validation')).to.deep.equal(
      epochs.map(({step, validationLoss}) => [step, Math.fround(validationLoss)]),
    );
    const [description] = Object.values(tags['first']!).map(
      (tag) => (tag as {description: string}).description,
    );
    expect(description).to.match(/<p>.+<\/p>/);
  });

  it('shows the panel, each image with its caption, at each epoch', async () => {
    const tags = await board.get<Tags>('images/tags');
    const [tag] = Object.keys(tags['first']!);
    const query = {run: 'first', tag: tag!, sample: '0'};
    const found = await board.get<{step: number; query: string}[]>('images/images', query);
    expect(found.map(({step}) => step)).to.deep.equal(trainers[0]!.history.epochs.map(({step}) => step));
    const bytes = await Promise.all(
      found.map((image) =>
        board.getBytes('images/individualImage', Object.fromEntries(new URLSearchParams(image.query))),
      ),
    );
    const {width, height, format} = await sharp(bytes[0]).metadata();
    expect([width, format]).to.deep.equal([320, 'jpeg']);
    expect(height).to.be.greaterThan(320);
    expect(bytes[0]!.equals(bytes[1]!)).to.equal(false);
    const texts = await board.get<Record<string, string[]>>('text/tags');
    expect(texts['first']).to.include(tag!.replace('panel/', 'captions/'));
  });

  it('shows histograms of weights and gradients', async () => {
    const tags = Object.keys((await board.get<Tags>('histograms/tags'))['first']!);
    for (const name of trainers[0]!.decoder.weights.keys())
      expect(tags).to.include.members([`weights/${name}`, `gradients/${name}`]);
    const found = await board.get<[number, number, [number, number, number][]][]>('histograms/histograms', {
      run: 'first',
      tag: tags[0]!,
    });
    expect(found.length).to.equal(2);
    for (const [, , buckets] of found) expect(buckets.length).to.be.greaterThan(1);
  });

  it('compares runs by their settings, those that differ first, and by their scores', async () => {
    const request = {experimentName: ''};
    const {hparamInfos} = await board.get<{hparamInfos: HParamInfo[]}>('hparams/experiment', {}, request);
    expect(hparamInfos.filter(({differs}) => differs).map(({name}) => name)).to.deep.equal(['learningRate']);
    expect(hparamInfos[0]!.name).to.equal('learningRate');
    expect(hparamInfos.map(({name}) => name)).to.include.members([
      'decoder',
      'units',
      'encoder',
      'data',
      'batch',
    ]);
    const {sessionGroups} = await board.get<{sessionGroups: SessionGroup[]}>(
      'hparams/session_groups',
      {},
      {
        ...request,
        allowedStatuses: ['STATUS_UNKNOWN', 'STATUS_SUCCESS', 'STATUS_FAILURE', 'STATUS_RUNNING'],
        startIndex: 0,
        sliceSize: 10,
      },
    );
    const byName = new Map(sessionGroups.map((group) => [group.name, group]));
    expect([...byName.keys()].sort()).to.deep.equal(['first', 'second']);
    for (const [at, name] of ['first', 'second'].entries()) {
      const {hparams, metricValues, sessions} = byName.get(name)!;
      const {history, options} = trainers[at]!;
      expect(hparams).to.include({
        learningRate: options.learningRate,
        decoder: 'lstm',
        schedule: 'cosine',
        meteor: false,
      });
      const value = (tag: string, group = ''): number | undefined =>
        metricValues.find((metric) => metric.name.tag === tag && metric.name.group === group)?.value;
      expect(value('scores/CIDEr-D')).to.equal(Math.fround(history.epochs.at(-1)!.metrics['CIDEr-D']!));
      expect(value('loss', 'validation')).to.equal(Math.fround(history.epochs.at(-1)!.validationLoss));
      // The second was stopped after its first epoch.
      expect(sessions.map(({status}) => status)).to.deep.equal([
        at === 0 ? 'STATUS_SUCCESS' : 'STATUS_UNKNOWN',
      ]);
    }
  });
});
