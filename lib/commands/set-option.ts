/** Reads `--set KEY=VALUE`. */
import {CaptionerError} from '../errors';

/** Converts text that is a number, true, false or a JSON list; the options' schema checks the value. */
export function collectOption(text: string, before: Record<string, unknown> = {}): Record<string, unknown> {
  const [, key, value] = /^(\w+)=(.+)$/s.exec(text) ?? [];
  if (key === undefined || value === undefined)
    throw new CaptionerError('options', `Expected --set KEY=VALUE, got ${text}`);
  return {...before, [key]: plain(value)};
}

function plain(text: string): unknown {
  if (text === 'true' || text === 'false') return text === 'true';
  if (text.startsWith('['))
    try {
      return JSON.parse(text);
    } catch (cause) {
      throw new CaptionerError('options', `Expected a list as JSON, such as ["dog"], got ${text}`, {cause});
    }
  const number = text.trim() === '' ? NaN : Number(text);
  return Number.isNaN(number) ? text : number;
}
