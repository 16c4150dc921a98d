/**
 * A group of options stands once, as a zod object: checks, defaults and messages come from it, and so do `--help`,
 * docs/options.md and the interfaces of option-types.ts (`tools/options.mjs` writes these two).
 */
import {z} from 'zod';
import type {NamedOptions} from './option-names';

/** Modules that define groups load neither TensorFlow nor metrics, so that `--help` need not wait for them. */
export interface OptionGroup<Settings = unknown> extends NamedOptions {
  /** Name of the interface in option-types.ts, and its description there. */
  readonly type: string;
  readonly about: string;
  /** Name of the interface whose options this one has as well. */
  readonly extends?: string;
  /** Checks options and fills in defaults; see `parseOptions`. */
  readonly schema: z.ZodType<Settings>;
}

type Plain<Options> = {readonly [Name in keyof Options]-?: Exclude<Options[Name], undefined>};
type Same<One, Other> =
  (<T>() => T extends Plain<One> ? 1 : 2) extends <T>() => T extends Plain<Other> ? 1 : 2 ? true : false;

type Define<Options> = <Schema extends z.ZodObject>(
  schema: Schema,
  // An argument that nobody can give: where types differ, the compiler asks for it.
  ...differs: Same<z.input<Schema>, Options> extends true ? [] : [run: 'node tools/options.mjs']
) => OptionGroup<z.output<Schema>>;

/**
 * Compiles only where the schema accepts exactly `Options`, the interface that was generated from it.
 *
 * @example
 * interface Limits {
 *   readonly minimumLength?: number;
 * }
 * const schema = z.strictObject({minimumLength: z.int().default(0)});
 * const group = optionGroup<Limits>({owner: 'limits', type: 'Limits', about: 'Bounds of a caption.'})(schema);
 */
export function optionGroup<Options extends object>(
  group: Omit<OptionGroup, 'names' | 'schema'>,
): Define<Options> {
  const define = (schema: z.ZodObject): OptionGroup => ({...group, schema, names: Object.keys(schema.shape)});
  // The compiler can't follow that the argument which nobody can give does not come.
  return define as unknown as Define<Options>;
}
