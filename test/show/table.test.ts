import {expect} from 'chai';
import {formatDuration, formatNumber, showTable, tableHtml, tableText} from 'captioner';
import {htmlOf, inKernel, textOf} from './kernel';

/** The cells of a table's column as text. */
function column(rows: readonly object[], name: string): string[] {
  return rows.map((_, at) => {
    const text = tableText(rows as Record<string, unknown>[]).split('\n')[at + 1]!;
    return text.trim().split(/ {2,}/)[Object.keys(rows[0]!).indexOf(name)]!;
  });
}

describe('showTable', () => {
  it('has a column for every name, right-aligned numbers and escaped cells', async () => {
    const rows = [
      {split: 'train', images: 6000},
      {split: '<b>test</b>', images: 12, note: 'small'},
    ];
    const [sent] = await inKernel(() => showTable(rows, {caption: 'Data & co'}));
    expect(textOf(sent)).to.equal(
      ['Data & co', 'split        images  note', 'train         6,000', '<b>test</b>      12  small'].join(
        '\n',
      ),
    );
    expect(htmlOf(sent))
      .to.include('&#60;b&#62;test')
      .and.include('Data &#38; co')
      .and.include('scope="col"');
  });

  it('gives the numbers of a column the same number of decimals', () => {
    for (const [values, shown] of [
      [
        [0.896, 0.8642, 0.595],
        ['0.8960', '0.8642', '0.5950'],
      ],
      [
        [1.12e-5, 0.2413],
        ['0.0000', '0.2413'],
      ],
      [
        [1.12e-5, 2e-6],
        ['1.12e-5', '2.00e-6'],
      ],
      [
        [0.001, 0.00098, 0.0005],
        ['0.00100', '0.00098', '0.00050'],
      ],
      [
        [0.5, 0.25],
        ['0.50', '0.25'],
      ],
      [
        [6000, 12],
        ['6,000', '12'],
      ],
      [
        [6000, 12.5],
        ['6,000.0', '12.5'],
      ],
      [
        [83.127, 9.5],
        ['83.13', '9.50'],
      ],
      [
        [1, 1, 0.9995],
        ['1.0000', '1.0000', '0.9995'],
      ],
      [
        [0, 0.3],
        ['0.0', '0.3'],
      ],
      [
        [NaN, 0.5],
        ['NaN', '0.5'],
      ],
    ] as const)
      expect(
        column(
          values.map((value) => ({value})),
          'value',
        ),
        String(values),
      ).to.deep.equal(shown);
  });

  it('writes p-values and seconds as is usual', () => {
    const rows = [
      {p: 0.000999, seconds: 12.3456},
      {p: 0.04567, seconds: 3.2},
    ];
    expect(column(rows, 'p')).to.deep.equal(['< 0.001', '0.046']);
    expect(column(rows, 'seconds')).to.deep.equal(['12.3', '3.2']);
  });

  it('marks the best value of a column or of a row', () => {
    const rows = [
      {epoch: 1, loss: 2, score: 0.5},
      {epoch: 2, loss: 1.5, score: 0.25},
    ];
    const bold = (html: string): string[] =>
      [...html.matchAll(/<b[^>]*>([^<]*)<\/b>/g)].map(([, text]) => text!);
    expect(bold(tableHtml(rows, {best: {loss: 'low', score: 'high'}}).text)).to.deep.equal(['0.50', '1.5']);
    expect(bold(tableHtml(rows, {best: ['score']}).text)).to.deep.equal(['0.50']);
    expect(tableText(rows, {best: ['score']})).to.match(/0\.50\*\n.*0\.25\n\* best$/);
    const runs = [
      {metric: 'BLEU-4', first: 0.3, second: 0.2},
      {metric: 'METEOR', first: 0.1, second: 0.2},
    ];
    expect(bold(tableHtml(runs, {bestOfRow: ['first', 'second']}).text)).to.deep.equal(['0.3', '0.2']);
    // Nothing is best where all are equal, or where there is only one.
    expect(bold(tableHtml([{a: 1}, {a: 1}], {best: ['a']}).text)).to.deep.equal([]);
    expect(bold(tableHtml([{a: 1}], {best: ['a']}).text)).to.deep.equal([]);
  });

  it('draws bars in the cells of a column', () => {
    const widths = (rows: readonly Record<string, unknown>[]): string[] =>
      [...tableHtml(rows, {bars: ['value']}).text.matchAll(/width:([\d.]+)%;height/g)].map(
        ([, width]) => width!,
      );
    expect(widths([{value: 0.5}, {value: 0.125}])).to.deep.equal(['50', '12.5']);
    expect(widths([{value: 50}, {value: 200}])).to.deep.equal(['25', '100']);
    expect(widths([{value: -1}, {value: undefined}])).to.deep.equal(['0']);
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
