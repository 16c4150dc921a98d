/**
 * TensorFlow's own kernels, called by name: what tfjs has no function for, or only a slower one. A kernel called here
 * leaves no trace on the gradient tape, so a differentiable function wraps it in `tf.customGrad`.
 */
import {tf} from './native';

/** One attribute of a kernel; the builders below make them. Hot code makes its own once and keeps them. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

/** Element types by TensorFlow's names, also those that tfjs has no tensors of. */
export type KernelType = 'float32' | 'int32' | 'int64' | 'bool' | 'string' | 'resource' | 'uint8';

/** What a kernel takes: any tensor of tfjs; `int64` makes those of a type that tfjs lacks. */
export type KernelInput = tf.Tensor;

interface Binding {
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_BOOL: number;
  readonly TF_STRING: number;
  readonly TF_RESOURCE: number;
  readonly TF_UINT8: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  createTensor(shape: readonly number[], type: number, values: Int32Array): number;
}

interface Backend {
  readonly binding: Binding;
  readonly tensorMap: {set(id: object, info: object): void};
  executeSingleOutput(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly KernelInput[],
  ): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly KernelInput[],
    outputs: number,
  ): tf.Tensor[];
}

const backend = tf.backend() as unknown as Backend;
const {binding} = backend;

const types: Readonly<Record<KernelType, number>> = {
  float32: binding.TF_FLOAT,
  int32: binding.TF_INT32,
  int64: binding.TF_INT64,
  bool: binding.TF_BOOL,
  string: binding.TF_STRING,
  resource: binding.TF_RESOURCE,
  uint8: binding.TF_UINT8,
};

export function type(name: string, value: KernelType): Attribute {
  return {name, type: binding.TF_ATTR_TYPE, value: types[value]};
}

export function bool(name: string, value: boolean): Attribute {
  return {name, type: binding.TF_ATTR_BOOL, value};
}

/** An integer, or a list of them. */
export function int(name: string, value: number | readonly number[]): Attribute {
  return {name, type: binding.TF_ATTR_INT, value};
}

/** A float, or a list of them. */
export function float(name: string, value: number | readonly number[]): Attribute {
  return {name, type: binding.TF_ATTR_FLOAT, value};
}

export function text(name: string, value: string): Attribute {
  return {name, type: binding.TF_ATTR_STRING, value};
}

export function shape(name: string, value: readonly number[]): Attribute {
  return {name, type: binding.TF_ATTR_SHAPE, value};
}

/**
 * Runs a kernel that has one output.
 *
 * @example kernel('MatMul', [a, b], [bool('transpose_b', true), type('T', 'float32')])
 * @returns The output. The caller disposes it, or the `tf.tidy` around the call.
 */
export function kernel<T extends tf.Tensor = tf.Tensor>(
  name: string,
  inputs: readonly KernelInput[],
  attributes: readonly Attribute[] = [],
): T {
  return backend.executeSingleOutput(name, attributes, inputs) as T;
}

/** Runs a kernel that has `outputs` outputs; with 0 it is run for its effect. */
export function kernels(
  name: string,
  inputs: readonly KernelInput[],
  attributes: readonly Attribute[],
  outputs: number,
): tf.Tensor[] {
  return backend.executeMultipleOutputs(name, attributes, inputs, outputs);
}

/**
 * An int64 scalar, as some kernels want for a step or a length. tfjs-node's own `Int64Scalar` makes a new native tensor
 * at every use and never frees one; this is a tensor like others. It passes for int32 and must not be read.
 *
 * @returns The scalar. The caller disposes it.
 */
export function int64(value: number): tf.Scalar {
  if (!Number.isSafeInteger(value)) throw new RangeError(`Expected a safe integer for int64, got ${value}`);
  const bits = new Int32Array(new BigInt64Array([BigInt(value)]).buffer);
  const dataId = {};
  const id = binding.createTensor([], binding.TF_INT64, bits);
  backend.tensorMap.set(dataId, {shape: [], dtype: binding.TF_INT64, id, values: null, refCount: 1});
  return tf.engine().makeTensorFromTensorInfo({dataId, shape: [], dtype: 'int32'}) as tf.Scalar;
}
