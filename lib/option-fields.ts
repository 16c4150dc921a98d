/** Reads from a zod object the documentation of its fields: type, range, default, description. */
import {z} from 'zod';

export interface OptionField {
  readonly name: string;
  /** The TypeScript type. */
  readonly type: string;
  /** Path of the module that declares the type, if it is not built in. */
  readonly from?: string | undefined;
  /** The range in words: `an integer from 1 to 100`; absent if the type says everything. */
  readonly range?: string | undefined;
  /** Smallest number allowed; absent if there is none. */
  readonly minimum?: number | undefined;
  /** Largest number allowed; absent if there is none. */
  readonly maximum?: number | undefined;
  /** Whether the value must be an integer. */
  readonly whole: boolean;
  /** The default; absent if the option has none. */
  readonly default?: unknown;
  /** Whether `suitedOptions` chooses another default for other data. */
  readonly suited: boolean;
  readonly description: string;
}

/** Additional properties of a field, set with `.meta()`. */
export interface FieldMeta {
  /** A type that zod can't name, and the module that declares it, relative to lib. */
  readonly type?: string;
  readonly from?: string;
  readonly suited?: boolean;
}

interface JsonSchema {
  readonly type?: string;
  readonly enum?: readonly unknown[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly exclusiveMinimum?: number;
  readonly exclusiveMaximum?: number;
  readonly multipleOf?: number;
  readonly default?: unknown;
  readonly description?: string;
  readonly option?: FieldMeta;
}

/** @param schema A zod object. */
export function fieldsOf(schema: z.ZodType): OptionField[] {
  const {properties = {}} = toJson(schema);
  return Object.entries(properties).map(([name, field]) => ({
    name,
    type: field.option?.type ?? typeOf(field),
    from: field.option?.from,
    range: rangeIn(field),
    minimum: field.minimum,
    maximum: field.maximum,
    whole: field.type === 'integer',
    ...('default' in field && {default: field.default}),
    suited: field.option?.suited ?? false,
    description: field.description ?? '',
  }));
}

/** Returns the range of a value in words; undefined if it takes more than a few. */
export function rangeOf(schema: z.ZodType): string | undefined {
  return rangeIn(toJson(schema));
}

/** Returns the first sentence, up to a semicolon and without citations. */
export function firstSentence(text: string): string {
  return text
    .replaceAll('`', '')
    .replace(/ \([^()]*\d{4}[^()]*\)/, '')
    .split(/;|\.(?= |$)/)[0]!;
}

function toJson(schema: z.ZodType): JsonSchema {
  return z.toJSONSchema(schema, {io: 'input', unrepresentable: 'any'}) as JsonSchema;
}

function typeOf({type, enum: values, items, properties}: JsonSchema): string {
  if (values) return values.map((value) => `'${String(value)}'`).join(' | ');
  if (items) return `readonly ${/^\w+$/.test(typeOf(items)) ? typeOf(items) : `(${typeOf(items)})`}[]`;
  if (properties)
    return `{${Object.entries(properties)
      .map(([name, field]) => `readonly ${name}: ${typeOf(field)}`)
      .join('; ')}}`;
  return type === 'integer' ? 'number' : (type ?? 'unknown');
}

function rangeIn(field: JsonSchema): string | undefined {
  if (field.enum) return inWords(field.enum.map((value) => JSON.stringify(value)));
  if (field.type === 'boolean') return 'true or false';
  if (field.type !== 'integer' && field.type !== 'number') return undefined;
  const kind = field.type === 'integer' ? 'an integer' : 'a number';
  const {exclusiveMinimum: above, exclusiveMaximum: below} = field;
  // Every integer lies between these.
  const low = field.minimum === Number.MIN_SAFE_INTEGER ? undefined : field.minimum;
  const high = field.maximum === Number.MAX_SAFE_INTEGER ? undefined : field.maximum;
  const start = above !== undefined ? `above ${above}` : low !== undefined ? `from ${low}` : '';
  const end =
    below !== undefined
      ? `${low === undefined ? '' : 'to '}below ${below}`
      : high !== undefined
        ? `${low === undefined ? 'up ' : ''}to ${high}`
        : low !== undefined
          ? 'up'
          : '';
  const limits = [start, end].filter(Boolean).join(start.startsWith('above') && end ? ' and ' : ' ');
  const multiple = field.multipleOf === undefined ? '' : `, a multiple of ${field.multipleOf}`;
  return [kind, limits].filter(Boolean).join(' ') + multiple;
}

function inWords(all: readonly string[]): string {
  return all.length < 2 ? all.join('') : `${all.slice(0, -1).join(', ')} or ${all.at(-1)!}`;
}
