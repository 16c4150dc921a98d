/**
 * The space that a sweep searches: ranges and choices by the name of an option, as JSON or in a module whose default export is such an
 * object. Loads no TensorFlow.
 */
import {extname} from 'node:path';
import {pathToFileURL} from 'node:url';
import {z} from 'zod';
import {decoderOptions} from '../decoders/decoder-options';
import {CaptionerError} from '../errors';
import {readTextChecked} from '../files/regular-file';
import type {OptionGroup} from '../option-group';
import {unknownOption} from '../option-names';
import {parseOptions} from '../options';
import {shortPath, userPath} from '../paths';
import {trainerOptions} from './trainer-options';

/** A range of numbers. */
export interface Range {
  readonly low: number;
  readonly high: number;
  /** Whether values are drawn evenly by their logarithm. */
  readonly log: boolean;
  /** Distance between values. */
  readonly step?: number | undefined;
  /** Whether values are integers. */
  readonly int: boolean;
}

const range: z.ZodType<Range> = z
  .strictObject({
    low: z.number(),
    high: z.number(),
    log: z.boolean().default(false),
    step: z.number().gt(0).optional(),
    int: z.boolean().default(false),
  })
  .refine(({low, high}) => low <= high, {path: ['high'], message: 'expected at least `low`'})
  .refine(({low, log}) => !log || low > 0, {path: ['low'], message: 'expected more than 0 with `log`'})
  .refine(({log, step}) => !log || step === undefined, {
    path: ['step'],
    message: 'expected none with `log`',
  })
  .refine(({int, low, high, step = 1}) => !int || [low, high, step].every(Number.isInteger), {
    path: ['low'],
    message: 'expected integers with `int`',
  });
const choices = z.array(z.union([z.string(), z.number(), z.boolean()])).min(1);
const schema = z.record(z.string(), z.unknown());

/** Values that an option may have: one of several, or in a range. */
export type Dimension = {readonly choices: readonly (string | number | boolean)[]} | Range;
/** Dimensions by the name of an option. */
export type SearchSpace = Readonly<Record<string, Dimension>>;

/**
 * Reads a space from a file: JSON, or a module (`.js`, `.mjs`, and `.ts` where Node runs it) whose default export is the same object.
 *
 * @throws CaptionerError `options` for an option that doesn't exist or values that it refuses; `not-found`
 */
export async function readSearchSpace(file: string): Promise<SearchSpace> {
  const path = userPath(file);
  const where = shortPath(path);
  const given = extname(path) === '.json' ? parseJson(path) : await defaultExport(path);
  const named = parseOptions(schema, given, where);
  const space = Object.fromEntries(
    Object.entries(named).map(([name, value]) => [name, dimension(value, `${where}: \`${name}\``)]),
  );
  if (Object.keys(space).length === 0)
    throw new CaptionerError('options', `${where}: expected options with ranges or choices, got none`);
  for (const [name, one] of Object.entries(space)) checkValues(name, one, where);
  return space;
}

function dimension(value: unknown, where: string): Dimension {
  if (Array.isArray(value)) return {choices: parseOptions(choices, value, where)};
  return parseOptions(range, value, where);
}

/** Every group in which an option may be; `decoder` is the kind of decoder. */
const groups: readonly OptionGroup[] = [trainerOptions, ...decoderOptions.values()];

function checkValues(name: string, one: Dimension, where: string): void {
  const values = 'choices' in one ? one.choices : [one.low, one.high];
  if (name === 'decoder') {
    const wrong = values.find((value) => !decoderOptions.has(String(value)));
    if (wrong === undefined) return;
    throw new CaptionerError(
      'options',
      `${where}: \`decoder\`: expected ${[...decoderOptions.keys()].join(', ')}, got ${wrong}`,
    );
  }
  const having = groups.filter(({names}) => names.includes(name));
  if (having.length === 0) throw new CaptionerError('options', `${where}: ${unknownOption(name, groups)}`);
  for (const value of values) {
    const refusals = having.flatMap(({schema}) => {
      const issues = schema.safeParse({[name]: value}).error?.issues ?? [];
      return issues.some(({path}) => path[0] === name) ? [schema] : [];
    });
    // An option of several decoders suits if one of them takes it.
    if (refusals.length === having.length) parseOptions(refusals[0]!, {[name]: value}, where);
  }
}

function parseJson(path: string): unknown {
  const text = readTextChecked(path, {code: 'options', largest: 1 << 20});
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CaptionerError('options', `${shortPath(path)}: expected JSON: ${(cause as Error).message}`, {
      cause,
    });
  }
}

async function defaultExport(path: string): Promise<unknown> {
  const where = shortPath(path);
  let module: {readonly default?: unknown};
  try {
    module = (await import(pathToFileURL(path).href)) as typeof module;
  } catch (cause) {
    const {code, message} = cause as NodeJS.ErrnoException;
    const old = code === 'ERR_UNKNOWN_FILE_EXTENSION';
    throw new CaptionerError(
      code === 'ERR_MODULE_NOT_FOUND' ? 'not-found' : 'options',
      old
        ? `${where}: expected JSON: Node ${process.versions.node} runs no TypeScript, Node 22.18 and later do`
        : `${where}: expected a module whose default export is a search space: ${message}`,
      {cause},
    );
  }
  // A module of CommonJS has what it exports as `default`.
  const {default: found} = module;
  return (found as {readonly default?: unknown} | undefined)?.default ?? found;
}
