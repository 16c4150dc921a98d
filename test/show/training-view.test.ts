import {expect} from 'chai';
import {join} from 'node:path';
import sharp from 'sharp';
import {breathe, watchTraining, type TrainingEvent} from 'captioner';
import {captionSliderHtml, sliderName, sliderSteps} from 'captioner/dist/show/caption-slider';
import {compareWords} from 'captioner/dist/show/changed-words';
import {epochTableHtml, epochTableText} from 'captioner/dist/show/epoch-table';
import {MovingAverage, Series} from 'captioner/dist/show/series';
import {TrainingState} from 'captioner/dist/show/training-state';
import {secondsLeft, statusHtml, statusText, trainingStatus} from 'captioner/dist/show/training-status';
import {temporaryFolder} from '../support';
import {at, beginAt, epochAt, runWith, stepAt, stepsPerEpoch} from './events';
import {htmlOf, inKernel, textOf, written, type Sent} from './kernel';
import {dropped, jupyterSanitizer} from './sanitizer';

const image = join(temporaryFolder(), 'dog.png');
const end = (type: 'end' | 'stop', step: number): TrainingEvent => ({type, time: at(step), step});
const plotly = 'application/vnd.plotly.v1+json';

function stateOf(
  events: readonly TrainingEvent[],
  run?: ConstructorParameters<typeof TrainingState>[0],
): TrainingState {
  const state = new TrainingState(run);
  for (const event of events) state.add(event);
  return state;
}

const steps = (from: number, to: number): TrainingEvent[] =>
  Array.from({length: to - from}, (_, before) => stepAt(from + before));

const status = (state: TrainingState, seconds: number, memory?: number): string =>
  statusText(trainingStatus(state, {now: Date.parse(at(seconds)), memory}));

before(async () => {
  await sharp({create: {width: 40, height: 30, channels: 3, background: '#888'}})
    .png()
    .toFile(image);
});

describe('The status line', () => {
  const begun = [beginAt(0, 4), ...steps(1, 6)];

  it('tells epoch, step, loss, speed, time left and memory', () => {
    expect(status(new TrainingState(), 0)).to.equal('Waiting for the first step');
    const state = stateOf(begun);
    expect(status(state, 5, 812e6)).to.match(
      /^Epoch 1 of 4, step 5 of 40 \(12 %\), loss 2\.\d{3}, 120 words\/s, 35 s left, 812 MB$/,
    );
    const {fraction} = trainingStatus(state, {now: 0, memory: undefined});
    expect(statusHtml(trainingStatus(state, {now: 0, memory: undefined})).text).to.include(
      'aria-valuenow="12.5"',
    );
    expect(fraction).to.equal(5 / 40);
  });

  it('counts the validations that are to come, once one has been seen', () => {
    const state = stateOf([...begun, ...steps(6, 11)]);
    expect(secondsLeft(state, Date.parse(at(10)))).to.equal(30);
    state.add({type: 'validation', time: at(12), step: 10, unit: 'captions', done: 100, total: 500});
    expect(status(state, 12)).to.match(/^Epoch 1 of 4, Validating: loss of 100 of 500 captions, loss /);
    state.add({type: 'validation', time: at(14), step: 10, unit: 'images', done: 340, total: 1000});
    expect(status(state, 14)).to.include('Epoch 1 of 4, Validating 340 of 1,000 images, ');
    // Four of ten seconds of this validation have passed; its end is estimated from what is done.
    expect(secondsLeft(state, Date.parse(at(14)))).to.be.closeTo(30 + (4 / 0.34) * 0.66, 1e-6);
    state.add({...(epochAt(1, image) as object), time: at(20)} as TrainingEvent);
    // From the last step at 10 to the epoch at 20, and three more of them.
    expect(secondsLeft(state, Date.parse(at(20)))).to.equal(30 + 3 * 10);
  });

  it('counts to the end of this call of train', () => {
    const state = stateOf([beginAt(0, 8, 1), ...steps(1, 6)]);
    expect(status(state, 5)).to.include('step 5 of 80').and.include('5 s left to the end of epoch 1');
  });

  it('says where it stopped, and what is done', () => {
    expect(status(stateOf([...begun, end('stop', 5)]), 5)).to.match(
      /^Stopped at step 5 of 40, in epoch 1 of 4, loss/,
    );
    const whole = stateOf([...begun, ...steps(6, 11), epochAt(1, image)]);
    whole.add(end('stop', 10));
    whole.until = 1;
    expect(status(whole, 10)).to.match(/^1 of 4 epochs are done, loss .*, best epoch 1, 12 s in all$/);
    expect(status(stateOf([end('end', 20)], runWith(2, 2, image)), 0)).to.match(
      /^All 2 epochs are done; curves from the run: loss .*, best epoch 2, 24 s in all$/,
    );
    expect(status(stateOf([end('end', 20)], runWith(2, 9, image)), 0)).to.match(
      /^Ended early, after epoch 2 of 9: the score has not improved; curves from the run:/,
    );
    expect(status(stateOf([end('stop', 20)], runWith(2, 9, image)), 0)).to.match(
      /^2 of 9 epochs are done; curves from the run:/,
    );
    const dead = stateOf(begun);
    dead.phase = 'died';
    expect(status(dead, 5)).to.match(/^The process that trained this run is gone; resume .* at step 5 of 40/);
  });
});

describe('The table of epochs', () => {
  const {epochs, best} = new TrainingState(runWith(3, 3, image));

  it('has even decimals, the best value of each column in bold, and one star', () => {
    const {text} = epochTableHtml(epochs, best);
    const bold = [...text.matchAll(/<b [^>]*>([^<]*)<\/b>/g)].map(([, value]) => value);
    expect(bold).to.deep.equal(['0.900', '1.000', '1.167', '0.300']);
    expect(text.match(/★/g)).to.have.length(1);
    expect(epochTableText(epochs, best).split('\n')).to.deep.equal([
      '   epoch   loss  validation loss  BLEU-4  CIDEr-D  time',
      '       1  3.000            3.500   0.100    0.100  12 s',
      '*      2  1.500            1.750   0.200    0.900  12 s',
      '       3  1.000            1.167   0.300    0.100  12 s',
    ]);
  });

  it('marks nothing as best in a single row, and folds early rows away', () => {
    expect(epochTableHtml(epochs.slice(0, 1), 1).text).not.to.include('<b ');
    const many = new TrainingState(runWith(20, 20, image));
    expect(epochTableHtml(many.epochs, 2).text).to.include('8 earlier epochs</summary>');
    expect(epochTableHtml([], undefined).text).to.equal('');
  });
});

describe('Words that changed', () => {
  const changed = (caption: string, before?: string): string =>
    compareWords(caption, before)
      .map(({word, changed: isNew}) => (isNew ? word.toUpperCase() : word))
      .join(' ');

  it('are those outside the longest common subsequence', () => {
    expect(changed('a big red ball', 'a red ball')).to.equal('a BIG red ball');
    expect(changed('a ball red', 'a red ball')).to.equal('a ball RED');
    expect(changed('a a a dog', 'a dog')).to.equal('a A A dog');
    expect(changed('a dog', 'A dog runs')).to.equal('a dog');
    expect(changed('a dog', '')).to.equal('A DOG');
    expect(changed('a dog')).to.equal('a dog');
    expect(changed('', 'a dog')).to.equal('');
  });
});

describe('The slider through the epochs', () => {
  const state = new TrainingState(runWith(3, 3, image));
  const images = [...state.images.values()].map((one) => ({...one, thumbnail: undefined}));

  it('shows the newest epoch, hides the others and marks changed words', () => {
    const {text} = captionSliderHtml(images, state.panels, 'epochs-x');
    expect(text.match(/type="radio"/g)).to.have.length(3);
    expect(text.match(/checked="checked"/g)).to.have.length(1);
    expect(text.match(/class="frame frame-\d" hidden="hidden"/g)).to.have.length(2);
    expect(text).to.match(/class="frame frame-2" +>/);
    expect(text).to.include(
      'a dog <b style="font-weight:700;color:#c2560a;border-bottom:2px solid #c2560a">3</b>',
    );
    expect(text)
      .to.include('<summary style="opacity:.65">references</summary>')
      .and.include('a hound &#60;b&#62;');
    expect(text).not.to.match(/<script|onclick|oninput/);
  });

  it('shows the newest state as an image where JupyterLab removes style sheets', () => {
    const sanitizer = jupyterSanitizer();
    const {text} = captionSliderHtml(images, state.panels, 'epochs-x');
    const lost = [...dropped(text, sanitizer), ...dropped(epochTableHtml(state.epochs, 2).text, sanitizer)];
    const refinements = /^(font-variant-numeric|object-fit|object-position):/;
    expect(lost.filter((one) => !refinements.test(one))).to.deep.equal(['<style>']);
    const {text: line} = statusHtml(trainingStatus(state, {now: 0, memory: undefined}));
    expect([...dropped(line, sanitizer)].filter((one) => !refinements.test(one))).to.deep.equal([]);
  });

  it('has names that are the same in every run of a notebook, and never twice', () => {
    const [first, second, other] = ['one', 'one', 'two'].map(sliderName);
    expect(first).to.match(/^epochs-[0-9a-f]{8}$/);
    expect(second).to.equal(`${first}-2`);
    expect(other).not.to.include(first);
  });

  it('has at most sixty steps, the newest among them', () => {
    expect(sliderSteps(3)).to.deep.equal([0, 1, 2]);
    const many = sliderSteps(150);
    expect(many.length).to.be.at.most(60);
    expect(many.at(-1)).to.equal(149);
  });
});

describe('Series and averages', () => {
  it('are thinned while they grow, and keep their ends and their mean', () => {
    const [means, lasts] = [new Series(), new Series('last')];
    for (let x = 1; x <= 30_001; x++) for (const one of [means, lasts]) one.add(x, x % 2);
    expect(means.points.length).to.be.at.most(601);
    expect(means.points.at(-1)!.x).to.equal(30_001);
    expect(means.points.slice(0, -1).every(({y}) => Math.abs(y - 0.5) < 0.02)).to.equal(true);
    expect(lasts.last).to.deep.equal({x: 30_001, y: 1});
    expect(lasts.points.at(-1)).to.deep.equal(lasts.last);
    means.add(30_002, NaN);
    expect(means.points.at(-1)!.x).to.equal(30_001);
  });

  it('have no bias at the start', () => {
    const average = new MovingAverage(0.9);
    for (let k = 0; k < 50; k++) expect(average.add(3)).to.be.closeTo(3, 1e-9);
    expect(average.add(NaN)).to.be.closeTo(3, 1e-9);
  });
});

describe('watchTraining', () => {
  const byDisplay = (sent: readonly Sent[]): Sent[][] => [
    ...sent
      .reduce((all, message) => {
        const id = message.transient.display_id!;
        return all.set(id, [...(all.get(id) ?? []), message]);
      }, new Map<string, Sent[]>())
      .values(),
  ];

  it('shows all parts at the first event, updates them in place, and ends with a figure of the same size', async () => {
    const sent = await inKernel(async () => {
      const {onEvent} = watchTraining(runWith(1, 3, image));
      await onEvent(beginAt(10, 3));
      for (const event of steps(11, 21)) await onEvent(event);
      await onEvent(epochAt(2, image));
      await onEvent(end('stop', 20));
    });
    expect(sent.filter(({update}) => !update)).to.have.length(3);
    expect(sent.slice(0, 3).map(({update}) => update)).to.deep.equal([false, false, false]);
    const [line, curves, epochs] = byDisplay(sent);
    expect(textOf(line!.at(-1))).to.match(/^Stopped at step 20 of 30|^2 of 3 epochs are done/);
    expect(htmlOf(curves!.at(0))).to.match(
      /^<img src="data:image\/svg\+xml;base64,[^"]+" alt="step 10 of 30, .*height:290px"/,
    );
    const figure = curves!.at(-1)!.data[plotly] as {
      layout: {height: number; xaxis: {range: number[]}};
      data: {x: number[]}[];
    };
    expect(figure.layout).to.deep.include({height: 290});
    expect(figure.layout.xaxis.range).to.deep.equal([0, 3 * stepsPerEpoch]);
    expect(figure.data[0]!.x.at(0)).to.equal(1);
    expect(curves!.at(-1)!.data['image/svg+xml']).to.match(/^<svg[^>]*viewBox="0 0 820 290"/);
    // Captions of the epoch before, from the history.
    expect(textOf(epochs!.at(-1))).to.match(
      /Captions after epoch 2:\n {2}dog.jpg: a dog 2 \(before: a dog 1\)/,
    );
    expect(htmlOf(epochs!.at(-1))).to.match(/<img src="data:image\/jpeg/);
  });

  it('draws an SVG without a number that is none', async () => {
    const sent = await inKernel(async () => {
      const {onEvent} = watchTraining(runWith(0, 3, image));
      await onEvent(beginAt(0, 3));
      await onEvent({...(stepAt(1) as object), loss: NaN} as TrainingEvent);
      await onEvent(end('stop', 1));
    });
    const svg = sent.map(({data}) => data['image/svg+xml']).find((one) => one !== undefined) as string;
    expect(svg).not.to.match(/NaN|Infinity|undefined/);
    for (const message of sent) expect(JSON.stringify(message)).not.to.match(/NaN px|undefined/);
  });

  it('shows a run again that has nothing left to do', async () => {
    const sent = await inKernel(() => watchTraining(runWith(2, 2, image)).onEvent(end('end', 20)));
    const [line, curves, epochs] = byDisplay(sent);
    expect(textOf(line!.at(-1))).to.match(/^All 2 epochs are done; curves from the run:/);
    expect(Object.keys(curves!.at(-1)!.data)).to.include(plotly);
    expect(textOf(epochs!.at(-1)))
      .to.include('Captions after epoch 2')
      .and.include('CIDEr-D');
  });

  it('sends at most ten messages a second of 10,000 events', async () => {
    const start = performance.now();
    const sent = await inKernel(async () => {
      const {onEvent} = watchTraining(runWith(0, 1000, image));
      await onEvent(beginAt(0, 1000));
      for (let step = 1; step <= 10_000; step++) {
        await onEvent(stepAt(step));
        if (step % 40 === 0) await breathe();
      }
      await onEvent(end('stop', 10_000));
    });
    const seconds = (performance.now() - start) / 1000;
    // Three parts at the beginning, three in the end.
    expect(sent.length).to.be.at.most(6 + 10 * seconds);
  });

  it('shows alarms, with early ones folded away', async () => {
    const sent = await inKernel(async () => {
      const {onEvent} = watchTraining(runWith(0, 3, image));
      await onEvent(beginAt(0, 3));
      for (let step = 1; step <= 5; step++)
        await onEvent({
          type: 'alarm',
          time: at(step),
          step,
          kind: 'gradient-zero',
          message: `zero <${step}>`,
        });
      await onEvent(end('stop', 5));
    });
    const line = byDisplay(sent)[0]!.at(-1);
    expect(textOf(line)).to.include('Warning: zero <1>\n');
    expect(htmlOf(line)).to.include('2 earlier warnings').and.include('zero &#60;5&#62;');
  });

  it('leaves an image out that is not there any more', async () => {
    const sent = await inKernel(() =>
      watchTraining(runWith(1, 1, '/nowhere/dog.png')).onEvent(end('end', 10)),
    );
    expect(htmlOf(byDisplay(sent)[2]!.at(-1))).to.include('no image');
  });

  it('prints lines where there is no terminal', async function () {
    if (process.stderr.isTTY) this.skip();
    const {stdout, stderr} = await written(async () => {
      const {onEvent} = watchTraining(runWith(1, 2, image));
      await onEvent(beginAt(10, 2));
      for (const event of steps(11, 21)) await onEvent(event);
      await onEvent(epochAt(2, image));
      await onEvent(end('end', 20));
    });
    expect(stdout).to.equal(
      'epoch 2 of 2 * · loss 1.500 · validation loss 1.750 · BLEU-4 0.200 · CIDEr-D 0.900 · 12 s\n  dog.jpg: a dog 2\n',
    );
    expect(stderr).to.match(/^All 2 epochs are done, loss .*\n$/);
  });
});
