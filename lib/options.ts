/** Validates options with zod and reports errors in one line. */
import {z} from 'zod';
import {CaptionerError} from './errors';
import {expectedOf, schemaAt} from './option-issues';
import {nearest, unknownOption} from './option-names';
import {quoteValue} from './quote-value';

/** Complaints about one value that are said; a file may have thousands. */
const complaintLimit = 8;

/**
 * Checks `value` against `schema` and fills in the defaults.
 *
 * @param where Owner of the options, for the message: `trainer`, `lstm decoder`.
 * @throws CaptionerError `options`, naming each option that is unknown or out of range.
 */
export function parseOptions<Out>(schema: z.ZodType<Out>, value: unknown, where: string): Out {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const {issues} = result.error;
  const complaints = issues.slice(0, complaintLimit).map((issue) => complaint(issue, value, where, schema));
  if (issues.length > complaintLimit) complaints.push(`and ${issues.length - complaintLimit} more`);
  throw new CaptionerError('options', `${where}: ${complaints.join('; ')}`);
}

/** Says in one line what is wrong with a value that a schema refused: where, what was expected, what came. */
export function firstComplaint(error: z.ZodError, value: unknown, schema: z.ZodType): string {
  return complaint(error.issues[0]!, value, 'file', schema);
}

function complaint(issue: z.core.$ZodIssue, value: unknown, where: string, schema: z.ZodType): string {
  if (issue.code === 'unrecognized_keys') {
    const owner = schemaAt(schema, issue.path);
    const names = owner instanceof z.ZodObject ? Object.keys(owner.shape) : [];
    const group = {owner: [where, ...issue.path].join('.'), names};
    return issue.keys
      .map((key) =>
        issue.path.length === 0
          ? unknownOption(key, [group])
          : `\`${issue.path.join('.')}\`: ${unknownOption(key, [group])}`,
      )
      .join('; ');
  }
  const got = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    value,
  );
  const near = issue.code === 'invalid_value' ? nearestOf(got, issue.values) : undefined;
  const hint = near === undefined ? '' : `; did you mean "${near}"?`;
  return `\`${issue.path.join('.') || 'options'}\`: expected ${expectedOf(issue, schema)}, got ${quoteValue(got)}${hint}`;
}

function nearestOf(got: unknown, values: readonly unknown[]): string | undefined {
  return typeof got === 'string' ? nearest(got, values.map(String)) : undefined;
}
