import {expect} from 'chai';
import {formatDuration, formatNumber, showTable, tableText} from 'captioner';
import {htmlOf, inKernel, textOf} from './kernel';

describe('showTable', () => {
  it('has a column for every name, right-aligned numbers and escaped cells', async () => {
    const rows = [
      {split: 'train', images: 6000},
      {split: '<b>test</b>', images: 12.5, note: 'small'},
    ];
    const [sent] = await inKernel(() => showTable(rows, {caption: 'Data & co'}));
    expect(textOf(sent)).to.equal(
      ['Data & co', 'split        images  note', 'train         6,000', '<b>test</b>    12.5  small'].join(
        '\n',
      ),
    );
    expect(htmlOf(sent))
      .to.include('&#60;b&#62;test')
      .and.include('Data &#38; co')
      .and.include('scope="col"');
  });

  it('formats cells', () => {
    const row = {best: {score: 0.57250109, step: 564}, shape: [1, 1280], done: true, none: undefined};
    expect(tableText([row]).split('\n')[1]).to.equal('score 0.5725, step 564  1, 1280  yes');
  });

  it('counts omitted rows, and accepts an empty table', () => {
    const rows = Array.from({length: 7}, (_, at) => ({at}));
    expect(tableText(rows, {limit: 2}).split('\n').at(-1)).to.equal('… and 5 more rows');
    expect(tableText([])).to.equal('');
  });
});

describe('numbers and durations as text', () => {
  it('are rounded sensibly', () => {
    expect([6000, 0.25, 1 / 3, 1234.5, 1e-5, 0, -2, NaN, 2.5e9].map(formatNumber)).to.deep.equal([
      '6,000',
      '0.25',
      '0.3333',
      '1,235',
      '1.00e-5',
      '0',
      '-2',
      'NaN',
      '2,500,000,000',
    ]);
    expect([0.25, 59.6, 61, 3725].map(formatDuration)).to.deep.equal([
      '0.3 s',
      '1 min 0 s',
      '1 min 1 s',
      '1 h 2 min',
    ]);
  });
});
