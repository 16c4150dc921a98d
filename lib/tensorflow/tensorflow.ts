/** Native TensorFlow, the only backend: everything in the library that computes imports `tf` from here. */
import './tf-environment';
import * as tf from '@tensorflow/tfjs-node-gpu';

export {tf};

/** What TensorFlow computes on: a GPU when the installed wheel found one, else the CPU. */
export function device(): 'cpu' | 'gpu' {
  return (tf.backend() as unknown as {isUsingGpuDevice: boolean}).isUsingGpuDevice ? 'gpu' : 'cpu';
}
