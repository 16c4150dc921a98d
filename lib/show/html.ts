/**
 * Builds HTML with a tagged template that escapes inserted values, so that markup in a caption or file name is displayed, never
 * interpreted. Fragments built by the template are inserted unescaped. All HTML of the library is built here.
 */

/** HTML that is safe to display; created only by `html` and `raw`. */
export class Fragment {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** Values that `html` accepts. */
export type Insertable = Fragment | string | number | boolean | null | undefined | readonly Insertable[];

/** Escapes text for use between tags and in quoted attributes. */
export function escape(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Builds a fragment: `` html`<b title="${file}">${caption}</b>` ``. Arrays are joined; booleans, `null` and `undefined` insert nothing.
 * Quote attributes, and never insert data into scripts or styles.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Insertable[]): Fragment {
  return new Fragment(strings.reduce((before, after, at) => before + insert(values[at - 1]) + after));
}

/** Marks a literal as HTML. Never pass data. */
export function raw(literal: string): Fragment {
  return new Fragment(literal);
}

function insert(value: Insertable): string {
  if (value instanceof Fragment) return value.text;
  if (Array.isArray(value)) return (value as readonly Insertable[]).map((item) => insert(item)).join('');
  if (value === null || value === undefined || value === false || value === true) return '';
  return escape(String(value));
}
