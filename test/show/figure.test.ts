import {expect} from 'chai';
import {
  figureBundle,
  showBars,
  showFigure,
  showHeatmap,
  showHistogram,
  showLines,
  showScatter,
} from 'captioner';
import {inKernel, printed, textOf, type Sent} from './kernel';

const plotly = 'application/vnd.plotly.v1+json';

interface Json {
  data: Record<string, unknown>[];
  layout: Record<string, {text?: string; gridcolor?: string; range?: number[]} | undefined>;
}

function figureOf(sent: Sent | undefined): Json {
  return sent?.data[plotly] as Json;
}

describe('showFigure', () => {
  it('sends Plotly JSON as an object with an SVG and a text alternative, and no HTML', async () => {
    const [sent] = await inKernel(() =>
      showFigure({title: 'Loss', text: 'loss 1', data: [{type: 'bar', y: [1]}]}),
    );
    expect(Object.keys(sent!.data)).to.have.members([plotly, 'image/svg+xml', 'text/plain']);
    expect(figureOf(sent).data).to.deep.equal([{type: 'bar', y: [1]}]);
    expect(textOf(sent)).to.equal('loss 1');
  });

  it('prints the text in a terminal', async () => {
    expect(await printed(() => showFigure({title: 'Loss', data: []}))).to.equal('Loss\n');
  });

  it('converts typed arrays to arrays and non-finite numbers to gaps', () => {
    const bundle = figureBundle({data: [{x: Float32Array.of(0.5, NaN), z: [Int32Array.of(1), [Infinity]]}]});
    const {data} = bundle[plotly] as Json;
    expect(data).to.deep.equal([{x: [0.5, null], z: [[1], [null]]}]);
  });

  it('escapes data, titles and layout, but not templates', () => {
    const bad = '<a href="https://example.org">x</a> & y';
    const {data, layout} = figureBundle({
      title: bad,
      data: [{text: [bad], hovertemplate: '%{x}<extra></extra>'}],
      layout: {xaxis: {title: {text: bad}}},
    })[plotly] as Json;
    const escaped = '&lt;a href="https://example.org"&gt;x&lt;/a&gt; &amp; y';
    expect(data).to.deep.equal([{text: [escaped], hovertemplate: '%{x}<extra></extra>'}]);
    expect(layout['title']?.text).to.equal(`<b>${escaped}</b>`);
    expect(JSON.stringify(layout['xaxis'])).to.include('&lt;a href').and.not.include('<a');
  });

  it('merges the layout into the default style', () => {
    const {layout} = figureBundle({data: [], layout: {xaxis: {range: [0, 1]}}})[plotly] as Json;
    expect(layout['xaxis']).to.include.keys('range', 'gridcolor');
  });
});

describe('charts', () => {
  it('draw bars with their numbers', async () => {
    const [sent] = await inKernel(() =>
      showBars(
        new Map([
          ['dog', 12],
          ['a cat', 3.5],
        ]),
        {title: 'Words'},
      ),
    );
    expect(figureOf(sent).data[0]).to.deep.include({y: ['dog', 'a cat'], x: [12, 3.5]});
    expect(textOf(sent)).to.equal('Words\ndog    12.0\na cat   3.5');
  });

  it('draw a histogram of integers with one bar each and a summary', async () => {
    const [sent] = await inKernel(() => showHistogram([3, 1, 2, 2], {title: 'Lengths'}));
    expect(figureOf(sent).data[0]).to.deep.include({xbins: {start: 0.5, end: 3.5, size: 1}});
    expect(textOf(sent)).to.match(/mean +2\n/);
    await inKernel(() => showHistogram([]));
  });

  it('draw heat maps of typed rows', async () => {
    const [sent] = await inKernel(() =>
      showHeatmap([Float32Array.of(0, 1), Float32Array.of(2, 3)], {title: 'Map'}),
    );
    expect(figureOf(sent).data[0]).to.deep.include({
      z: [
        [0, 1],
        [2, 3],
      ],
    });
    expect(textOf(sent)).to.equal('Map [2, 2], from 0 to 3');
  });

  it('draw lines from numbers or pairs, and points in groups', async () => {
    const [lines, points] = await inKernel(() => {
      showLines({
        a: [3, 2],
        b: [
          [10, 1],
          [20, 0],
        ],
      });
      showScatter([
        {x: 0, y: 1, group: 'g'},
        {x: 1, y: 1, group: 'h'},
        {x: 2, y: 1, group: 'g'},
      ]);
    });
    expect(figureOf(lines).data.map(({x}) => x)).to.deep.equal([
      [0, 1],
      [10, 20],
    ]);
    expect(figureOf(points).data.map(({name, x}) => [name, x])).to.deep.equal([
      ['g', [0, 2]],
      ['h', [1]],
    ]);
  });
});
