/** Shows what can be chosen: the run, and the options of the search as their schema describes them. */
import type {NumberField, RunChoice, Start} from './api.js';
import {byId, make} from './dom.js';

/** Fills the form. @param change Called after each choice that is valid. */
export function showSettings({options}: Start, change: () => void): void {
  const [first, ...others] = options.map(fieldOf);
  byId('first-option').replaceChildren(...(first ? [first] : []));
  byId('more-options').replaceChildren(...others);
  byId('more').hidden = others.length === 0;
  const form = byId<HTMLFormElement>('settings');
  form.addEventListener('submit', (event) => event.preventDefault());
  form.addEventListener('change', () => {
    if (form.reportValidity()) change();
  });
}

/** Fills the list of runs, keeping the choice where it still exists. */
export function showRuns({runs, selected}: Start): void {
  const list = byId<HTMLSelectElement>('run');
  const before =
    runs.find(({name, problem}) => name === list.value && problem === undefined)?.name ?? selected;
  list.replaceChildren(...runs.map((run) => optionOf(run, before)));
  list.disabled = before === undefined;
}

function optionOf({name, detail, problem}: RunChoice, selected: string | undefined): HTMLOptionElement {
  return make('option', {
    value: name,
    textContent: `${name} (${problem ?? detail})`,
    disabled: problem !== undefined,
    selected: name === selected,
  });
}

function fieldOf({name, description, default: value, minimum, maximum, whole}: NumberField): HTMLElement {
  const input = make('input', {
    type: 'number',
    id: `option-${name}`,
    name,
    defaultValue: `${value}`,
    step: whole ? '1' : 'any',
    required: true,
    ...(minimum !== undefined && {min: `${minimum}`}),
    ...(maximum !== undefined && {max: `${maximum}`}),
  });
  input.setAttribute('aria-describedby', `about-${name}`);
  const label = make('label', {htmlFor: input.id}, make('code', {}, name));
  return make('p', {className: 'field'}, label, input, make('small', {id: `about-${name}`}, description));
}

/** Name of the chosen run. */
export function chosenRun(): string {
  return byId<HTMLSelectElement>('run').value;
}

/** Options of the search that are not at their defaults. */
export function chosenOptions(): Record<string, string> {
  const inputs = byId('settings').querySelectorAll<HTMLInputElement>('input[type=number]');
  const changed = [...inputs].filter((input) => input.value !== input.defaultValue);
  return Object.fromEntries(changed.map((input) => [input.name, input.value]));
}
