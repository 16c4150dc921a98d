/**
 * Generates lib/option-types.ts, the interfaces that editors and notebooks show, and docs/options.md from the options' schemas. Uses the
 * compiled library; set-up and `npm test` run it, and compile again if something changed.
 *
 *     node tools/options.mjs     # prints the files that it changed
 */
import {existsSync, readFileSync, writeFileSync} from 'node:fs';
import {createRequire} from 'node:module';
import {join, resolve} from 'node:path';
import {fileURLToPath} from 'node:url';

const home = resolve(fileURLToPath(import.meta.url), '..', '..');
const require = createRequire(import.meta.url);

/** @returns {Map<string, string>} Contents by path, relative to the project's folder. */
export function generate() {
  const {optionGroups} = require(join(home, 'lib', 'dist', 'option-groups.js'));
  const {fieldsOf} = require(join(home, 'lib', 'dist', 'option-fields.js'));
  const groups = optionGroups.map((group) => ({...group, fields: fieldsOf(group.schema)}));
  return new Map([
    ['lib/option-types.ts', types(groups)],
    ['docs/options.md', document(groups)],
  ]);
}

/** @returns {string[]} Paths of the files that changed. */
export function write() {
  if (!existsSync(join(home, 'lib', 'option-groups.ts'))) return []; // a copy of the tools with another library
  const changed = [...generate()].filter(([path, content]) => content !== contentOf(path));
  for (const [path, content] of changed) writeFileSync(join(home, path), content);
  return changed.map(([path]) => path);
}

function contentOf(path) {
  try {
    return readFileSync(join(home, path), 'utf8');
  } catch {
    return undefined;
  }
}

// The interfaces.

function types(groups) {
  const declared = groups.flatMap(({fields}) => fields.filter(({from}) => from !== undefined));
  const imports = declared.map(({type, from}) => `import type {${type}} from '${from}';\n`);
  return [
    '/** Options by name, generated from their schemas by `node tools/options.mjs`: edit those instead. */\n',
    ...new Set(imports),
    ...groups.map((group) => `\n${interfaceOf(group, groups)}`),
  ].join('');
}

function interfaceOf({type, about, fields, extends: base}, groups) {
  const inherited = groups.find((group) => group.type === base)?.names ?? [];
  const own = fields.filter(({name}) => !inherited.includes(name));
  const head = `export interface ${type}${base ? ` extends ${base}` : ''} {`;
  return [`/** ${about} */`, head, ...own.flatMap(property), '}', ''].join('\n');
}

function property({name, type, range, default: value, description}) {
  const lines = [
    ...wrap(description, 100),
    ...(range === undefined ? [] : [`Range: ${range}.`]),
    ...(value === undefined ? [] : [`@default ${literal(value)}`]),
  ];
  return ['  /**', ...lines.map((line) => `   * ${line}`), '   */', `  readonly ${name}?: ${type};`];
}

function literal(value) {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

/** @returns {string[]} Lines of at most `width` characters, unless a word is longer. */
function wrap(text, width) {
  const lines = [''];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last !== '' && last.length + 1 + word.length > width) lines.push(word);
    else lines[lines.length - 1] = last === '' ? word : `${last} ${word}`;
  }
  return lines;
}

// The document.

const introduction = `# Options

Options are given by name:

- on the command line with \`--set NAME=VALUE\`, once for each: \`captioner train … --set clipNorm=1 --set layers=2\`. A list is
  written as JSON: \`--set 'suppressWords=["man"]'\`. \`captioner train --help\`, \`caption --help\` and \`evaluate --help\` list them;
- in a notebook or a program as an object: \`Trainer.create({…, options: {clipNorm: 1}})\`, \`createDecoder('lstm', …, {layers: 2})\`,
  \`captioner.caption(files, {beams: 5})\`. An editor shows description, range and default of each;
- during a run with \`trainer.configure({clipNorm: 1})\`, or \`captioner train … --resume --set clipNorm=1\`.

Unknown names and values out of range are refused before any work is done. This page is generated from the code
(\`node tools/options.mjs\`).`;

/** Heading and text before the table of each group; a group without an entry gets its owner as heading. */
const sections = {
  TrainerOptions: {
    heading: '## Training',
    text: `\`captioner train --set NAME=VALUE\`, or \`options\` of \`Trainer.create\`.

\\* \`suitedOptions\` chooses another default where it suits the data, the decoder or the objective better.

These cannot change during a run: \`batch\`, \`seed\`, \`captionsPerImage\`, \`maximumLength\`, \`selectBy\`, \`validationImages\`, \`beams\` and
\`lengthPenalty\`.`,
  },
  LstmOptions: {
    heading: '## Decoders',
    text: `\`captioner train --decoder KIND --set NAME=VALUE\`, or \`createDecoder(KIND, …, {…})\`. They are fixed once the decoder is made, and
saved with it.

### lstm`,
  },
  AttentionOptions: {heading: '### attention'},
  AdaptiveOptions: {heading: '### adaptive'},
  TransformerOptions: {heading: '### transformer'},
  SearchOptions: {
    heading: '## Search',
    text: '`captioner caption` and `captioner evaluate` with `--beams N` and `--set NAME=VALUE`, or `captioner.caption(files, {…})`.',
  },
  SampleOptions: {
    heading: '## Sampling',
    text: '`captioner caption --sample N --set NAME=VALUE`, or `captioner.sample(files, {…})`.',
  },
  BuildOptions: {
    heading: '## Feature store',
    text: '`FeatureStore.build(encoder, images, folder, {…})`; `captioner features` has flags for `kind` and `part`.',
  },
  VocabularyOptions: {
    heading: '## Vocabulary',
    text: '`Vocabulary.from(captions, {…})`; `captioner train` has a flag for `minimumCount`.',
  },
  SceneOptions: {
    heading: '## Drawn scenes',
    text: '`drawScenes(folder, {…})`.',
  },
  SaliencyOptions: {
    heading: '## Explanations',
    text: `\`captioner explain --method NAME --set OPTION=VALUE\`, or \`explain(captioner, image, {method: NAME, …})\`. Methods that are missing here have no
options.

### saliency method`,
  },
};

function document(groups) {
  // Options that groups share are listed in the table of each.
  const shared = new Set(groups.map((group) => group.extends));
  const parts = groups
    .filter(({type}) => !shared.has(type))
    .map(({type, owner, fields}) => {
      const {heading = `### ${owner}`, text} = sections[type] ?? {};
      return [heading, text, table(fields)].filter(Boolean).join('\n\n');
    });
  return `${[introduction, ...parts].join('\n\n')}\n`;
}

function table(fields) {
  const rows = fields.map(({name, default: value, range, type, suited, description}) =>
    [
      `\`${name}\``,
      value === undefined ? '' : `\`${JSON.stringify(value).replaceAll('"', '')}\`${suited ? ' \\*' : ''}`,
      range ?? (value === undefined ? 'a function' : value instanceof Array ? 'a list' : `\`${type}\``),
      description,
    ].map((cell) => cell.replaceAll('|', '\\|')),
  );
  const lines = [['option', 'default', 'range', 'description'], ['---', '---', '---', '---'], ...rows];
  return lines.map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}

if (process.argv[1] !== undefined && resolve(process.argv[1]) === fileURLToPath(import.meta.url))
  for (const path of write()) console.log(path);
