/**
 * Replaces tfjs-node's kernel of `tf.gather`, which reads all indices back to check them. On a GPU that stops the queue, and while a
 * compiled function is written there is nothing to read. On a CPU TensorFlow checks the indices itself; on a GPU it gives zeros for an index
 * outside, so whoever takes indices from outside checks them first.
 */
import type * as tfjs from '@tensorflow/tfjs-node-gpu';

const [name, backendName] = ['GatherV2', 'tensorflow'] as const;

interface Attribute {
  readonly name: string;
  readonly type: number;
  readonly value: number;
}

/** The part of tfjs-node's backend that the kernel uses. */
interface NodeBackend {
  readonly binding: Readonly<Record<'TF_ATTR_TYPE' | 'TF_ATTR_INT' | 'TF_INT32', number>>;
  getDTypeInteger(dtype: tfjs.DataType): number;
  executeSingleOutput(op: string, attributes: Attribute[], inputs: tfjs.Tensor[]): tfjs.Tensor;
}

/** Registers the kernel in place of tfjs-node's. */
export function registerGather(tf: typeof tfjs): void {
  const kernel = tf.getKernel(name, backendName);
  tf.unregisterKernel(name, backendName);
  tf.registerKernel({
    ...kernel,
    kernelFunc: ({inputs, attrs, backend: any}) => {
      const backend = any as unknown as NodeBackend;
      const {x, indices} = inputs as Readonly<Record<'x' | 'indices', tfjs.Tensor>>;
      const {axis, batchDims} = attrs as Readonly<Record<'axis' | 'batchDims', number>>;
      tf.backend_util.segment_util.collectGatherOpShapeInfo(x, indices, axis, batchDims);
      const {binding} = backend;
      const type = (name: string, value: number): Attribute => ({name, type: binding.TF_ATTR_TYPE, value});
      const at = tf.scalar(axis, 'int32');
      const attributes = [
        {name: 'batch_dims', type: binding.TF_ATTR_INT, value: batchDims},
        type('Tparams', backend.getDTypeInteger(x.dtype)),
        type('Tindices', binding.TF_INT32),
        type('Taxis', binding.TF_INT32),
      ];
      const found = backend.executeSingleOutput(name, attributes, [x, indices, at]);
      at.dispose();
      return found;
    },
  });
}
