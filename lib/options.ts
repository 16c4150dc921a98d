/** Validates options with zod and reports errors in one line. */
import {z} from 'zod';
import {CaptionerError} from './errors';
import {rangeOf} from './option-fields';
import {unknownOption} from './option-names';

/**
 * Checks `value` against `schema` and fills in the defaults.
 *
 * @param where Owner of the options, for the message: `trainer`, `lstm decoder`.
 * @throws CaptionerError `options`, naming each option that is unknown or out of range.
 */
export function parseOptions<Out>(schema: z.ZodType<Out>, value: unknown, where: string): Out {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const fields = schema instanceof z.ZodObject ? (schema.shape as Record<string, z.ZodType>) : {};
  const complaints = result.error.issues.map((issue) => complaint(issue, value, where, fields));
  throw new CaptionerError('options', `${where}: ${complaints.join('; ')}`);
}

function complaint(
  issue: z.core.$ZodIssue,
  value: unknown,
  where: string,
  fields: Readonly<Record<string, z.ZodType>>,
): string {
  if (issue.code === 'unrecognized_keys') {
    const names = Object.keys(fields);
    const unknown = (key: string): string =>
      issue.path.length === 0
        ? unknownOption(key, [{owner: where, names}])
        : `unknown option \`${[...issue.path, key].join('.')}\``;
    return issue.keys.map(unknown).join('; ');
  }
  const got = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  return `\`${issue.path.join('.') || 'options'}\`: ${expected(issue, fields)}, got ${show(got)}`;
}

/** The whole range, rather than the one limit that was passed. */
function expected(issue: z.core.$ZodIssue, fields: Readonly<Record<string, z.ZodType>>): string {
  const field = issue.path.length === 1 ? fields[String(issue.path[0])] : undefined;
  const range = field && issue.code !== 'custom' ? rangeOf(field) : undefined;
  if (range !== undefined) return `expected ${range}`;
  return issue.message
    .replace(/^Invalid (input|option): expected /, 'expected ')
    .replace(/, received .*$/, '');
}

function show(value: unknown): string {
  if (value === undefined) return 'nothing';
  // JSON has no NaN, no infinity and no large integers; of functions and symbols it makes nothing.
  if (typeof value === 'number' || typeof value === 'bigint') return String(value);
  return JSON.stringify(value) ?? typeof value;
}
