import {expect} from 'chai';
import {given} from 'captioner';

describe('given', () => {
  it('leaves out what is undefined, empty or 0, and keeps every other value', () => {
    const options = {from: '', epochs: 0, seed: undefined, batch: 32, meteor: false, kind: 'lstm', list: []};
    expect(given(options)).to.deep.equal({batch: 32, meteor: false, kind: 'lstm', list: []});
  });
});
