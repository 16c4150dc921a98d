/** Finds and makes elements. Text is always set as text, so that no word or file name becomes markup. */

/** Returns an element of the page. */
export function byId<T extends HTMLElement = HTMLElement>(id: string): T {
  return document.getElementById(id) as T;
}

/** Makes an element with properties and children. */
export function make<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  properties: Partial<HTMLElementTagNameMap[Tag]> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
}

/** Makes a bar that is filled to a fraction. */
export function bar(fraction: number): HTMLElement {
  const filled = make('i');
  filled.style.width = `${100 * Math.min(1, Math.max(0, fraction))}%`;
  const whole = make('span', {className: 'bar'}, filled);
  whole.setAttribute('aria-hidden', 'true');
  return whole;
}

/** Returns a probability in percent. */
export function percent(probability: number, decimals = 1): string {
  const smallest = 10 ** -decimals;
  const value = 100 * probability;
  return value < smallest / 2 ? `< ${smallest.toFixed(decimals)} %` : `${value.toFixed(decimals)} %`;
}

/** Returns the decimals with which a probability and smaller ones can be compared in percent. */
export function decimalsFor(probability: number): number {
  return Math.min(8, Math.max(1, 2 + Math.ceil(-Math.log10(100 * probability))));
}
