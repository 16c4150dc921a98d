/**
 * Compiles functions of tensors: each becomes one TensorFlow function, as `tf.function` makes them in Python, so that a call costs little
 * more than its ops, instead of 15 to 20 µs for each of them. See docs/compiled-functions.md.
 */
import {backend, type Attribute, type GraphBinding, type TensorInfo} from './backend';
import {disposeCaptured, isWriting, writeFunction, type Jit, type WrittenFunction} from './graph-writer';
import {bool, text} from './ops';
import {device, tf} from './tensorflow';

export interface CompiledOptions {
  /** Name in TensorFlow's messages. @default the name of the function */
  readonly name?: string;
  /** Number of TensorFlow functions that are kept, one for each set of shapes; the least recently used are freed. @default 64 */
  readonly keep?: number;
  /**
   * `xla` lets TensorFlow's compiler XLA turn each function into machine code at its first call, which takes many seconds for a training
   * step. All ops must be among those that XLA knows. Random numbers differ from those without it. @default none
   */
  readonly jit?: Jit;
}

/** A compiled function, called as the original is. */
export type Compiled<F> = F & {
  /** Number of TensorFlow functions that exist. */
  readonly size: number;
  /** Frees its TensorFlow functions. */
  dispose(): void;
};

interface Entry extends WrittenFunction {
  readonly name: string;
  /** The result, with other tensors in place of its own. */
  readonly template: unknown;
  readonly jit: Jit;
}

/**
 * On a CPU the ops of a function run one after the other, each on all cores. That costs less per op, and the order is the same in each
 * run: `AddN` adds in the order in which buffers become free. A GPU runs its ops in order anyway, and gets no `AddN`.
 */
const callAttributes: Readonly<Record<Jit, readonly Attribute[]>> = {
  none: device() === 'cpu' ? [text('executor_type', 'SINGLE_THREADED_EXECUTOR')] : [],
  xla: [bool('_XlaMustCompile', true)],
};

/** Number of TensorFlow functions written; makes their names unique. */
let written = 0;

/**
 * Whether functions are compiled. Without set-up's exports of the binding, or with `CAPTIONER_EAGER=1`, compiled functions are called op by
 * op, which gives the same results but for rounding.
 */
export function compiles(): boolean {
  return backend.binding.graphBegin !== undefined && process.env['CAPTIONER_EAGER'] !== '1';
}

/**
 * Compiles a pure function of tensors. It is written anew for other shapes or types of its tensors and for other values of everything
 * else, which is baked in.
 *
 * @param fn Takes tensors, numbers, strings and Booleans, also inside arrays and plain objects, and returns the same. It must not read
 *   tensors. Variables that it uses from outside are read at every call; other tensors from outside are kept as they are.
 * @returns A function with the same parameters and results. Under a gradient tape, and while another function is written, it is `fn`.
 * @throws Error that names the op which can't be compiled.
 * @example
 * const distance = compiled((a: tf.Tensor, b: tf.Tensor) => tf.norm(tf.sub(a, b)));
 * distance(tf.ones([3]), tf.zeros([3])).print();
 */
export function compiled<Parameters extends readonly unknown[], Result>(
  fn: (...inputs: Parameters) => Result,
  {name = fn.name || 'compiled', keep = 64, jit = 'none'}: CompiledOptions = {},
): Compiled<(...inputs: Parameters) => Result> {
  const entries = new Map<string, Entry>();
  const free = (key: string, {name, captured}: Entry): void => {
    entries.delete(key);
    (backend.binding as unknown as GraphBinding).removeFunction(name);
    disposeCaptured(captured);
  };
  const entryOf = (key: string, inputs: Parameters, tensors: readonly tf.Tensor[]): Entry => {
    const known = entries.get(key);
    if (known?.captured.some(({isDisposed}) => isDisposed)) free(key, known);
    const entry = entries.get(key) ?? writeEntry({label: name, jit}, fn, inputs, tensors);
    entries.delete(key);
    entries.set(key, entry); // the last is the most recently used
    if (entries.size > keep) free(...(entries.entries().next().value as [string, Entry]));
    return entry;
  };
  const call = (...inputs: Parameters): Result => {
    if (!compiles() || isWriting() || tf.engine().isTapeOn()) return fn(...inputs);
    const tensors: tf.Tensor[] = [];
    const key = keyOf(inputs, tensors);
    return run(entryOf(key, inputs, tensors), tensors) as Result;
  };
  return Object.defineProperties(call, {
    size: {get: () => entries.size},
    dispose: {value: () => [...entries].forEach(([key, entry]) => free(key, entry))},
  }) as Compiled<typeof call>;
}

const owned = new WeakMap<object, Map<string, Compiled<unknown>>>();

/** Objects by number, so that a name can contain them. */
const numbers = new WeakMap<object, number>();
let numbered = 0;

function numberOf(object: object): number {
  const number = numbers.get(object) ?? ++numbered;
  numbers.set(object, number);
  return number;
}

/**
 * Returns the compiled function of that name which belongs to an object; the first call makes it.
 *
 * @param owner Object that the function uses; when it is disposed, it calls `disposeFunctions`.
 * @param fn Must not depend on anything but its parameters and these objects: later calls get the function made by the first.
 * @param others Further objects that the function uses.
 * @param jit See `CompiledOptions`.
 */
export function functionOf<Parameters extends readonly unknown[], Result>(
  owner: object,
  label: string,
  fn: (...inputs: Parameters) => Result,
  others: readonly object[] = [],
  jit: Jit = 'none',
): Compiled<(...inputs: Parameters) => Result> {
  const all = owned.get(owner) ?? new Map<string, Compiled<unknown>>();
  owned.set(owner, all);
  const name = [label, ...(jit === 'none' ? [] : [jit]), ...others.map(numberOf)].join(' ');
  const made =
    (all.get(name) as ReturnType<typeof compiled<Parameters, Result>> | undefined) ??
    compiled(fn, {name, jit});
  all.set(name, made);
  return made;
}

/** Frees the functions that belong to an object. */
export function disposeFunctions(owner: object): void {
  for (const made of owned.get(owner)?.values() ?? []) made.dispose();
  owned.delete(owner);
}

function writeEntry<Parameters extends readonly unknown[]>(
  {label, jit}: {readonly label: string; readonly jit: Jit},
  fn: (...inputs: Parameters) => unknown,
  inputs: Parameters,
  tensors: readonly tf.Tensor[],
): Entry {
  const name = `${label.replace(/\W+/g, '_')}_${written++}`;
  let template: unknown;
  const write = (given: readonly tf.Tensor[]): tf.Tensor[] => {
    template = fn(...(replaceTensors(inputs, given) as Parameters));
    const results: tf.Tensor[] = [];
    keyOf(template, results);
    return results;
  };
  return {...writeFunction(name, tensors, write, jit), name, template, jit};
}

function run({name, captured, results, pure, template, jit}: Entry, tensors: readonly tf.Tensor[]): unknown {
  const ids = backend.getInputTensorIds([...tensors, ...captured]);
  const count = results.reduce((sum, {output}) => sum + (output === undefined ? 0 : 1), 0);
  const outputs = execute(name, ids, count, {pure, jit});
  return replaceTensors(
    template,
    results.map(({output, input}) =>
      output === undefined ? tf.clone(tensors[input!]!) : backend.createOutputTensor(outputs[output]!),
    ),
  );
}

function execute(
  name: string,
  ids: readonly number[],
  count: number,
  {pure, jit}: Pick<Entry, 'pure' | 'jit'>,
): TensorInfo[] {
  const {binding} = backend;
  const attributes = callAttributes[jit];
  try {
    return binding.executeOp(name, attributes, ids, count);
  } catch (error) {
    // The executor of the CPU doesn't say which op failed, the other one does.
    if (pure && jit === 'none' && attributes.length > 0)
      for (const {id} of binding.executeOp(name, [], ids, count)) binding.deleteTensor(id);
    throw error;
  }
}

/**
 * Describes a value: of tensors the type and shape, of everything else the value.
 *
 * @param tensors Gets the value's tensors.
 * @throws TypeError for values of other kinds, such as maps and functions.
 */
function keyOf(value: unknown, tensors: tf.Tensor[]): string {
  if (isTensor(value)) {
    tensors.push(value);
    return `${backend.tensorMap.get(value.dataId).dtype}[${value.shape.join()}]`;
  }
  if (Array.isArray(value)) return `(${value.map((one) => keyOf(one, tensors)).join(' ')})`;
  if (isPlainObject(value))
    return `{${Object.entries(value)
      .map(([name, one]) => `${JSON.stringify(name)}:${keyOf(one, tensors)}`)
      .join(' ')}}`;
  if (typeof value === 'string') return JSON.stringify(value);
  if (Object.is(value, -0)) return '-0';
  if (value === null || ['undefined', 'number', 'boolean'].includes(typeof value)) return String(value);
  throw new TypeError(
    `compiled: expected tensors, numbers, strings and Booleans, also inside arrays and plain objects, got ${typeof value === 'object' ? value.constructor.name : typeof value}`,
  );
}

/** A copy of a value with other tensors, in the order of `keyOf`. */
function replaceTensors(value: unknown, tensors: readonly tf.Tensor[]): unknown {
  let next = 0;
  const copy = (one: unknown): unknown => {
    if (isTensor(one)) return tensors[next++];
    if (Array.isArray(one)) return one.map(copy);
    if (isPlainObject(one))
      return Object.fromEntries(Object.entries(one).map(([name, part]) => [name, copy(part)]));
    return one;
  };
  return copy(value);
}

function isTensor(value: unknown): value is tf.Tensor {
  return value instanceof tf.Tensor;
}

function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype;
}
