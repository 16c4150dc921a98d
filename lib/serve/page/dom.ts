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

/** Returns a probability in percent, with as many digits as can be read. */
export function percent(probability: number): string {
  const value = 100 * probability;
  if (value >= 99.95 && value < 100) return '> 99.9 %';
  if (value >= 10) return `${Number(value.toPrecision(3))} %`;
  if (value >= 0.001) return `${Number(value.toPrecision(2))} %`;
  return '< 0.001 %';
}
