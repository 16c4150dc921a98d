/**
 * The only place where HTML is built: a tagged template that escapes whatever is put into it, so that a caption or a
 * file name with markup in it is shown, never run. What the template made itself goes in unescaped.
 */

/** HTML that is safe to show as it stands; only `html` and `raw` make it. */
export class Fragment {
  constructor(readonly text: string) {}

  toString(): string {
    return this.text;
  }
}

/** Values that `html` accepts. */
export type Insertable = Fragment | string | number | boolean | null | undefined | readonly Insertable[];

/** The characters that mean something in HTML, made harmless between tags and within quoted attributes. */
export function escape(text: string): string {
  return text.replace(/[&<>"'`]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/**
 * Builds a fragment: `` html`<b title="${file}">${caption}</b>` ``. Lists are joined; `false`, `null` and `undefined` leave
 * nothing. Attributes have to be quoted, and scripts and styles must not be built from data.
 */
export function html(strings: TemplateStringsArray, ...values: readonly Insertable[]): Fragment {
  return new Fragment(strings.reduce((before, after, at) => before + insert(values[at - 1]) + after));
}

/** Takes a literal of ours as HTML, never data. */
export function raw(literal: string): Fragment {
  return new Fragment(literal);
}

function insert(value: Insertable): string {
  if (value instanceof Fragment) return value.text;
  if (Array.isArray(value)) return (value as readonly Insertable[]).map((item) => insert(item)).join('');
  if (value === null || value === undefined || value === false || value === true) return '';
  return escape(String(value));
}
