import {execFileSync} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import sharp from 'sharp';
import {
  figureBundle,
  lossCurves,
  showBars,
  showHeatmap,
  showHistogram,
  showIntervals,
  showLines,
  showScatter,
  type Figure,
} from 'captioner';
import {notebookOf} from '../browser/lab';
import {python, temporaryFolder} from '../support';
import {inKernel, type Sent} from './kernel';

const plotly = 'application/vnd.plotly.v1+json';

function svgOf(figure: Figure): string {
  return figureBundle(figure)['image/svg+xml'] as string;
}

/** Share of the pixels that are not background, on a page of this colour. */
async function inked(svg: string, background: string): Promise<number> {
  const {data, info} = await sharp(Buffer.from(svg))
    .flatten({background})
    .raw()
    .toBuffer({resolveWithObject: true});
  const first = [...data.subarray(0, 3)];
  let other = 0;
  for (let at = 0; at < data.length; at += info.channels)
    if (first.some((value, channel) => Math.abs(value - data[at + channel]!) > 24)) other++;
  return other / (info.width * info.height);
}

async function everyChart(): Promise<Sent[]> {
  return inKernel(() => {
    showBars(
      [
        ['dog', 12],
        ['a <b>cat</b> & co', 3.5],
      ],
      {title: 'Words & <more>', x: 'occurrences'},
    );
    showHistogram([3, 1, 2, 2, 5, 8], {title: 'Lengths', x: 'words', y: 'captions'});
    showHistogram([0.13, 0.9, 0.57, 0.22], {title: 'Scores'});
    showHeatmap([Float32Array.of(0, 1), Float32Array.of(2, 3)], {
      title: 'Map',
      rows: ['a', 'b'],
      columns: ['c', 'd'],
    });
    showHeatmap(
      [
        [1, 2],
        [3, 4],
      ],
      {title: 'Map'},
    );
    showLines(
      {
        training: [3, 2, 1],
        validation: [
          [0, 3],
          [1, 2.5],
          [2, NaN],
        ],
      },
      {title: 'Loss', x: 'epoch', y: 'loss'},
    );
    showScatter(
      [
        {x: 1, y: 1, group: 'g'},
        {x: 2, y: 0.5, group: 'h'},
      ],
      {title: 'Points'},
    );
    showIntervals([{name: 'BLEU-4', score: 0.3, low: 0.25, high: 0.35}], {title: 'Intervals'});
  });
}

describe('The static SVG of a figure', () => {
  it('goes with every chart, after Plotly JSON and before text', async () => {
    const sent = await everyChart();
    expect(sent).to.have.length(8);
    for (const {data} of sent)
      expect(Object.keys(data)).to.deep.equal([plotly, 'image/svg+xml', 'text/plain']);
  });

  it('is well-formed, names the chart, and shows on light and on dark pages', async () => {
    for (const {data} of await everyChart()) {
      const svg = (data['image/svg+xml'] as string).replace(/<desc>[^]*?<\/desc>/, '');
      expect(svg)
        .to.match(/^<svg[^>]* role="img"[^>]* aria-label="[^"]+"/)
        .and.not.match(/NaN|Infinity|undefined|null/);
      for (const background of ['#ffffff', '#111111'])
        expect(await inked(svg, background), svg.slice(0, 900)).to.be.greaterThan(0.004);
    }
  });

  it('has the data, titles, axes and colours of the Plotly figure', async () => {
    const [bars, histogram, , named, , lines] = await everyChart();
    const svg = (sent: Sent | undefined): string => sent!.data['image/svg+xml'] as string;
    expect(svg(bars)).to.include('Words &#38; &#60;more&#62;').and.include('occurrences').and.include('dog');
    expect(svg(bars)).to.include('a &#60;b&#62;cat&#60;/b&#62; &#38; co').and.not.include('<b>');
    const lengths = [...svg(bars).matchAll(/<rect x="\S+" y="\S+" width="(\S+)"/g)].map(([, width]) =>
      Number(width),
    );
    expect(lengths[0]! / lengths[1]!).to.be.closeTo(12 / 3.5, 0.02);
    // One bar for each length from 1 to 8, as high as it is frequent.
    const heights = [...svg(histogram).matchAll(/<rect [^>]*height="(\S+)"/g)].map(([, height]) =>
      Number(height),
    );
    expect(heights).to.have.length(8);
    expect(heights[1]! / heights[0]!).to.be.closeTo(2, 0.02);
    expect(heights[3]).to.equal(0);
    expect(
      new Set([...svg(named).matchAll(/<path [^>]*fill="(rgb[^"]*)"/g)].map(([, fill]) => fill)).size,
    ).to.equal(4);
    for (const name of ['training', 'validation', 'epoch', 'loss'])
      expect(svg(lines)).to.include(`>${name}</text`);
    // The point that is not a number is left out, and with it the line to it.
    expect(svg(lines).match(/<circle/g)).to.have.length(5);
  });

  it('has integers as ticks where only these make sense', async () => {
    const [sent] = await inKernel(() =>
      showLines(
        {
          loss: [
            [1, 3],
            [2, 2],
            [3, 1],
          ],
        },
        {x: 'epoch', title: 'Loss'},
      ),
    );
    const {layout} = sent!.data[plotly] as {layout: {xaxis: {dtick?: number}}};
    expect(layout.xaxis.dtick).to.equal(1);
    const svg = sent!.data['image/svg+xml'] as string;
    const below = [...svg.matchAll(/text-anchor="middle"\s*>\s*([^<]*?)\s*</g)].map(([, text]) => text);
    expect(below).to.deep.equal(['1', '2', '3', 'epoch']);
  });

  it('places lines where their values are, also on logarithmic and reversed axes', () => {
    const svg = svgOf({
      data: [{type: 'scatter', mode: 'lines', x: [0.001, 0.01, 0.1], y: [1, 2, 3]}],
      layout: {xaxis: {type: 'log'}, yaxis: {autorange: 'reversed'}},
    });
    const [, path] = /<path\s+d="([^"]*)"/.exec(svg)!;
    const points = path!
      .split(/[ML]/)
      .slice(1)
      .map((pair) => pair.split(' ').map(Number));
    expect(points[1]![0]! - points[0]![0]!).to.be.closeTo(points[2]![0]! - points[1]![0]!, 0.2);
    expect(points[0]![1]).to.be.lessThan(points[2]![1]!);
  });

  it('draws whiskers as long as intervals', async () => {
    const [sent] = await inKernel(() =>
      showIntervals([
        {name: 'a', score: 2, low: 1, high: 4},
        {name: 'b', score: 1, low: 0.5, high: 1.5},
      ]),
    );
    const svg = sent!.data['image/svg+xml'] as string;
    const ends = [...svg.matchAll(/M([\d.]+) [\d.]+H([\d.]+)M/g)].map(
      ([, from, to]) => Number(to) - Number(from),
    );
    expect(ends[0]! / ends[1]!).to.be.closeTo(3, 0.02);
  });

  it('stays small, however long the series', () => {
    const many = Float32Array.from(
      {length: 200_000},
      (_, at) => Math.sin(at / 500) + (at === 77_777 ? 9 : 0),
    );
    const x = many.map((_, at) => at);
    for (const mode of ['lines', 'markers']) {
      const svg = svgOf({title: 'Long', data: [{type: 'scatter', mode, x, y: many}]});
      expect(svg.length, mode).to.be.lessThan(60_000);
    }
    const matrix = Array.from({length: 400}, () => new Float32Array(900).map((_, at) => at));
    expect(svgOf({data: [{type: 'heatmap', z: matrix}]}).length).to.be.lessThan(400_000);
    const bars = svgOf({
      data: [
        {
          type: 'bar',
          orientation: 'h',
          y: [...many.keys()].slice(0, 5000).map(String),
          x: many.slice(0, 5000),
        },
      ],
      layout: {height: 100_000, yaxis: {type: 'category'}},
    });
    expect(bars).to.include('… and 4,800 more');
    expect(bars.length).to.be.lessThan(100_000);
  });

  it('keeps the peak of a long line', () => {
    const y = Array.from({length: 50_000}, (_, at) => (at === 31_234 ? 10 : 0));
    const svg = svgOf({data: [{type: 'scatter', mode: 'lines', y}]});
    const heights = [.../<path\s+d="([^"]*)"/.exec(svg)![1]!.matchAll(/ ([\d.]+)/g)].map(([, value]) =>
      Number(value),
    );
    expect(Math.max(...heights) - Math.min(...heights)).to.be.greaterThan(150);
  });

  it('draws every panel of the loss curves', () => {
    const curves = lossCurves({
      history: [1, 2, 3].map((step) => ({
        step,
        loss: 3 / step,
        validationLoss: 2,
        learningRate: 0.001,
        gradientNorm: step,
      })),
    });
    const svg = svgOf(curves.figure());
    for (const text of ['loss (nats per word)', 'learning rate', 'gradient norm', 'training', 'validation'])
      expect(svg).to.include(text);
    expect(svg.match(/<path/g)).to.have.length.of.at.least(5);
  });

  it('is what nbconvert shows, which knows no Plotly', async () => {
    const [sent] = await inKernel(() => showBars([['dog', 12]], {title: 'Words'}));
    const file = join(temporaryFolder(), 'chart.ipynb');
    writeFileSync(file, JSON.stringify(notebookOf([sent!.data])));
    const page = execFileSync(python(), ['-m', 'nbconvert', '--to', 'html', '--stdout', file], {
      encoding: 'utf8',
      stdio: 'pipe',
      maxBuffer: 1e8,
    });
    const images = [...page.matchAll(/<img[^>]* src="data:image\/svg\+xml;base64,([^"]+)"/g)].map(
      ([, image]) => Buffer.from(image!, 'base64').toString(),
    );
    expect(images).to.have.length(1);
    expect(images[0])
      .to.match(/^<svg[^>]*aria-label="Words"/)
      .and.include('>12</text');
  }).timeout(60_000);

  it("is left out where a trace can't be drawn, and an empty figure has one", () => {
    expect(figureBundle({data: [{type: 'pie', values: [1]}]})).to.not.have.property('image/svg+xml');
    expect(svgOf({title: 'Nothing', data: []})).to.include('Nothing');
    expect(svgOf({data: [{type: 'scatter', x: [], y: []}]})).to.not.match(/NaN|Infinity/);
  });
});
