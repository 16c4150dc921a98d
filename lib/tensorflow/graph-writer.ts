/**
 * Writes what a function of tensors does into a TensorFlow function. tfjs hands every op to its binding; meanwhile a stand-in takes the
 * binding's place, which runs nothing, but adds a node to a graph and returns the shape that TensorFlow infers.
 */
import {
  adopt,
  backend,
  binding as native,
  type Attribute,
  type Binding,
  type GraphBinding,
  type TensorInfo,
} from './backend';
import {cluster} from './cluster';
import {Graph, type NodeOptions, type NodeOutput} from './graph';
import {shapeValue, tensorValue, typeValue, type NodeAttribute} from './graph-def';
import {device, tf} from './tensorflow';
import {VariableOrder} from './variable-order';

/** A TensorFlow function that was written. */
export interface WrittenFunction {
  /** Inputs that follow the function's own: variables, whose value is that at the time of a call, and other tensors from outside. */
  readonly captured: readonly tf.Tensor[];
  /** For each result the output that it is, or the input that was returned as it is. */
  readonly results: readonly {readonly output?: number; readonly input?: number}[];
  /** Whether it has no effect. */
  readonly pure: boolean;
}

/** Compiler that turns a function into machine code. */
export type Jit = 'none' | 'xla';

/** The compiler of the function that is being written. */
let open: Jit | undefined;

/** Whether a function is being written. */
export function isWriting(): boolean {
  return open !== undefined;
}

/** Whether a function is being written that XLA will compile, which lacks TensorFlow's fused ops. */
export function isWritingForXla(): boolean {
  return open === 'xla';
}

/**
 * Runs work for real while a function is being written, such as a test of what the processor can do.
 *
 * @param work Must not use tensors of the function.
 */
export function outsideOfGraph<T>(work: () => T): T {
  const {binding} = backend;
  const getInputTensorIds = Object.getOwnPropertyDescriptor(backend, 'getInputTensorIds');
  const jit = open;
  if (jit === undefined || getInputTensorIds === undefined) return work();
  backend.binding = native;
  Reflect.deleteProperty(backend, 'getInputTensorIds');
  open = undefined;
  try {
    return work();
  } finally {
    backend.binding = binding;
    Object.defineProperty(backend, 'getInputTensorIds', getInputTensorIds);
    open = jit;
  }
}

/**
 * Writes a function and adds it to TensorFlow's.
 *
 * @param name The function's name, unique in the process.
 * @param inputs Tensors of the types and shapes that the function takes; only those are looked at.
 * @param fn A pure function of tensors; writing TensorFlow's variables is the only effect that it may have. It is called once.
 * @returns The caller disposes `captured`, but for variables.
 * @throws Error that names the op which reads a number on the host, or whose shape depends on numbers, or that TensorFlow refuses.
 */
export function writeFunction(
  name: string,
  inputs: readonly tf.Tensor[],
  fn: (inputs: readonly tf.Tensor[]) => readonly tf.Tensor[],
  jit: Jit = 'none',
): WrittenFunction {
  const writer = new GraphWriter(name, jit);
  try {
    return writer.write(inputs, fn);
  } finally {
    writer.close();
  }
}

class GraphWriter {
  readonly #real = backend.binding as Binding & GraphBinding;
  readonly #graph: Graph;
  /** Nodes by the tensor's id. Ids are below -1: tfjs deletes none below 0, and -1 means that there is no native tensor. */
  readonly #outputs = new Map<number, NodeOutput>();
  readonly #parameters: number[] = [];
  readonly #captured: tf.Tensor[] = [];
  /** Ids of tensors from outside by their data. */
  readonly #outside = new Map<object, number>();
  readonly #variables = new Map<object, tf.Variable>();
  readonly #order = new VariableOrder();
  #done = false;

  constructor(name: string, jit: Jit) {
    for (const variable of Object.values(tf.engine().state.registeredVariables)) {
      // Two variables may share data; which of the two an alias belongs to could not be told.
      if (this.#variables.has(variable.dataId)) unshare(variable);
      this.#variables.set(variable.dataId, variable);
    }
    this.#graph = new Graph(this.#real, name);
    open = jit;
    backend.binding = Object.create(this.#real, {
      executeOp: {value: this.#executeOp},
      createTensor: {value: this.#constant},
      tensorDataSync: {value: this.#refuseRead},
    }) as Binding;
    backend.getInputTensorIds = (tensors) => tensors.map((tensor) => this.#idOf(tensor));
  }

  write(
    inputs: readonly tf.Tensor[],
    fn: (inputs: readonly tf.Tensor[]) => readonly tf.Tensor[],
  ): WrittenFunction {
    return tf.tidy(() => {
      const given = inputs.map((tensor) => this.#parameter(tensor));
      const places = new Map<object, number>(given.map(({dataId}, at) => [dataId, at]));
      const outputs: number[] = [];
      const results = fn(given).map((result) => {
        const input = places.get(result.dataId);
        if (input !== undefined) return {input};
        const id = this.#idOf(result);
        const {ref, dtype} = this.#outputs.get(id)!;
        // An output may not be an input itself.
        const [output] = this.#graph.add('Identity', [ref], [['T', typeValue(dtype)]]);
        outputs.push(output!.ref);
        return {output: outputs.length - 1};
      });
      const {effects} = this.#order;
      this.#graph.finish(this.#parameters, outputs, effects);
      this.#done = true;
      return {captured: this.#captured, results, pure: effects.length === 0} as never;
    });
  }

  close(): void {
    open = undefined;
    backend.binding = this.#real;
    Reflect.deleteProperty(backend, 'getInputTensorIds');
    this.#graph.close();
    if (!this.#done) disposeCaptured(this.#captured);
  }

  /** A tensor that stands for an input. */
  #parameter(tensor: tf.Tensor): tf.Tensor {
    const {dtype} = backend.tensorMap.get(tensor.dataId);
    const {id} = this.#placeholder(tensor);
    if (dtype === this.#real.TF_RESOURCE) this.#order.add(id, tensor);
    return adopt(id, tensor.shape, dtype, tensor.dtype);
  }

  #placeholder(tensor: tf.Tensor): TensorInfo {
    const {dtype} = backend.tensorMap.get(tensor.dataId);
    const attributes = [
      ['dtype', typeValue(dtype)],
      ['shape', shapeValue(tensor.shape)],
    ] as const;
    const [info] = this.#add('Placeholder', [], attributes);
    this.#parameters.push(this.#outputs.get(info!.id)!.ref);
    return info!;
  }

  #idOf(tensor: tf.Tensor): number {
    const {dataId} = tensor;
    const {id, values, dtype, shape} = backend.tensorMap.get(dataId);
    // The data of a tensor whose values wait in JavaScript keeps them, since it may outlive the graph.
    if (values === null && this.#outputs.has(id)) return id;
    let known = this.#outside.get(dataId);
    if (known === undefined) {
      const variable = this.#variables.get(dataId);
      known =
        variable === undefined && values !== null
          ? this.#constant(shape, dtype, values)
          : this.#capture(variable ?? heldClone(tensor));
      this.#outside.set(dataId, known);
    }
    return known;
  }

  #capture(tensor: tf.Tensor): number {
    this.#captured.push(tensor);
    const {id, dtype} = this.#placeholder(tensor);
    if (dtype === this.#real.TF_RESOURCE) this.#order.add(id, tensor);
    return id;
  }

  readonly #constant = (
    shape: readonly number[],
    dtype: number,
    values: Float32Array | Int32Array | Uint8Array,
  ): number => {
    const attributes = [
      ['dtype', typeValue(dtype)],
      ['value', tensorValue(dtype, shape, values)],
    ] as const;
    return this.#add('Const', [], attributes)[0]!.id;
  };

  readonly #refuseRead = (id: number): never => {
    const op = this.#outputs.get(id)?.op;
    const what =
      op === undefined ? 'a tensor from outside' : op === 'Placeholder' ? 'an input' : `the output of ${op}`;
    throw new Error(
      `${this.#graph.name}: ${what} was read on the host while the function was compiled, when it has no value; return it, or pass it in as a number`,
    );
  };

  readonly #executeOp = (
    op: string,
    attributes: readonly Attribute[],
    ids: readonly number[],
  ): TensorInfo[] => {
    const inputs = ids.map((id) => this.#outputs.get(id)!);
    if (op === 'AddN' && device() === 'gpu') return this.#sum(inputs, attributes);
    const node = this.#graph.nodeName(op);
    const refs = inputs.map(({ref}) => ref);
    const after = this.#order.access(op, node, ids);
    const place = this.#onlyIntegers(attributes) ? `${cluster().task}/device:CPU:0` : '';
    if (op !== 'ReadVariableOp') return this.#add(op, refs, attributes, {node, after, device: place});
    // TensorFlow doesn't know the shape of a variable, but the variable does.
    const info = shapeOfVariable(this.#real, this.#order.handle(ids[0]!), attributes);
    const [value] = this.#graph.add(op, refs, attributes, {node, after, device: place});
    const known = [
      ['T', typeValue(value!.dtype)],
      ['shape', shapeValue(info.shape)],
    ] as const;
    return this.#add('EnsureShape', [value!.ref], known);
  };

  /** Adds one by one: `AddN` would add in the order in which buffers become free, not the same in each run. */
  #sum([first, ...others]: readonly NodeOutput[], attributes: readonly Attribute[]): TensorInfo[] {
    const type = attributes.filter(({name}) => name === 'T');
    const add = (sum: NodeOutput, term: NodeOutput): NodeOutput =>
      this.#graph.add('AddV2', [sum.ref, term.ref], type)[0]!;
    return this.#add('Identity', [others.reduce(add, first!).ref], type);
  }

  /** Whether an op computes with integers alone. On a GPU most of these read host memory: there they would copy to and fro. */
  #onlyIntegers(attributes: readonly Attribute[]): boolean {
    const {TF_INT32, TF_INT64, TF_ATTR_TYPE} = this.#real;
    const types = attributes.filter(({type}) => type === TF_ATTR_TYPE).map(({value}) => value);
    return types.length > 0 && types.every((type) => type === TF_INT32 || type === TF_INT64);
  }

  /** Adds a node whose shapes TensorFlow can infer. */
  #add(
    op: string,
    inputs: readonly number[],
    attributes: readonly NodeAttribute[],
    options: NodeOptions = {},
  ): TensorInfo[] {
    return this.#graph.add(op, inputs, attributes, options).map((output) => {
      const {dtype, shape} = output;
      if (shape === null || shape.includes(-1))
        throw new Error(
          `${this.#graph.name}: the shape of the output of ${op} depends on numbers, so it can't be compiled`,
        );
      const id = -2 - this.#outputs.size;
      this.#outputs.set(id, output);
      return {id, dtype, shape: [...shape]};
    });
  }
}

/** Frees what a function captured; variables belong to others. */
export function disposeCaptured(captured: readonly tf.Tensor[]): void {
  for (const tensor of captured) if (!(tensor instanceof tf.Variable)) tensor.dispose();
}

/** A tensor with the same data that lives until it is disposed. */
function heldClone({dataId, shape, dtype}: tf.Tensor): tf.Tensor {
  backend.incRef(dataId);
  return tf.keep(tf.engine().makeTensorFromTensorInfo({dataId, shape, dtype}));
}

/** Gives a variable data of its own. */
function unshare(variable: tf.Variable): void {
  tf.tidy(() => {
    const type = {
      name: 'T',
      type: backend.binding.TF_ATTR_TYPE,
      value: backend.getDTypeInteger(variable.dtype),
    };
    variable.assign(backend.executeSingleOutput('Identity', [type], [variable]));
  });
}

function shapeOfVariable(binding: Binding, handle: tf.Tensor, attributes: readonly Attribute[]): TensorInfo {
  const {id} = backend.tensorMap.get(handle.dataId);
  const [info] = binding.executeOp('ReadVariableOp', attributes, [id], 1);
  binding.deleteTensor(info!.id);
  return info!;
}
