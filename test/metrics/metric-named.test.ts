import {expect} from 'chai';
import {metricNamed, metricNames} from 'captioner';

describe('metricNamed', () => {
  it('returns the names of metrics', () => {
    for (const name of [...metricNames, 'factual']) expect(metricNamed(name)).to.equal(name);
  });

  it('names the nearest metric, or all', () => {
    expect(() => metricNamed('CIDEr')).to.throw('Unknown metric "CIDEr"; did you mean "CIDEr-D"?');
    expect(() => metricNamed('bleu4')).to.throw('did you mean "BLEU-4"?');
    expect(() => metricNamed('accuracy')).to.throw(/^Unknown metric "accuracy"; known: BLEU-1, .*, factual$/);
    expect(() => metricNamed('SPICE')).to.throw(/SPICE needs a parser in Java .*; known: BLEU-1/);
  });

  it('refuses a metric that was not computed', () => {
    const scores = {metrics: {'BLEU-1': 0.5}};
    expect(metricNamed('BLEU-1', scores)).to.equal('BLEU-1');
    expect(() => metricNamed('factual', scores)).to.throw(
      'Expected a metric that was computed for these captions (BLEU-1), got "factual"',
    );
    expect(() => metricNamed('constructor', scores)).to.throw('Unknown metric "constructor"');
  });
});
