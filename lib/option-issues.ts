/** Says in words what a value had to be where zod refused it; zod's own words never reach a user. */
import {z} from 'zod';
import {rangeOf} from './option-fields';

type Issue = z.core.$ZodIssue;

/**
 * Says what was expected: the whole range of the field where that can be said, rather than the one limit that was passed.
 *
 * @param schema Schema of the whole value.
 */
export function expectedOf(issue: Issue, schema: z.ZodType): string {
  const field = issue.code === 'custom' ? undefined : schemaAt(schema, issue.path);
  return (field && rangeOf(field)) ?? inWords(issue);
}

/** Returns the schema of a part of a value; undefined where it depends on the value. */
export function schemaAt(schema: z.ZodType, path: readonly PropertyKey[]): z.ZodType | undefined {
  const bare = unwrap(schema);
  const [key, ...rest] = path;
  if (key === undefined) return bare;
  const inner = partOf(bare, key);
  return inner && schemaAt(inner, rest);
}

function partOf(schema: z.ZodType, key: PropertyKey): z.ZodType | undefined {
  if (schema instanceof z.ZodObject) return (schema.shape as Record<PropertyKey, z.ZodType>)[key];
  if (schema instanceof z.ZodArray) return schema.element as z.ZodType;
  if (schema instanceof z.ZodTuple) return schema.def.items[Number(key)] as z.ZodType | undefined;
  if (schema instanceof z.ZodRecord) return schema.valueType as z.ZodType;
  return undefined;
}

/** Takes off what only adds a default, forbids a change or prepares the value. */
function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodDefault || schema instanceof z.ZodOptional || schema instanceof z.ZodReadonly)
    return unwrap(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) {
    const [input, output] = [schema.in as z.ZodType, schema.out as z.ZodType];
    return unwrap(input instanceof z.ZodTransform ? output : input);
  }
  return schema;
}

const kinds: Readonly<Record<string, string>> = {
  number: 'a number',
  int: 'an integer',
  string: 'a text',
  boolean: 'true or false',
  array: 'a list',
  tuple: 'a list',
  object: 'an object',
  record: 'an object',
  function: 'a function',
};

function inWords(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return kinds[issue.expected] ?? 'a value of another type';
    case 'invalid_value':
      return oneOf(issue.values.map((value) => JSON.stringify(value)));
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'too_small':
      return limited(issue.origin, issue.inclusive ? 'at least' : 'more than', Number(issue.minimum));
    case 'too_big':
      return limited(issue.origin, issue.inclusive ? 'at most' : 'less than', Number(issue.maximum));
    case 'invalid_union': {
      const words = issue.errors.flatMap((issues) => (issues[0] ? [inWords(issues[0])] : []));
      return oneOf([...new Set(words)]);
    }
    case 'custom':
      return issue.message.startsWith('expected ')
        ? issue.message.slice('expected '.length)
        : 'another value';
    default:
      return 'another value';
  }
}

function limited(origin: string, limit: string, value: number): string {
  const items = (thing: string): string => `${limit} ${value} ${thing}${value === 1 ? '' : 's'}`;
  if (origin === 'string') return `a text of ${items('character')}`;
  if (origin === 'array') return `a list of ${items('item')}`;
  return `a number of ${limit} ${value}`;
}

function oneOf(all: readonly string[]): string {
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)!}`;
}
