/** The compiler on the code of the chapters: a typo is found without running a cell. */
import {join} from 'node:path';
import {expect} from 'chai';
import type ts from 'typescript';
import {projectRoot} from '../support';
import {type Cells, cellsOf, compileChapters} from './chapter-types';
import {notebooks} from './quick';

describe('The code of the chapters', function () {
  this.timeout(120_000);
  const chapters = new Map<string, Cells>(
    notebooks.map((name) => [name.replace('.ipynb', ''), cellsOf(join(projectRoot, 'notebooks', name))]),
  );
  let program: ts.Program | undefined;

  it('compiles, each cell twice in a row', () => {
    expect(chapters.size).to.be.at.least(11);
    const found = compileChapters(chapters, {times: 2});
    expect(found.errors).to.deep.equal([]);
    program = found.program;
  });

  /** Misspellings that people make: in a chapter, what is misspelt, how, and what the compiler says of it. */
  const misspelt: readonly (readonly [string, string, string, RegExp])[] = [
    ['01', '{beams: 3}', '{beam: 3}', /'beam' does not exist/],
    ['02', '{minimumCount: minimumCount}', '{minimalCount: minimumCount}', /'minimalCount' does not exist/],
    ['04', 'dropout: 0,', 'dropuot: 0,', /'dropuot' does not exist/],
    ['05', "schedule: 'constant'", "schedule: 'constnt'", /"constnt"/],
    ['06', 'beamGroups: 3', 'beamGroup: 3', /'beamGroup' does not exist/],
    ['09', '{meteor: false}', '{metoer: false}', /'metoer' does not exist/],
    ['10', "method: 'occlusion', target", "method: 'oclusion', target", /"oclusion"/],
    ['11', 'trainerOptions: {epochs: epochs}', 'trainerOptions: {epoch: epochs}', /'epoch' does not exist/],
  ];
  for (const [chapter, right, wrong, message] of misspelt)
    it(`does not compile with ${wrong} in chapter ${Number(chapter)}`, () => {
      const [name, cells] = [...chapters].find(([one]) => one.startsWith(chapter))!;
      const at = cells.findIndex((source) => source.includes(right));
      expect(at, `${right} is in a cell`).to.be.at.least(0);
      const changed = cells.map((source, cell) => (cell === at ? source.replace(right, wrong) : source));
      const {errors} = compileChapters(new Map([[name, changed]]), {earlier: program});
      expect(errors.join('\n')).to.match(message);
      expect(errors[0]).to.include(`${name}, code cell ${at + 1}, `);
    });
});
