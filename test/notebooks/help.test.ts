/** What hands expect of a notebook: a variable in the last line says what it is, Tab offers names, Shift-Tab explains. */
import {execFileSync} from 'node:child_process';
import {join} from 'node:path';
import {expect} from 'chai';
import {projectRoot, python} from '../support';

interface Action {
  readonly code: string;
  readonly tab?: boolean;
  readonly shiftTab?: boolean;
}

interface Result {
  readonly status?: string;
  readonly text?: string;
  readonly matches?: readonly string[];
}

function inKernel(actions: readonly Action[]): Result[] {
  const input = JSON.stringify({folder: join(projectRoot, 'notebooks'), actions});
  const out = execFileSync(python(), [join(projectRoot, 'test', 'notebooks', 'help.py')], {
    input,
    encoding: 'utf8',
  });
  return out
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Result);
}

const imports = `import {createDecoder, loadEncoder, openDataset, metricNamed, showScatter, showTable, Vocabulary} from 'captioner';`;

describe('A cell', function () {
  this.timeout(180_000);

  it('that ends in a variable prints a description', () => {
    const [, dataset, spread, vocabulary, decoder] = inKernel([
      {code: imports},
      {code: `const dataset = await openDataset('scenes');\ndataset`},
      {code: `const copy = {...dataset, images: dataset.images.slice(0, 1)};\ncopy.images.length`},
      {
        code: `const vocabulary = Vocabulary.from(dataset.images.flatMap((image) => image.captions));\nvocabulary`,
      },
      {
        code: `let kind = 'lstm';\nconst decoder = createDecoder(kind, vocabulary.size, 8, {units: 16});\ndecoder`,
      },
    ]);
    expect(dataset!.text).to.match(/^Dataset scenes: 800 images with [\d,]+ captions\n {2}train +600 images/);
    expect(spread!.text).to.equal('1\n');
    expect(vocabulary!.text).to.match(/^Vocabulary of \d+ ids: \d+ words and 4 special ids\n/);
    expect(decoder!.text).to.match(/^lstm decoder of [\d,]+ weights\n/);
    for (const {text} of [dataset!, vocabulary!, decoder!])
      expect(text!.trim().split('\n').length).to.be.below(11);
  });

  it('with a wrong name is refused before it runs where the name is written, and in words where it is a variable', () => {
    const [, option, kind, encoder, variable, metric, folder] = inKernel([
      {code: imports},
      {code: `createDecoder('lstm', 10, 8, {unit: 3}).kind`},
      {code: `createDecoder('ltsm', 10, 8).kind`},
      {code: `await loadEncoder('inception')`},
      {code: `let name = 'ltsm';\ncreateDecoder(name, 10, 8).kind`},
      {code: `let metric = 'SPICE';\nmetricNamed(metric)`},
      {code: `await openDataset('scene')`},
    ]);
    for (const result of [option!, kind!, encoder!, variable!, metric!, folder!])
      expect(result.status, result.text).to.equal('error');
    expect(option!.text).to.include(
      `'unit' does not exist in type 'LstmOptions'. Did you mean to write 'units'?`,
    );
    expect(kind!.text).to.match(/'"ltsm"' is not assignable to parameter of type/);
    expect(encoder!.text).to.match(/'"inception"' is not assignable to parameter of type/);
    expect(variable!.text).to.include('Unknown decoder "ltsm"; did you mean "lstm"?');
    expect(metric!.text).to.include('Unknown metric "SPICE"');
    expect(folder!.text).to.include('did you mean "scenes"?');
  });

  it('offers kinds and options on Tab', () => {
    const [, kinds, options, encoders] = inKernel([
      {code: imports},
      {code: `createDecoder('|', 10, 8)`, tab: true},
      {code: `createDecoder('attention', 10, 8, {|})`, tab: true},
      {code: `await loadEncoder('|')`, tab: true},
    ]);
    expect(kinds!.matches).to.include.members(['lstm', 'attention', 'adaptive', 'transformer']);
    expect(options!.matches).to.include.members(['units', 'attention', 'regularization']);
    expect(encoders!.matches).to.include.members(['efficientnet-lite2', 'inception-v3']);
  });

  it('explains a function on Shift-Tab, also right behind its parenthesis and among its arguments', () => {
    const [, name, open, among, nested] = inKernel([
      {code: imports},
      {code: `showScatter|([])`, shiftTab: true},
      {code: `showScatter(|`, shiftTab: true},
      {code: `showTable([{a: 1}], |`, shiftTab: true},
      {code: `createDecoder('lstm', Math.max(1, 2), |`, shiftTab: true},
    ]);
    for (const {text} of [name!, open!]) {
      expect(text).to.include('function showScatter').and.include('Draws points, coloured by group.');
      expect(text).to.match(/@param points .+\n@param options .+\n@example\nshowScatter\(/);
    }
    expect(among!.text).to.include('function showTable');
    expect(nested!.text)
      .to.include('createDecoder')
      .and.match(/@returns The decoder\./)
      .and.match(/@throws .*`options`/);
  });
});
