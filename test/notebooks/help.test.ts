/** Help in a notebook: a variable in the last line says what it is, Tab offers names, Shift-Tab explains. */
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

/** Runs actions in one kernel, and returns their results by their code. */
function inKernel(actions: readonly Action[]): Map<string, Result> {
  const input = JSON.stringify({folder: join(projectRoot, 'notebooks'), actions});
  const out = execFileSync(python(), [join(projectRoot, 'test', 'notebooks', 'help.py')], {
    input,
    encoding: 'utf8',
  });
  const results = out.split('\n').filter((line) => line !== '');
  return new Map(actions.map(({code}, at) => [code, JSON.parse(results[at]!) as Result]));
}

const dataset = `const dataset = await openDataset('scenes');\ndataset`;
const vocabulary = `const vocabulary = Vocabulary.from(dataset.images.flatMap((image) => image.captions));\nvocabulary`;
const decoder = `let kind = 'lstm';\nconst decoder = createDecoder(kind, vocabulary.size, 8, {units: 16});\ndecoder`;

const wrong = {
  option: `createDecoder('lstm', 10, 8, {unit: 3}).kind`,
  kind: `createDecoder('ltsm', 10, 8).kind`,
  encoder: `await loadEncoder('inception')`,
  variable: `let name = 'ltsm';\ncreateDecoder(name, 10, 8).kind`,
  metric: `let metric = 'SPICE';\nmetricNamed(metric)`,
  folder: `await openDataset('scene')`,
};

const tab = {
  kinds: `createDecoder('|', 10, 8)`,
  options: `createDecoder('attention', 10, 8, {|})`,
  encoders: `await loadEncoder('|')`,
};

const shiftTab = {
  name: `showScatter|([])`,
  open: `showScatter(|`,
  among: `showTable([{a: 1}], |`,
  nested: `createDecoder('lstm', Math.max(1, 2), |`,
};

describe('A cell', function () {
  this.timeout(300_000);
  let results: Map<string, Result>;
  const of = (code: string): Result => results.get(code)!;
  before(() => {
    results = inKernel([
      {
        code: `import {createDecoder, loadEncoder, openDataset, metricNamed, showScatter, showTable, Vocabulary} from 'captioner';`,
      },
      {code: dataset},
      {code: vocabulary},
      {code: decoder},
      ...Object.values(wrong).map((code) => ({code})),
      ...Object.values(tab).map((code) => ({code, tab: true})),
      ...Object.values(shiftTab).map((code) => ({code, shiftTab: true})),
    ]);
  });

  it('that ends in a variable prints a description', () => {
    expect(of(dataset).text).to.match(
      /^Dataset scenes: 800 images with [\d,]+ captions\n {2}train +600 images/,
    );
    expect(of(vocabulary).text).to.match(/^Vocabulary of \d+ ids: \d+ words and 4 special ids\n/);
    expect(of(decoder).text).to.match(/^lstm decoder of [\d,]+ weights\n/);
    for (const code of [dataset, vocabulary, decoder])
      expect(of(code).text!.trim().split('\n').length).to.be.below(11);
  });

  it('with a wrong name is refused before it runs where the name is written, and in words where it is a variable', () => {
    for (const code of Object.values(wrong)) expect(of(code).status, of(code).text).to.equal('error');
    expect(of(wrong.option).text).to.match(
      /'unit' does not exist in type '.*LstmOptions.*'\. Did you mean to write 'units'\?/,
    );
    expect(of(wrong.kind).text).to.match(/'"ltsm"' is not assignable to parameter of type/);
    expect(of(wrong.encoder).text).to.match(/'"inception"' is not assignable to parameter of type/);
    expect(of(wrong.variable).text).to.include('Unknown decoder "ltsm"; did you mean "lstm"?');
    expect(of(wrong.metric).text).to.include('Unknown metric "SPICE"');
    expect(of(wrong.folder).text).to.include('did you mean "scenes"?');
  });

  it('offers kinds and options on Tab', () => {
    expect(of(tab.kinds).matches).to.include.members(['lstm', 'attention', 'adaptive', 'transformer']);
    expect(of(tab.options).matches).to.include.members(['units', 'attention', 'regularization']);
    expect(of(tab.encoders).matches).to.include.members(['efficientnet-lite2', 'inception-v3']);
  });

  it('explains a function on Shift-Tab, also right behind its parenthesis and among its arguments', () => {
    for (const {text} of [of(shiftTab.name), of(shiftTab.open)]) {
      expect(text).to.include('showScatter(points').and.include('Draws points, coloured by group.');
      expect(text).to.match(/@param points .+\n@param options .+\n@example\nshowScatter\(/);
    }
    expect(of(shiftTab.among).text).to.include('showTable(rows');
    expect(of(shiftTab.nested).text)
      .to.include('createDecoder')
      .and.match(/@returns The decoder\./)
      .and.match(/@throws .*`options`/);
  });
});
