import {expect} from 'chai';
import {fingerprint, recordFact, recordScores} from 'captioner';
import {recordEvaluation, recordTraining, reportRecord} from 'captioner/dist/report-record';

const flag = Symbol.for('captioner.report');
const kernel = globalThis as {[key: symbol]: unknown};

describe('The record of a report', () => {
  afterEach(() => delete kernel[flag]);

  it('stays empty where nothing is reported, and asks for nothing', () => {
    recordScores({BLEU: 1});
    recordEvaluation({BLEU: 1}, 5);
    recordTraining(() => expect.fail('was asked for'));
    recordFact('Data', () => expect.fail('was asked for'));
    expect(reportRecord()).to.deep.include({facts: [], scores: {}});
  });

  it('holds facts, and the scores that were named, or else those of the best evaluation or training', () => {
    kernel[flag] = true;
    recordFact('Seed', '1');
    recordFact('Data', () => 'scenes');
    for (const seed of ['2', '1']) recordFact('Seed', seed);
    recordTraining(() => undefined);
    recordTraining(() => ({'CIDEr-D': 0.1}));
    expect(reportRecord()).to.deep.equal({
      facts: [
        ['Seed', '1; 2'],
        ['Data', 'scenes'],
      ],
      scores: {'CIDEr-D': {value: 0.1}},
      label: 'validation split, best epoch',
    });
    for (const score of [0.2, 0.4, 0.3]) recordEvaluation({'BLEU-1': 1 - score, 'CIDEr-D': score}, 500);
    expect(reportRecord()).to.deep.include({
      scores: {'BLEU-1': {value: 0.6}, 'CIDEr-D': {value: 0.4}},
      label: 'best of 3 evaluations, on 500 images',
    });
    recordScores({own: 5, other: NaN}, {intervals: {own: {low: 4, high: 6}}});
    const {scores, label} = reportRecord();
    expect({scores, label}).to.deep.equal({scores: {own: {value: 5, low: 4, high: 6}}, label: undefined});
  });
});

describe('fingerprint', () => {
  const image = {id: 'a', file: '/somewhere/a', split: 'train' as const, captions: ['one', 'two']};

  it('depends on ids, splits and captions, not on where a data set lies', () => {
    const print = fingerprint({images: [image]});
    expect(print).to.match(/^[0-9a-f]{64}$/);
    expect(fingerprint({images: [{...image, file: '/elsewhere/a'}]})).to.equal(print);
    const others = [
      {...image, id: 'b'},
      {...image, split: 'test' as const},
      {...image, captions: ['one two']},
    ];
    for (const other of others) expect(fingerprint({images: [other]})).not.to.equal(print);
  });
});
