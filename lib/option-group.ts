/**
 * Each group of options is defined once, as a zod object: checks, defaults and messages come from it, and so do `--help`, docs/options.md
 * and the interfaces of option-types.ts (`tools/options.mjs` writes the last two). Modules that define groups load neither TensorFlow nor
 * metrics, so that `--help` need not wait for them.
 */
import {z} from 'zod';
import type {NamedOptions} from './option-names';

/** A group of options with its schema. */
export interface OptionGroup<Settings = unknown> extends NamedOptions {
  /** Name of the interface in option-types.ts. */
  readonly type: string;
  /** Description of the interface. */
  readonly about: string;
  /** Name of the interface whose options this one has as well. */
  readonly extends?: string;
  /** Checks options and fills in defaults; see `parseOptions`. */
  readonly schema: z.ZodType<Settings>;
}

type Plain<Options> = {readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined>};
/** Exact equality of types; readonly, optional and undefined are ignored. */
type Same<One, Other> =
  (<T>() => T extends Plain<One> ? 1 : 2) extends <T>() => T extends Plain<Other> ? 1 : 2 ? true : false;

type Define<Options> = <Schema extends z.ZodObject>(
  schema: Schema,
  // Where the types differ, the compiler asks for an argument that does not exist.
  ...differs: Same<z.input<Schema>, Options> extends true ? [] : [runNodeToolsOptionsMjs: never]
) => OptionGroup<z.output<Schema>>;

/**
 * Defines a group. It compiles only if the schema accepts exactly `Options`, the interface that was generated from it; curried, so that the
 * schema's type is inferred while `Options` is given. See search-options.ts for examples.
 */
export function optionGroup<Options extends object>(
  group: Omit<OptionGroup, 'names' | 'schema'>,
): Define<Options> {
  const define = (schema: z.ZodObject): OptionGroup => ({...group, schema, names: Object.keys(schema.shape)});
  return define as unknown as Define<Options>;
}
