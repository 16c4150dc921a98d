/** Documents agree with the code: options and their defaults, links, command lines. */
import {spawnSync} from 'node:child_process';
import {existsSync, readdirSync, readFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {program} from 'captioner/dist/cli';
import {optionsOf} from 'captioner/dist/decoders/registry';
import {sampleSettings} from 'captioner/dist/search/sampling';
import {searchSettings} from 'captioner/dist/search/beam-search';
import {trainerSettings} from 'captioner/dist/training/options';
import {expect} from 'chai';
import {projectRoot, python} from './support';

/** Paths relative to the project, with slashes. */
const documents = [
  ...['.', 'docs'].flatMap((folder) =>
    readdirSync(join(projectRoot, folder))
      .filter((name) => name.endsWith('.md'))
      .map((name) => join(folder, name)),
  ),
  'data/README.md',
  'lib/README.md',
  'checkpoints/README.md',
];

const read = (document: string): string => readFileSync(join(projectRoot, document), 'utf8');

/** The text without its code blocks. */
const prose = (text: string): string => text.replace(/^ *```[^]*?^ *```$/gm, '').replace(/^ {4}.*$/gm, '');

/** Headings as GitHub makes anchors of them. */
const anchors = (text: string): string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, title]) =>
    title!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}\s_-]/gu, '')
      .replace(/\s/g, '-'),
  );

describe('Documents', () => {
  it('introduce the project in 120 lines', () => {
    expect(read('README.md').trimEnd().split('\n').length).to.be.at.most(120);
  });

  for (const document of documents)
    it(`link to files and headings that exist: ${document}`, () => {
      const links = [...prose(read(document)).matchAll(/\]\(([^)\s]+)\)/g)].map(([, link]) => link!);
      const broken = links.filter((link) => {
        if (/^[a-z]+:/.test(link)) return false;
        const [path, anchor] = link.split('#') as [string, string?];
        const target = path === '' ? document : join(dirname(document), path);
        if (!existsSync(join(projectRoot, target))) return true;
        return anchor !== undefined && !anchors(read(target)).includes(anchor);
      });
      expect(broken).to.deep.equal([]);
    });

  for (const document of documents) {
    const blocks = [...read(document).matchAll(/^```(bash|yaml)\n([^]*?)^```$/gm)];
    if (blocks.length > 0)
      it(`show scripts and YAML that parse: ${document}`, () => {
        const load = 'import sys, yaml; assert all(map(dict, yaml.safe_load_all(sys.stdin)))';
        for (const [, language, text] of blocks) {
          const line = language === 'bash' ? ['bash', '-n'] : [python(), '-c', load];
          const {status, stderr} = spawnSync(line[0]!, line.slice(1), {input: text!, encoding: 'utf8'});
          expect(status, `${stderr}\n${text}`).to.equal(0);
        }
      });
  }

  for (const document of documents) {
    const lines = [...read(document).matchAll(/^ {4}(?:\$ )?npx captioner (.*)$/gm)].map(([, line]) => line!);
    if (lines.length > 0)
      it(`show command lines that parse: ${document}`, () => {
        for (const line of lines) parse(line);
      });
  }
});

/** The words of a command line, as a shell splits them; a comment is left out. */
function words(line: string): string[] {
  const [text] = line.split(/\s#/) as [string];
  return [...text.matchAll(/(?:'[^']*'|\S)+/g)].map(([word]) => word.replaceAll("'", ''));
}

/** Reads a command line as the command would, without running it. */
function parse(line: string): void {
  const [name, ...args] = words(line) as [string, ...string[]];
  // After their options, these take a command with options of its own; `sweep` names the run itself.
  if (name === 'launch' || name === 'sweep') {
    const run = name === 'sweep' ? ['--run', 'run'] : [];
    return parse([...args.slice(args.indexOf('train')), ...run].join(' '));
  }
  const command = program().commands.find((one) => one.name() === name);
  if (command === undefined) {
    expect(name, line).to.equal('--help');
    return;
  }
  const {operands, unknown} = command.parseOptions(args);
  const options = command.opts<{set?: object; decoder?: string; sample?: number}>();
  expect(unknown.filter((word) => word !== '--help')).to.deep.equal([], line);
  if (unknown.length > 0) return;
  const required = command.registeredArguments.filter((argument) => argument.required).length;
  expect(operands.length, line).to.be.at.least(required);
  if (command.registeredArguments.length === 0) expect(operands).to.deep.equal([], line);
  for (const option of command.options.filter(({mandatory}) => mandatory))
    expect(options, line).to.have.property(option.attributeName());
  const known =
    name === 'train'
      ? {
          ...trainerSettings(),
          ...Object.fromEntries(optionsOf(options.decoder ?? 'lstm').map((one) => [one, true])),
        }
      : options.sample === undefined
        ? searchSettings()
        : sampleSettings();
  for (const key of Object.keys(options.set ?? {})) expect(known, line).to.have.property(key);
}
