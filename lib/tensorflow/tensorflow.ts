/** Native TensorFlow, the only backend. Every module that computes imports `tf` from here. */
import './tf-environment';
import * as tf from '@tensorflow/tfjs-node-gpu';
import {registerGather} from './gather';

registerGather(tf);

export {tf};

/** The device that TensorFlow computes on: a GPU if the installed wheel found one, else the CPU. */
export function device(): 'cpu' | 'gpu' {
  return (tf.backend() as unknown as {isUsingGpuDevice: boolean}).isUsingGpuDevice ? 'gpu' : 'cpu';
}
