import {expect} from 'chai';
import {alarmsOf, type EpochEvent, type StepEvent, type TrainingEvent} from 'captioner';
import {AlarmDetector, attentionShift, mostFrequentCaption} from 'captioner/dist/training/alarms';

const time = '2026-01-01T00:00:00.000Z';

function step(at: number, values: Partial<StepEvent> = {}): StepEvent {
  const numbers = {loss: 2, learningRate: 0.001, gradientNorm: 1 + (at % 3) / 10};
  return {type: 'step', time, step: at, epoch: 1, ...numbers, seconds: 0.1, images: 8, words: 80, ...values};
}

function epoch(at: number, values: Partial<EpochEvent> = {}): EpochEvent {
  const numbers = {loss: 2, validationLoss: 2, metrics: {}, seconds: 1, best: true};
  return {type: 'epoch', time, step: 100 * at, epoch: at, ...numbers, panel: [], ...values};
}

const steps = (from: number, to: number): StepEvent[] =>
  Array.from({length: to - from}, (_, at) => step(from + at));

const kinds = (events: readonly TrainingEvent[]): [string, number][] =>
  alarmsOf(events).map((alarm) => [alarm.kind, alarm.step]);

describe('Alarms', () => {
  it('are silent while all is well', () => {
    const falling = [3, 2.5, 2.6, 2.4, 2.5, 2.6, 2.5].map((validationLoss, at) =>
      epoch(at + 1, {validationLoss}),
    );
    expect(kinds([...steps(1, 400), ...falling])).to.deep.equal([]);
  });

  it('tell of a learning rate far from what the range test suggests, once, and again after it was right', () => {
    const begin = (learningRate: number, tested = true): TrainingEvent =>
      ({
        ...{type: 'resume', time, step: Math.round(1e6 * learningRate), settings: {learningRate}},
        ...(tested && {learningRateTest: {suggestion: 0.002, minimum: 0.05}}),
      }) as TrainingEvent;
    expect(kinds([begin(1, false), begin(0.002), begin(0.05), begin(0.00002)])).to.deep.equal([]);
    const events = [begin(0.06), begin(0.07), step(1), begin(0.002), begin(0.00001)];
    expect(kinds(events)).to.deep.equal([
      ['learning-rate', 60_000],
      ['learning-rate', 10],
    ]);
    expect(alarmsOf(events).map(({message}) => message)).to.deep.equal([
      'The learning rate is 0.06, and findLearningRate suggests 0.002: in the test the loss rose beyond 0.05, so training may diverge. Set trainer.learningRate to change it.',
      'The learning rate is 0.00001, and findLearningRate suggests 0.002: training may take many more epochs than planned. Set trainer.learningRate to change it.',
    ]);
  });

  it('tell of a loss or a gradient that is not finite', () => {
    expect(kinds([step(1, {loss: NaN}), step(2, {gradientNorm: Infinity})])).to.deep.equal([
      ['not-finite', 1],
    ]);
  });

  it('tell once of gradients that explode, and again when they explode again', () => {
    const events = [
      ...steps(1, 101),
      ...[12, 40, 90].map((gradientNorm, at) => step(101 + at, {gradientNorm})),
      ...steps(104, 150),
      step(150, {gradientNorm: 30}),
    ];
    expect(kinds(events)).to.deep.equal([
      ['gradient-explodes', 101],
      ['gradient-explodes', 150],
    ]);
    const [first] = alarmsOf(events);
    expect(first!.message).to.match(
      /^Step 101: the gradient norm is 12, its median .* 1\.1\. .*lower the learning rate/,
    );
  });

  it('wait until a median is known', () => {
    expect(kinds([...steps(1, 10), step(10, {gradientNorm: 100})])).to.deep.equal([]);
  });

  it('tell of a gradient that is zero', () => {
    expect(kinds([...steps(1, 5), step(5, {gradientNorm: 0}), step(6, {gradientNorm: 0})])).to.deep.equal([
      ['gradient-zero', 5],
    ]);
  });

  it('tell of a validation loss that rises for three epochs', () => {
    const events = [3, 2, 2.1, 2.2, 2.3, 2.4].map((validationLoss, at) => epoch(at + 1, {validationLoss}));
    expect(kinds(events)).to.deep.equal([['validation-rises', 500]]);
    expect(alarmsOf(events)[0]!.message).to.include('2.000, 2.100, 2.200, 2.300');
    const without = events.map((event) => ({...event, validationLoss: null}));
    expect(kinds(without)).to.deep.equal([]);
  });

  it('tell of one caption for many images', () => {
    const mostFrequent = mostFrequentCaption(['a dog', 'a dog', 'a cat', 'a dog']);
    expect(mostFrequent).to.deep.equal({caption: 'a dog', images: 3, of: 4});
    expect(mostFrequentCaption([])).to.equal(undefined);
    expect(
      kinds([epoch(1, {mostFrequent: mostFrequent!}), epoch(2, {mostFrequent: mostFrequent!})]),
    ).to.deep.equal([['same-caption', 100]]);
    const half = {...mostFrequent!, images: 2};
    expect(kinds([epoch(1, {mostFrequent: half})])).to.deep.equal([]);
  });

  it('tell of attention that does not move, after the first epoch', () => {
    const still = attentionShift([[Float32Array.of(0.5, 0.5), Float32Array.of(0.5, 0.5)]])!;
    expect(still).to.equal(0);
    expect(attentionShift([[Float32Array.of(1, 0), Float32Array.of(0, 1)], undefined])).to.equal(1);
    expect(attentionShift([undefined, [Float32Array.of(1, 0)]])).to.equal(undefined);
    expect(kinds([epoch(1, {attentionShift: still}), epoch(2, {attentionShift: still})])).to.deep.equal([
      ['attention-still', 200],
    ]);
    expect(kinds([epoch(2, {attentionShift: 0.2})])).to.deep.equal([]);
  });

  it('are not raised again for what the history of a resumed run tells', () => {
    const rising = [1, 2, 3, 4].map((validationLoss, at) => ({
      ...epoch(at + 1),
      validationLoss,
      learningRate: 0.001,
      panel: [],
    }));
    const detector = new AlarmDetector({steps: steps(1, 50), epochs: rising});
    expect(detector.check(epoch(5, {validationLoss: 5}))).to.deep.equal([]);
    expect(detector.check(step(500, {gradientNorm: 50})).map(({kind}) => kind)).to.deep.equal([
      'gradient-explodes',
    ]);
  });
});
