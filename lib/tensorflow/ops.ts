/**
 * Runs TensorFlow ops by name, where tfjs has no function or only a slower one. The gradient tape does not record these calls, so a
 * differentiable function wraps them in `tf.customGrad`.
 */
import {backend, binding, type Attribute} from './backend';
import type {tf} from './tensorflow';

export type {Attribute};

/** Element types by TensorFlow's names, including those that tfjs lacks. */
export type KernelType = 'float32' | 'int32' | 'int64' | 'bool' | 'string' | 'resource' | 'uint8';

/** Any tensor of tfjs; `int64` in casts.ts makes those of a type that tfjs lacks. */
export type KernelInput = tf.Tensor;

const types: Readonly<Record<KernelType, number>> = {
  float32: binding.TF_FLOAT,
  int32: binding.TF_INT32,
  int64: binding.TF_INT64,
  bool: binding.TF_BOOL,
  string: binding.TF_STRING,
  resource: binding.TF_RESOURCE,
  uint8: binding.TF_UINT8,
};

/** An element type. */
export function type(name: string, value: KernelType): Attribute {
  return {name, type: binding.TF_ATTR_TYPE, value: types[value]};
}

export function bool(name: string, value: boolean): Attribute {
  return {name, type: binding.TF_ATTR_BOOL, value};
}

/** An integer or a list of integers. */
export function int(name: string, value: number | readonly number[]): Attribute {
  return {name, type: binding.TF_ATTR_INT, value};
}

/** A float or a list of floats. */
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
 * Runs an op that has one output.
 *
 * @example const product = runOp('MatMul', [a, b], [bool('transpose_b', true), type('T', 'float32')]);
 * @returns The output. The caller disposes it, or the `tf.tidy` around the call.
 */
export function runOp<T extends tf.Tensor = tf.Tensor>(
  name: string,
  inputs: readonly KernelInput[],
  attributes: readonly Attribute[] = [],
): T {
  return backend.executeSingleOutput(name, attributes, inputs) as T;
}

/** Runs an op that has `outputs` outputs, or 0 if it is run for its effect. The caller disposes them. */
export function runOpMulti(
  name: string,
  inputs: readonly KernelInput[],
  attributes: readonly Attribute[],
  outputs: number,
): tf.Tensor[] {
  return backend.executeMultipleOutputs(name, attributes, inputs, outputs);
}
