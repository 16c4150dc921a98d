import {type AlarmEvent, loadCheckpoint, scoreCaptions, Trainer, type TrainerOptions} from 'captioner';
import {EpochCursor} from 'captioner/dist/training/epoch-cursor';
import {expect} from 'chai';
import {join} from 'node:path';
import {temporaryFolder} from '../support';
import {makeToy, toyDecoder, toyOptions, type Toy} from './toy';

describe('The best epoch', () => {
  const folder = temporaryFolder();
  let toy: Toy;
  before(async () => {
    toy = await makeToy(folder);
  });

  /** Which epochs are the best so far, given score and validation loss of each. */
  function judge(...epochs: readonly (readonly [number | undefined, number])[]): boolean[] {
    const examples = [{id: 'a', tokens: [4], finished: true}];
    const cursor = new EpochCursor(examples, {batch: 1, seed: 1, captionsPerImage: 1});
    return epochs.map(([score, loss]) => cursor.finish(score, loss));
  }

  /** The same toy, with other captions of the validation images. */
  const withCaptions = (captionsOf: (at: number) => readonly string[]): Toy['dataset'] => ({
    ...toy.dataset,
    images: toy.dataset.images.map((image, at) =>
      image.split === 'validation' ? {...image, captions: captionsOf(at)} : image,
    ),
  });

  async function train(dataset: Toy['dataset'], options: TrainerOptions, run?: string) {
    const decoder = toyDecoder(toy);
    const all = {...toyOptions, epochs: 4, ...options};
    const trainer = await Trainer.create({
      ...toy,
      dataset,
      decoder,
      options: all,
      ...(run !== undefined && {run}),
    });
    const alarms: AlarmEvent[] = [];
    try {
      await trainer.train({
        onEvent: (event) => {
          if (event.type === 'alarm') alarms.push(event);
        },
      });
      return {epochs: trainer.history.epochs, notes: alarms.filter(({kind}) => kind === 'data')};
    } finally {
      trainer.close();
      decoder.dispose();
    }
  }

  it('is the one with the lower validation loss where scores are equal', () => {
    expect(judge([0.5, 3], [0.5, 2], [0.5, 2.5], [0.4, 1], [0.6, 9])).to.deep.equal([
      true,
      true,
      false,
      false,
      true,
    ]);
    expect(judge([0, 3], [0, 3], [0, NaN])).to.deep.equal([true, false, false]);
    expect(judge([undefined, 3], [undefined, 2])).to.deep.equal([false, false]);
  });

  it('is chosen by the loss where BLEU is 0 but for the tiny numbers that it gives instead', () => {
    expect(judge([2e-5, 3], [1e-11, 2], [3e-4, 2.5], [0.02, 9])).to.deep.equal([true, true, false, true]);
  });

  it('is chosen by the loss, and the run says so, where all validation images use the same words', async () => {
    const same = withCaptions(() => ['there is a small red square', 'a red square']);
    const run = join(folder, 'same');
    const {epochs, notes} = await train(same, {patience: 2}, run);
    expect(epochs.map(({metrics}) => metrics['CIDEr-D'])).to.deep.equal([0, 0, 0, 0]);
    const losses = epochs.map(({validationLoss}) => validationLoss);
    expect(epochs.map(({best}) => best)).to.deep.equal(
      losses.map((loss, at) => losses.slice(0, at).every((other) => loss < other)),
    );
    expect(losses[3]).to.be.below(losses[0]!);
    expect(notes.map(({message}) => message)).to.deep.equal([
      'CIDEr-D is 0 when all images use the same words, as these 6 do: the best epoch is the one with the lowest validation loss. To choose by another score: selectBy=METEOR.',
    ]);
    const {training, decoder} = await loadCheckpoint(run);
    decoder.dispose();
    expect(training!.position.best).to.deep.include({score: 0, loss: Math.min(...losses)});
  });

  it('is chosen by the loss where references are too short for BLEU-4', async () => {
    const {epochs, notes} = await train(
      withCaptions((at) => [at % 2 ? 'a red square' : 'a blue square']),
      {selectBy: 'BLEU-4', epochs: 3},
    );
    expect(notes[0]!.message).to.match(/^BLEU-4 is 0 when no reference has 4 words: the best epoch/);
    expect(epochs.at(-1)!.best).to.equal(true);
  });

  it('is the last one without validation images, which the run says', async () => {
    const images = toy.dataset.images.filter(({split}) => split !== 'validation');
    const {notes, epochs} = await train({...toy.dataset, images}, {epochs: 1});
    expect(notes.map(({message}) => message)).to.deep.equal([
      'No validation images: nothing is scored, and the last epoch counts as the best.',
    ]);
    expect(epochs[0]!.validationLoss).to.be.NaN;
  });

  it('is not remarked on where a score can tell epochs apart', async () => {
    expect((await train(toy.dataset, {epochs: 1})).notes).to.deep.equal([]);
  });

  it('and captions that are cut off are told of at the beginning', async () => {
    const {notes} = await train(toy.dataset, {epochs: 1, maximumLength: 6});
    expect(notes[0]!.message).to.match(/^18 of 54 training captions \(33 %\) are cut off after 6 words/);
  });

  it('says that rewards are always 0 where all training images use the same words', async () => {
    const images = toy.dataset.images.map((image) => ({...image, captions: ['a square on a square']}));
    const {notes} = await train(
      {...toy.dataset, images},
      {epochs: 1, objective: 'self-critical', samples: 2},
    );
    expect(notes.map(({message}) => message).join('\n')).to.match(
      /so is every reward of self-critical training/,
    );
  });

  it('has a score of 0 that is explained with the scores', async () => {
    const {warnings} = await scoreCaptions(['a dog'], [{captions: ['a dog', 'a brown dog']}]);
    expect(warnings).to.deep.equal([
      'BLEU-4 is 0 when no reference has 4 words',
      'CIDEr-D is 0 for a single image; give it document frequencies of more images (--frequencies)',
    ]);
    const others = [{captions: ['a dog runs home']}, {captions: ['a cat sits down']}];
    expect((await scoreCaptions(['a dog', 'a cat sits down'], others)).warnings).to.deep.equal([]);
  });
});
