/** Turns what a user wrote as options into checked values: zod does the checking, this says it in one line. */
import {z} from 'zod';
import {CaptionerError} from './errors';

/**
 * Checks `value` against `schema` and fills in the defaults.
 *
 * @param where What the options belong to, for the message: `trainer`, `lstm decoder`.
 * @throws CaptionerError `options`, naming each option that is unknown or out of range.
 */
export function parseOptions<Out>(schema: z.ZodType<Out>, value: unknown, where: string): Out {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const complaints = result.error.issues.map((issue) => complaint(issue, value, schema));
  throw new CaptionerError('options', `${where}: ${complaints.join('; ')}`);
}

function complaint(issue: z.core.$ZodIssue, value: unknown, schema: z.ZodType): string {
  if (issue.code === 'unrecognized_keys') {
    const known = schema instanceof z.ZodObject ? `; known: ${Object.keys(schema.shape).join(', ')}` : '';
    return `unknown option ${issue.keys.map((key) => `\`${key}\``).join(', ')}${known}`;
  }
  const got = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const message = issue.message
    .replace(/^Invalid (input|option): expected /, 'expected ')
    .replace(/, received .*$/, '');
  return `\`${issue.path.join('.') || 'options'}\`: ${message}, got ${show(got)}`;
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON has no NaN, no infinity and no large integers; of functions and symbols it makes nothing.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return JSON.stringify(value) ?? typeof value;
}
