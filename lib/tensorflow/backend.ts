/** What lies beneath tfjs's tensors: its backend and the binding to TensorFlow, with the few functions of theirs that are used here. */
import {tf} from './tensorflow';

/** One attribute of a kernel; the builders below make them. Hot code makes its own once and keeps them. */
export interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: boolean | number | string | readonly number[];
}

export interface Binding {
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
  createTensor(shape: readonly number[], type: number, values: Int32Array | Uint8Array): number;
  deleteTensor(id: number): void;
  tensorDataSync(id: number): Float32Array | Int32Array;
  executeOp(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputs: number,
  ): {readonly id: number}[];
}

export interface Backend {
  readonly binding: Binding;
  readonly tensorMap: {set(id: object, info: object): void};
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
 * Makes a native tensor one of tfjs's, which disposes it from now on.
 *
 * @param dtype As tfjs shall see it; a tensor of a type that it lacks must not be read there.
 */
export function adopt(
  id: number,
  shape: readonly number[],
  native: number,
  dtype: 'float32' | 'int32',
): tf.Tensor {
  const dataId = {};
  backend.tensorMap.set(dataId, {shape, dtype: native, id, values: null, refCount: 1});
  return tf.engine().makeTensorFromTensorInfo({dataId, shape: [...shape], dtype});
}
