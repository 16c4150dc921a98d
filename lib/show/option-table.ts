/** The options of a trainer or a decoder as a table: those that differ from the default first, each with its description. */
import {decoderOptions} from '../decoders/decoder-options';
import type {StepDecoder} from '../decoders/decoder';
import {fieldsOf} from '../option-fields';
import type {OptionGroup} from '../option-group';
import type {Trainer} from '../training/trainer';
import {trainerOptions} from '../training/trainer-options';
import {html} from './html';
import {show} from './output';
import {tableHtml, tableText, type Row} from './table';

/** An option of a trainer or a decoder. */
export interface ShownOption {
  readonly name: string;
  readonly value: unknown;
  /** The value that it has unless another is given. */
  readonly standard: unknown;
  readonly description: string;
  readonly differs: boolean;
}

/**
 * Shows the options of a trainer or a decoder with their descriptions. Those that differ from the default come first; the others fold away.
 *
 * @param part A trainer or a decoder.
 * @example showOptions(trainer);
 */
export function showOptions(part: Pick<Trainer, 'options' | 'learningRate'> | StepDecoder): void {
  const title = 'kind' in part ? `Options of the ${part.kind} decoder` : 'Options of the trainer';
  const options = optionsOfPart(part);
  const differing = options.filter(({differs}) => differs).map(rowOf);
  const rest = options.filter(({differs}) => !differs).map(rowOf);
  const count = `${rest.length} ${rest.length === 1 ? 'option has its' : 'options have their'} default`;
  show({
    'text/html': html`<div style="margin:4px 0 12px">
      ${
        differing.length > 0
          ? tableHtml(differing, {caption: `${title} that differ from the default`})
          : html`<div style="font-size:14px;font-weight:600">${title}: all have their default</div>`
      }${
        rest.length > 0 &&
        html`<details style="font-size:13px">
          <summary>${count}</summary>
          ${tableHtml(rest.map(withoutDefault))}
        </details>`
      }
    </div>`.text,
    'text/plain': [
      tableText(differing, {caption: `${title} that differ from the default`}),
      tableText(rest.map(withoutDefault), {caption: count}),
    ].join('\n'),
  });
}

/** Returns the options of a trainer or a decoder, those that differ from the default first. */
export function optionsOfPart(part: Pick<Trainer, 'options' | 'learningRate'> | StepDecoder): ShownOption[] {
  const group: OptionGroup | undefined = 'kind' in part ? decoderOptions.get(part.kind) : trainerOptions;
  const values: Readonly<Record<string, unknown>> = {...part.options};
  const fields = new Map(
    group === undefined ? [] : fieldsOf(group.schema).map((field) => [field.name, field]),
  );
  const options = Object.entries(values).map(([name, value]) => {
    const {default: standard, description = ''} = fields.get(name) ?? {};
    const differs = JSON.stringify(value) !== JSON.stringify(standard);
    return {name, value, standard, description: description.replaceAll('`', ''), differs};
  });
  return [...options.filter(({differs}) => differs), ...options.filter(({differs}) => !differs)];
}

function rowOf({name, value, standard, description}: ShownOption): Row {
  return {option: name, value: written(value), default: written(standard), description};
}

function withoutDefault({option, value, description}: Row): Row {
  return {option, value, description};
}

/** Numbers are written as in code: options of a table's column have nothing in common. */
function written(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
