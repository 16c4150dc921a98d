import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {expect} from 'chai';
import {projectRoot} from '../support';
import {notebooks, quickReport} from './quick';

interface Cell {
  cell_type: string;
  source: string | string[];
  outputs?: unknown[];
  execution_count?: number | null;
  metadata: {tags?: string[]};
}

interface Notebook {
  cells: Cell[];
  metadata: {kernelspec?: {name: string}};
}

function read(file: string): Notebook {
  return JSON.parse(readFileSync(file, 'utf8')) as Notebook;
}

function source({source: lines}: Cell): string {
  return Array.isArray(lines) ? lines.join('') : lines;
}

describe('Notebooks', () => {
  it('hold the chapters of the walk-through', () => {
    expect(notebooks.map((name) => name.slice(0, 3))).to.deep.equal([
      ...['01-', '02-', '03-', '04-', '05-', '06-', '07-', '08-', '09-', '10-', '11-'],
    ]);
  });

  for (const name of notebooks) {
    describe(name, () => {
      const {cells, metadata} = read(join(projectRoot, 'notebooks', name));
      const code = cells.filter(({cell_type}) => cell_type === 'code');

      it('is committed without outputs, for the kernel tslab', () => {
        expect(metadata.kernelspec?.name).to.equal('tslab');
        for (const cell of code) {
          expect(cell.outputs).to.deep.equal([]);
          expect(cell.execution_count).to.equal(null);
        }
      });

      it('opens with a title and a paragraph, and has one parameters cell', () => {
        expect(source(cells[0]!)).to.match(/^# \S.*\n\n\S/);
        expect(code.filter((cell) => cell.metadata.tags?.includes('parameters'))).to.have.length(1);
      });

      it('has cells of at most 15 lines, not counting comments', () => {
        for (const text of code.map(source))
          expect(text.split('\n').filter((line) => !/^\s*\/[/*]/.test(line)).length, text).to.be.at.most(15);
      });

      it('has no line of code over 100 characters', () => {
        for (const line of code.flatMap((cell) => source(cell).split('\n')))
          expect(line.length, line).to.be.at.most(100);
      });

      it('runs, and each cell but imports and parameters shows something', async () => {
        const {ipynb} = await quickReport(name);
        const executed = read(ipynb).cells.filter(({cell_type}) => cell_type === 'code');
        const silent = executed.filter((cell) => cell.outputs?.length === 0).map(source);
        for (const text of silent) {
          const expected =
            /^import |^\/\/ Parameters|^(\/\/.*\n|\/\*\*.*\n)*(let|const|(async )?function|type) /m;
          expect(text).to.match(expected, 'a cell without output declares something');
        }
      }).timeout(15 * 60_000);
    });
  }
});
