/** Whoever gets a notebook from someone else sees it untrusted: JupyterLab then drops some CSS. */
import {expect} from 'chai';
import {imageGrid, showEpochs, showTable, type EpochReport} from 'captioner';
import {showOptions, createDecoder} from 'captioner';
import {htmlOf, inKernel} from './kernel';
import {dropped, jupyterSanitizer} from './sanitizer';

const pixels = {pixels: new Uint8Array(4 * 2 * 3).fill(200), width: 4, height: 2};

/** Declarations that only refine what is legible without them. */
const refinements = /^(font-variant-numeric|aspect-ratio|object-fit|justify-content):/;

describe('HTML in an untrusted notebook', () => {
  const sanitizer = jupyterSanitizer();

  it('is checked by rules that JupyterLab really has', () => {
    expect(sanitizer.keeps('color', 'inherit')).to.equal(false);
    expect(sanitizer.keeps('font-weight', '550')).to.equal(false);
    expect(sanitizer.keeps('font-weight', '600')).to.equal(true);
    expect(dropped('<svg></svg><b style="color:inherit;margin:0">a</b>', sanitizer)).to.deep.equal(
      new Set(['<svg>', 'color:inherit']),
    );
  });

  it('keeps its weights, colours and layout', async () => {
    const epoch: EpochReport = {
      epoch: 1,
      step: 10,
      loss: 2,
      validationLoss: 2,
      learningRate: 0.001,
      metrics: {'CIDEr-D': 0.5},
      seconds: 10,
      panel: [],
      best: true,
    };
    const decoder = createDecoder('lstm', 8, 4, {units: 4, embedding: 4});
    const sent = await inKernel(async () => {
      await imageGrid([
        {image: pixels, caption: 'a red ball', previous: 'a ball', correct: true, references: ['a', 'b']},
        {image: 'nothing.jpg', caption: 'a', correct: false, note: 'wrong', label: 'label'},
        {image: pixels, headline: 'word', scale: {low: 0, high: 1}},
      ]);
      showTable(
        [
          {a: 0.5, b: 'x'},
          {a: 0.25, b: 'y'},
        ],
        {caption: 'Table', best: ['a'], bars: ['a']},
      );
      showTable(
        Array.from({length: 9}, (_, a) => ({a})),
        {limit: 2},
      );
      showEpochs({steps: [], epochs: [epoch]});
      showOptions(decoder);
    });
    decoder.dispose();
    expect(sent).to.have.length(5);
    for (const message of sent) {
      const lost = [...dropped(htmlOf(message), sanitizer)].filter((one) => !refinements.test(one));
      expect(lost).to.deep.equal([]);
    }
    // Marked words have a background and a colour of their own, whatever the theme.
    expect(htmlOf(sent[0])).to.match(/<mark style="background:#[0-9a-f]{6};color:#[0-9a-f]{6};/);
  });
});
