import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {stem} from 'captioner/dist/metrics/meteor/stemmer';
import {expect} from 'chai';
import {projectRoot} from '../../support';

const fixture = join(projectRoot, 'test', 'fixtures', 'metrics', 'stems.json');
const stems = JSON.parse(readFileSync(fixture, 'utf8')) as Record<string, string>;

describe('Stemmer', () => {
  it("equals METEOR's stemmer on words of WordNet and on every suffix", () => {
    const own = Object.fromEntries(Object.keys(stems).map((word) => [word, stem(word)]));
    expect(own).to.deep.equal(stems);
  });
});
