import {existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {expect} from 'chai';
import {projectRoot, temporaryFolder} from '../support';

interface Work {
  readonly prepareWork: (home: string) => {folder: string; first: string; messages: string[]};
}

interface Cell {
  cell_type: string;
  source: string;
  outputs?: unknown[];
}

describe('Working copies', () => {
  let home: string;
  let prepareWork: Work['prepareWork'];
  const file = (...path: string[]): string => join(home, ...path);
  const write = (
    folder: string,
    name: string,
    sources: readonly string[],
    outputs: readonly string[] = [],
  ): void => {
    const cells = sources.map((source, at) => ({
      cell_type: 'code',
      source: source.split(/(?<=\n)/),
      metadata: {},
      execution_count: outputs[at] === undefined ? null : at + 1,
      outputs: outputs[at] === undefined ? [] : [{output_type: 'stream', name: 'stdout', text: outputs[at]}],
    }));
    writeFileSync(file(folder, name), JSON.stringify({cells, metadata: {}, nbformat: 4, nbformat_minor: 5}));
  };
  const cellsOf = (name: string): Cell[] =>
    (JSON.parse(readFileSync(file('work', name), 'utf8')) as {cells: Cell[]}).cells;
  const sourcesOf = (name: string): string[] => cellsOf(name).map(({source}) => [source].flat().join(''));

  before(async () => {
    ({prepareWork} = (await import(pathToFileURL(join(projectRoot, 'tools', 'work.mjs')).href)) as Work);
  });
  beforeEach(() => {
    home = temporaryFolder();
    mkdirSync(file('notebooks'));
    write('notebooks', '01-data.ipynb', ['let a = 1;', 'a + 1']);
    write('notebooks', '02-encoder.ipynb', ['let b = 1;']);
  });

  it('are made where they are missing, and left alone afterwards', () => {
    expect(prepareWork(home)).to.deep.equal({folder: file('work'), first: '01-data.ipynb', messages: []});
    expect(readFileSync(file('work', '01-data.ipynb'))).to.deep.equal(
      readFileSync(file('notebooks', '01-data.ipynb')),
    );
    write('work', '01-data.ipynb', ['let a = 2;', 'a + 1'], ['', '3']);
    const before = readFileSync(file('work', '01-data.ipynb'), 'utf8');
    expect(prepareWork(home).messages).to.deep.equal([]);
    expect(readFileSync(file('work', '01-data.ipynb'), 'utf8')).to.equal(before);
  });

  it('follow their originals while nobody edits them, and keep the outputs of the same code', () => {
    prepareWork(home);
    write('work', '01-data.ipynb', ['let a = 1;', 'a + 1'], ['', '2']);
    write('notebooks', '01-data.ipynb', ['let a = 5;', 'a + 1', 'a + 2']);
    expect(prepareWork(home).messages).to.deep.equal([
      'work/01-data.ipynb is now the newer version of the notebook.',
    ]);
    expect(sourcesOf('01-data.ipynb')).to.deep.equal(['let a = 5;', 'a + 1', 'a + 2']);
    expect(cellsOf('01-data.ipynb').map(({outputs}) => outputs!.length)).to.deep.equal([0, 1, 0]);
  });

  it('are kept once they are edited, with the newer version beside them', () => {
    prepareWork(home);
    write('work', '01-data.ipynb', ['let a = 7;', 'a + 1']);
    write('notebooks', '01-data.ipynb', ['let a = 5;', 'a + 1']);
    expect(prepareWork(home).messages).to.deep.equal([
      'work/01-data.ipynb has your changes and is kept; its newer version is work/01-data-2.ipynb.',
    ]);
    expect(sourcesOf('01-data.ipynb')[0]).to.equal('let a = 7;');
    expect(sourcesOf('01-data-2.ipynb')[0]).to.equal('let a = 5;');
    expect(prepareWork(home).messages).to.deep.equal([]);
    expect(readdirSync(file('work')).sort()).to.deep.equal([
      '.originals.json',
      '01-data-2.ipynb',
      '01-data.ipynb',
      '02-encoder.ipynb',
    ]);
  });

  it('are never lost where the record or a copy is damaged', () => {
    prepareWork(home);
    writeFileSync(file('work', '.originals.json'), 'broken');
    writeFileSync(file('work', '01-data.ipynb'), 'half a noteb');
    write('work', '02-encoder.ipynb', ['let b = 2;']);
    expect(prepareWork(home).messages).to.have.length(2);
    expect(readFileSync(file('work', '01-data.ipynb'), 'utf8')).to.equal('half a noteb');
    expect(sourcesOf('02-encoder.ipynb')).to.deep.equal(['let b = 2;']);
  });

  it('lie where git does not look, and beside the chapters, so that links and paths hold', () => {
    expect(readFileSync(join(projectRoot, '.gitignore'), 'utf8').split('\n')).to.include('/work/');
    const {folder} = prepareWork(home);
    expect(join(folder, '..')).to.equal(join(file('notebooks'), '..'));
    expect(existsSync(folder)).to.equal(true);
  });
});
