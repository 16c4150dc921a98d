/** The API reference: what `npm run docs` makes of doc comments. */
import {readdirSync} from 'node:fs';
import {join, resolve} from 'node:path';
import {expect} from 'chai';
import ts from 'typescript';
import {projectRoot} from './support';

const lib = join(projectRoot, 'lib');

const configuration = ts.parseJsonConfigFileContent(
  ts.readConfigFile(join(projectRoot, 'tsconfig.json'), (path) => ts.sys.readFile(path)).config,
  ts.sys,
  projectRoot,
).options;

/** Exported names that have a doc comment, or have none. */
function exportsOf(program: ts.Program, file: string): {documented: string[]; bare: string[]} {
  const checker = program.getTypeChecker();
  const module = checker.getSymbolAtLocation(program.getSourceFile(file)!)!;
  const [documented, bare]: [string[], string[]] = [[], []];
  for (const symbol of checker.getExportsOfModule(module)) {
    const meant = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
    const ours = meant.declarations?.some((node) => node.getSourceFile().fileName.startsWith(lib));
    const text = ts.displayPartsToString(meant.getDocumentationComment(checker));
    if (ours) (text === '' ? bare : documented).push(symbol.name);
  }
  return {documented, bare};
}

interface Example {
  readonly where: string;
  readonly text: string;
  /** The module that it belongs to, and what that exports. */
  readonly module: string;
  readonly names: readonly string[];
}

/** The `@example`s of a source file. */
function examplesOf(name: string, text: string): Example[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
  const module = `captioner/dist/${name.replace(/\.ts$/, '')}`;
  const names = source.statements.flatMap((statement) => {
    const exported =
      ts.canHaveModifiers(statement) &&
      statement.modifiers?.some(({kind}) => kind === ts.SyntaxKind.ExportKeyword);
    if (!exported) return [];
    if (ts.isFunctionDeclaration(statement) || ts.isClassDeclaration(statement))
      return statement.name ? [statement.name.text] : [];
    return ts.isVariableStatement(statement)
      ? statement.declarationList.declarations.map((declaration) => declaration.name.getText())
      : [];
  });
  const found: Example[] = [];
  const visit = (node: ts.Node): void => {
    for (const tag of ts.getJSDocTags(node))
      if (tag.parent.parent === node && tag.tagName.text === 'example') {
        const line = source.getLineAndCharacterOfPosition(tag.pos).line + 1;
        const code = (ts.getTextOfJSDocComment(tag.comment) ?? '').replace(/^```\w*\n|\n```$/g, '');
        found.push({where: `lib/${name}:${line}`, text: code, module, names});
      }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Names that examples use without saying what they are. */
const given = `
  captioner: Captioner, trainer: Trainer, dataset: Dataset, images: CaptionedImage[], store: FeatureSource,
  vocabulary: Vocabulary, decoder: Decoder, features: tf.Tensor, lengths: number[], a: tf.Tensor2D, b: tf.Tensor2D`;

/** Compiles an example, with everything of captioner imported that its module does not export itself. Returns the compiler errors. */
function objections(
  {text, module, names}: Omit<Example, 'where'>,
  surface: readonly string[],
  program?: ts.Program,
): {made: ts.Program; messages: string[]} {
  const file = join(projectRoot, 'test', 'example.ts');
  const rest = surface.filter((name) => !names.includes(name));
  const code = [
    `import {tf, ${rest.filter((name) => name !== 'tf').join(', ')}} from 'captioner';`,
    "import {z} from 'zod';",
    names.length > 0 ? `import {${names.join(', ')}} from '${module}';` : '',
    // In a block of its own, an example may declare what is given.
    `export async function example(${given}) {{\n${text}\n}}`,
  ].join('\n');
  const options: ts.CompilerOptions = {
    ...configuration,
    noEmit: true,
    composite: false,
    incremental: false,
    isolatedDeclarations: false,
    declaration: false,
    noUnusedLocals: false,
    noUnusedParameters: false,
    noImplicitAny: false,
  };
  const host = ts.createCompilerHost(options);
  const readFile = host.getSourceFile.bind(host);
  host.fileExists = (path) => resolve(path) === file || ts.sys.fileExists(path);
  host.getSourceFile = (path, version, ...more) =>
    resolve(path) === file
      ? ts.createSourceFile(path, code, version)
      : (program?.getSourceFile(path) ?? readFile(path, version, ...more));
  const made = ts.createProgram([file], options, host, program);
  const found = ts.getPreEmitDiagnostics(made, made.getSourceFile(file));
  return {made, messages: found.map(({messageText}) => ts.flattenDiagnosticMessageText(messageText, '\n'))};
}

describe('The API reference', () => {
  let surface: ReturnType<typeof exportsOf>;

  before(() => {
    const file = join(lib, 'index.ts');
    surface = exportsOf(ts.createProgram([file], configuration), file);
  });

  it('says of every export of the library what it is', () => {
    expect(surface.documented).to.include.members(['Captioner', 'openDataset', 'showTable', 'Split']);
    expect(surface.bare).to.deep.equal([]);
  });

  describe('has examples that compile:', () => {
    const names = readdirSync(lib, {recursive: true, encoding: 'utf8'}).filter(
      (name) => name.endsWith('.ts') && !/^(dist|node_modules)\b/.test(name),
    );
    const examples = names.flatMap((name) => examplesOf(name, ts.sys.readFile(join(lib, name))!));
    let program: ts.Program | undefined;

    it('there are some', () => {
      expect(examples.length).to.be.greaterThan(5);
    });

    for (const example of examples)
      it(example.where, () => {
        const {made, messages} = objections(example, [...surface.documented, ...surface.bare], program);
        program = made;
        expect(messages).to.deep.equal([]);
      });

    it('and one that does not would be found', () => {
      const wrong = {text: "await captioner.caption(['photo.jpg'], {beam: 5});", module: '', names: []};
      const {messages} = objections(wrong, surface.documented, program);
      expect(messages.join()).to.include("'beam' does not exist");
    });
  });
});
