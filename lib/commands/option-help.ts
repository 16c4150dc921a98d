/** Lists the options of `--set` for `--help`: name, default and the first sentence of the description. */
import {fieldsOf, firstSentence, type OptionField} from '../option-fields';
import type {OptionGroup} from '../option-group';

const width = 80;
const indent = 2;
/** Column where descriptions begin; most names with their defaults are shorter. */
const column = 30;

export function optionHelp(groups: readonly OptionGroup[]): string {
  const listed = groups.map(({owner, schema}) => ({owner, fields: fieldsOf(schema)}));
  const suited = listed.some(({fields}) => fields.some((field) => field.suited));
  return [
    '\nOptions for --set, with their defaults:',
    ...listed.flatMap(({owner, fields}) => ['', `${owner}:`, ...fields.flatMap(entry)]),
    '',
    ...(suited ? ['* The default depends on the data, the decoder and the objective.'] : []),
    'docs/options.md describes them in full, with their ranges.',
  ].join('\n');
}

function entry({name, default: value, suited, description}: OptionField): string[] {
  const shown = typeof value === 'string' ? value : JSON.stringify(value);
  const head = `${' '.repeat(indent)}${name}=${shown}${suited ? ' *' : ''}`;
  const [first, ...rest] = wrap(firstSentence(description), width - column);
  const below = rest.map((line) => ' '.repeat(column) + line);
  return head.length < column - 1
    ? [head.padEnd(column) + first!, ...below]
    : [head, ' '.repeat(column) + first!, ...below];
}

function wrap(text: string, limit: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > limit) lines.push(word);
    else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
