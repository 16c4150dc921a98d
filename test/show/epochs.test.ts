import {expect} from 'chai';
import {createDecoder, showEpochs, showOptions, type EpochReport, type History} from 'captioner';
import {optionsOfPart} from 'captioner/dist/show/option-table';
import {trainerSettings} from 'captioner/dist/training/options';
import {htmlOf, inKernel, textOf} from './kernel';

const plotly = 'application/vnd.plotly.v1+json';

function epoch(number: number, cider: number, best: boolean): EpochReport {
  return {
    epoch: number,
    step: 10 * number,
    loss: 3 / number,
    validationLoss: 2 + Math.abs(number - 2) / 2,
    learningRate: 0.001,
    metrics: {'BLEU-4': cider / 3, 'METEOR': 0.2, 'CIDEr-D': cider},
    seconds: 12.345,
    panel: [],
    best,
  };
}

// Two epochs were the best when they ended; the second is the best of all.
const history: History = {
  steps: [],
  epochs: [epoch(1, 0.3, true), epoch(2, 0.61, true), epoch(3, 0.5, false)],
};

describe('showEpochs', () => {
  it('shows a table with the best values in bold and one best epoch', async () => {
    const [table] = await inKernel(() => showEpochs({history}));
    const html = htmlOf(table);
    const bold = [...html.matchAll(/<b[^>]*>([^<]*)<\/b>/g)].map(([, text]) => text);
    // Losses are best where they are lowest; METEOR is the same in every epoch.
    expect(bold).to.deep.equal(['2.0', '0.2033', '0.61', '1.0']);
    expect(html.match(/★/g)).to.have.length(1);
    expect(textOf(table)).to.match(/^ *2 {2}★/m);
  });

  it('draws the losses and each score in a small chart of its own', async () => {
    const [, charts] = await inKernel(() => showEpochs(history));
    const {data, layout} = charts!.data[plotly] as {
      data: {name: string; xaxis: string; y: number[]; marker: {size: number[]}}[];
      layout: Record<string, {tickvals?: number[]; domain?: number[]}> & {annotations: {text: string}[]};
    };
    expect(data.map(({name, xaxis}) => [name, xaxis])).to.deep.equal([
      ['training loss', 'x'],
      ['validation loss', 'x'],
      ['BLEU-4', 'x2'],
      ['METEOR', 'x3'],
      ['CIDEr-D', 'x4'],
    ]);
    expect(data[4]!.y).to.deep.equal([0.3, 0.61, 0.5]);
    expect(data[4]!.marker.size).to.deep.equal([5, 11, 5]);
    expect(layout['xaxis4']!.tickvals).to.deep.equal([1, 2, 3]);
    expect(layout.annotations.map(({text}) => text)).to.include.members(['METEOR', 'CIDEr-D']);
    const svg = charts!.data['image/svg+xml'] as string;
    for (const name of ['BLEU-4', 'METEOR', 'CIDEr-D']) expect(svg).to.include(`>${name}</text>`);
    expect(svg.match(/<circle/g)).to.have.length(15);
    expect(svg).to.not.match(/NaN|1\.5<\/text>\s*<text[^>]*middle/);
  });

  it('draws no chart of a single epoch, and leaves out a validation loss that is not known', async () => {
    const only = {...epoch(1, 0.3, true), validationLoss: NaN};
    const sent = await inKernel(() => showEpochs({steps: [], epochs: [only]}));
    expect(sent).to.have.length(1);
    expect(textOf(sent[0])).to.not.include('validation loss');
    expect(await inKernel(() => showEpochs({steps: [], epochs: []}))).to.have.length(1);
  });
});

describe('showOptions', () => {
  it('shows the options that differ from the default first, with their descriptions, and folds the others', async () => {
    const decoder = createDecoder('lstm', 8, 4, {units: 4, embedding: 8});
    const [sent] = await inKernel(() => showOptions(decoder));
    decoder.dispose();
    const [open, folded] = htmlOf(sent).split('<details');
    expect(open)
      .to.include('lstm decoder')
      .and.include('units')
      .and.include('512')
      .and.include('Size of the recurrent state.');
    expect(open).to.not.include('imageInput');
    expect(folded).to.include('4 options have their default').and.include('imageInput');
    expect(textOf(sent)).to.match(/^units +4 +512 +Size of the recurrent state\.$/m);
  });

  it('knows the options of a trainer', () => {
    const options = trainerSettings({epochs: 3, meteor: false});
    const shown = optionsOfPart({options, learningRate: options.learningRate});
    expect(
      shown.filter(({differs}) => differs).map(({name, value, standard}) => [name, value, standard]),
    ).to.deep.equal([
      ['epochs', 3, 10],
      ['meteor', false, true],
    ]);
    expect(shown).to.have.length(Object.keys(options).length);
    expect(shown.every(({description}) => description.length > 0 && !description.includes('`'))).to.equal(
      true,
    );
  });
});
