/**
 * Chapters as modules for the compiler. A cell sees what earlier cells declare and may declare a name again, as it does when it runs twice;
 * so each cell is a block inside the one before. Imports, which a block can't hold, come first.
 */
import {readFileSync} from 'node:fs';
import {join, resolve} from 'node:path';
import ts from 'typescript';
import {projectRoot} from '../support';

/** Source text of a code cell. */
export type Cells = readonly string[];

/** Options with which tslab compiles cells, which are not strict. Names that a cell needs but doesn't type are errors here. */
const options: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2022.d.ts'],
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: ['node'],
  typeRoots: [join(projectRoot, 'node_modules', '@types')],
  noImplicitAny: true,
  noImplicitReturns: true,
  esModuleInterop: true,
  skipLibCheck: true,
  noEmit: true,
};

/** The code cells of a notebook. */
export function cellsOf(notebook: string): Cells {
  const {cells} = JSON.parse(readFileSync(notebook, 'utf8')) as {
    cells: {cell_type: string; source: string | string[]}[];
  };
  return cells
    .filter(({cell_type}) => cell_type === 'code')
    .map(({source}) => (Array.isArray(source) ? source.join('') : source));
}

/** A chapter as one module, and the cell of each of its lines. */
interface Module {
  readonly text: string;
  readonly lines: readonly {readonly cell: number; readonly line: number}[];
}

/** Each cell `times` times in a row, as people do who run a cell again. */
function moduleOf(cells: Cells, times: number): Module {
  const [imports, rest]: [string[], string[]] = [[], []];
  const [ofImports, ofRest]: [Module['lines'][number][], Module['lines'][number][]] = [[], []];
  for (const [cell, source] of cells.entries())
    for (let time = 0; time < times; time++) {
      rest.push('{');
      ofRest.push({cell, line: 0});
      const inImport = importLines(source);
      for (const [line, text] of source.split('\n').entries()) {
        const place = {cell, line: line + 1};
        if (!inImport.has(line)) {
          rest.push(text);
          ofRest.push(place);
        } else if (time === 0) {
          imports.push(text);
          ofImports.push(place);
        }
      }
    }
  const end = '}'.repeat(cells.length * times);
  return {
    text: [...imports, 'export {};', ...rest, end].join('\n'),
    lines: [...ofImports, {cell: 0, line: 0}, ...ofRest],
  };
}

function importLines(source: string): Set<number> {
  const file = ts.createSourceFile('cell.ts', source, ts.ScriptTarget.ES2022, true);
  const found = new Set<number>();
  for (const statement of file.statements.filter(ts.isImportDeclaration)) {
    const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line;
    for (let line = lineOf(statement.getStart()); line <= lineOf(statement.end); line++) found.add(line);
  }
  return found;
}

/**
 * Compiles chapters with the types that the library ships.
 *
 * @param chapters Code cells by the name of the chapter.
 * @param earlier A program to take parsed files from.
 * @returns The program, and one line for each error: chapter, cell and line, both counted from 1, and what is wrong.
 */
export function compileChapters(
  chapters: ReadonlyMap<string, Cells>,
  {times = 1, earlier}: {times?: number; earlier?: ts.Program | undefined} = {},
): {program: ts.Program; errors: string[]} {
  const modules = new Map(
    [...chapters].map(([name, cells]) => [
      join(projectRoot, 'notebooks', `${name}.mts`),
      {name, ...moduleOf(cells, times)},
    ]),
  );
  const host = ts.createCompilerHost(options);
  const parse = host.getSourceFile.bind(host);
  host.fileExists = (path) => modules.has(resolve(path)) || ts.sys.fileExists(path);
  host.getSourceFile = (path, version, ...more) => {
    const text = modules.get(resolve(path))?.text;
    if (text !== undefined) return ts.createSourceFile(path, text, version);
    return earlier?.getSourceFile(path) ?? parse(path, version, ...more);
  };
  const program = ts.createProgram([...modules.keys()], options, host);
  const errors = [...modules].flatMap(([path, {name, lines}]) =>
    ts.getPreEmitDiagnostics(program, program.getSourceFile(path)).map(({file, start = 0, messageText}) => {
      const at = file?.getLineAndCharacterOfPosition(start).line ?? 0;
      const {cell, line} = lines[at] ?? {cell: -1, line: 0};
      return `${name}, code cell ${cell + 1}, line ${line}: ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
    }),
  );
  return {program, errors};
}
