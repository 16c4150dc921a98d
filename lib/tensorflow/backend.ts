/** Typed access to tfjs's backend and to its TensorFlow binding, limited to the functions used here. */
import {tf} from './tensorflow';

/** One attribute of a TensorFlow op; the functions in ops.ts build them. Hot code builds its attributes once. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

/** The type and shape of a tensor in a graph that is being written; see functions.h. */
export interface GraphOutput {
  readonly dtype: number;
  /** -1 for a size that is unknown, null for an unknown rank. */
  readonly shape: readonly number[] | null;
}

/** A tensor that the binding holds. */
export interface TensorInfo {
  readonly id: number;
  readonly dtype: number;
  readonly shape: number[];
}

/** Exports that set-up adds to tfjs's binding, see functions.h. */
export interface GraphBinding {
  graphBegin(): void;
  opDef(op: string): Buffer;
  graphOp(
    op: string,
    name: string,
    device: string,
    inputs: readonly (number | readonly number[])[],
    after: readonly string[],
    attributes: readonly (string | Uint8Array)[],
  ): readonly GraphOutput[];
  graphFunction(
    name: string,
    inputs: readonly number[],
    outputs: readonly number[],
    effects: readonly string[],
  ): void;
  graphEnd(): void;
  removeFunction(name: string): void;
}

export interface Binding extends Partial<GraphBinding> {
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
  createTensor(
    shape: readonly number[],
    type: number,
    values: Float32Array | Int32Array | Uint8Array,
  ): number;
  deleteTensor(id: number): void;
  isUsingGpuDevice(): boolean;
  tensorDataSync(id: number): Float32Array | Int32Array;
  executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): TensorInfo[];
}

/** Data of a tensor as tfjs knows it. */
export interface TensorData extends TensorInfo {
  /** Values that have not been handed to TensorFlow yet. */
  readonly values: Float32Array | Int32Array | Uint8Array | null;
}

export interface Backend {
  /** The native binding; while a compiled function is written, a stand-in that writes ops into its graph. */
  binding: Binding;
  readonly tensorMap: {set(id: object, info: object): void; get(id: object): TensorData};
  createOutputTensor(info: TensorInfo): tf.Tensor;
  incRef(id: object): void;
  getDTypeInteger(dtype: tf.DataType): number;
  getInputTensorIds(tensors: readonly tf.Tensor[]): number[];
  executeSingleOutput(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly tf.Tensor[],
  ): tf.Tensor;
  executeMultipleOutputs(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly tf.Tensor[],
    outputs: number,
  ): tf.Tensor[];
}

export const backend: Backend = tf.backend() as unknown as Backend;
export const binding: Binding = backend.binding;

/**
 * Wraps a native tensor in a tfjs tensor, which owns it from then on.
 *
 * @param native TensorFlow's number of the element type.
 * @param dtype The type that tfjs reports. A tensor of a type that tfjs lacks must not be read through tfjs.
 */
export function adopt(id: number, shape: readonly number[], native: number, dtype: tf.DataType): tf.Tensor {
  const dataId = {};
  backend.tensorMap.set(dataId, {shape, dtype: native, id, values: null, refCount: 1});
  return tf.engine().makeTensorFromTensorInfo({dataId, shape: [...shape], dtype});
}
