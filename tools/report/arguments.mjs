/** The command line of `npm run report`. */
import {existsSync} from 'node:fs';
import {resolve} from 'node:path';
import {home} from '../setup/project.mjs';
import {ReportError} from './error.mjs';
import {checkName} from './name.mjs';
import {callersFolder} from './paths.mjs';

export const usage = `Usage: npm run report -- NOTEBOOK [-p NAME VALUE]… [--output NAME [--replace]] [--shared-assets]

Executes NOTEBOOK and writes the report to reports/<name>/: <name>.html, one file that works offline, and <name>.ipynb.
reports/index.html then lists all reports, the newest first.

  -p NAME VALUE     sets a parameter of the notebook; may be repeated
  --output NAME     names the report. Otherwise the name is made of the notebook's and of the parameters that are set:
                    -p data data/flickr8k gives reports/06-search-data-flickr8k/
  --replace         with --output: replaces a report of another notebook or of other parameters that has this name
  --shared-assets   puts Plotly, which draws the charts, into reports/assets/ once for several reports. Each is then 5 MB
                    smaller, but draws its charts only beside that folder; without it, it shows static ones.

The same notebook with the same parameters replaces its earlier report. Nothing else does: where the name is taken by another
notebook or by other parameters, the report is numbered (<name>-2), or refused if you named it with --output. A run that fails
leaves reports/<name>.failed.ipynb and the earlier report as it was.
Relative paths, in parameters too, are relative to the folder in which you run the command.`;

/**
 * @typedef {{notebook: string, parameters: [string, string][], output?: string, replace: boolean, sharedAssets: boolean}} Arguments
 * @returns {Arguments | undefined} `undefined` if help was requested.
 */
export function parseArguments(argv) {
  const words = argv.flatMap((word) => /^(--output)=(.*)$/s.exec(word)?.slice(1) ?? [word]);
  const given = {parameters: [], replace: false, sharedAssets: false};
  for (let at = 0; at < words.length; at++) {
    const word = words[at];
    if (word === '-h' || word === '--help') return undefined;
    if (word === '-p' || word === '--parameter') {
      const [name, value] = words.slice(at + 1, at + 3);
      if (value === undefined)
        throw new ReportError(`Expected \`-p NAME VALUE\`, got \`${words.slice(at).join(' ')}\``, 2);
      given.parameters.push([name, value]);
      at += 2;
    } else if (word === '--output') {
      given.output = checkName(words[++at]);
    } else if (word === '--replace') {
      given.replace = true;
    } else if (word === '--shared-assets') {
      given.sharedAssets = true;
    } else if (word.startsWith('-')) {
      const known = '-p NAME VALUE, --output NAME, --replace, --shared-assets';
      throw new ReportError(`Unknown option ${word}; known: ${known}`, 2);
    } else if (given.notebook === undefined) {
      given.notebook = word;
    } else {
      throw new ReportError(
        `Expected one notebook, got ${given.notebook} and ${word}; set parameters with -p NAME VALUE`,
        2,
      );
    }
  }
  if (given.notebook === undefined) throw new ReportError(`Expected a notebook\n\n${usage}`, 2);
  if (given.replace && given.output === undefined)
    throw new ReportError('Expected --output NAME with --replace: it says which report may be replaced', 2);
  return {...given, notebook: find(given.notebook)};
}

function find(notebook) {
  const candidates = [resolve(callersFolder(), notebook), resolve(home, notebook)];
  const found = candidates.find((file) => existsSync(file));
  if (found === undefined) throw new ReportError(`Expected a notebook, found no file at ${candidates[0]}`, 2);
  return found;
}
