/** Names of displays that work by radio buttons and a style sheet: two displays in a page must not share them. */
import {createHash} from 'node:crypto';

/** How often each content was shown. */
const shown = new Map<string, number>();

/** Returns a name of letters, digits and hyphens for a display, the same whenever a notebook runs in the same order. */
export function uniqueName(kind: string, content: string): string {
  const hash = createHash('sha256').update(content).digest('hex').slice(0, 8);
  const key = `${kind}-${hash}`;
  const count = (shown.get(key) ?? 0) + 1;
  shown.set(key, count);
  return count === 1 ? key : `${key}-${count}`;
}
