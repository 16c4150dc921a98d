/**
 * Reads Keras weight files (.h5). HDF5's library runs in a thread of its own for each file: what a damaged file does to it (an abort, memory
 * that it doesn't give back) ends with the thread, and a good file after it is read as ever.
 */
import {join} from 'node:path';
import {Worker} from 'node:worker_threads';
import {CaptionerError} from '../errors';
import {classCount, type Architecture} from './architecture';
import {transpose, type PublishedWeights} from './fold-batch-norm';
import {keyOf} from './keras-file';
import type {KerasAnswer, KerasQuestion} from './keras-thread';

/**
 * Reads all weights of a Keras file.
 *
 * @throws CaptionerError `weights` when the file isn't a Keras weight file or has another architecture; `shape`, `dtype`.
 */
export async function kerasWeights(architecture: Architecture, file: string): Promise<PublishedWeights> {
  const {name, layers, normScale} = architecture;
  const {tensors, error} = await answerOf({architecture: {name, layers, normScale}, file});
  if (error) throw new CaptionerError(error.code, error.message);
  return publishedOf(tensors, normScale);
}

function answerOf(question: KerasQuestion): Promise<KerasAnswer> {
  return new Promise((resolve) => {
    const failed = (cause?: Error): void => {
      const reason = cause ? ` (${cause.message.split('\n')[0]})` : '';
      const message = `${question.file}: expected a complete HDF5 file, got something else${reason}`;
      resolve({error: {code: 'weights', message}});
    };
    // HDF5 prints its own words about damage; with `stderr` they stay in the thread.
    const thread = new Worker(join(__dirname, 'keras-thread.js'), {
      workerData: question,
      stdout: true,
      stderr: true,
    });
    thread
      .once('message', (answer: KerasAnswer) => {
        resolve(answer);
        void thread.terminate();
      })
      .once('error', failed)
      .once('exit', () => failed());
  });
}

function publishedOf(tensors: ReadonlyMap<string, Float32Array[]>, normScale: boolean): PublishedWeights {
  return {
    kernel: (layer) => tensors.get(keyOf('kernel', layer))![0]!,
    norm: (layer) => {
      const all = tensors.get(keyOf('norm', layer))!;
      const [beta, mean, variance] = normScale ? all.slice(1) : all;
      return {...(normScale && {gamma: all[0]!}), beta: beta!, mean: mean!, variance: variance!};
    },
    classes: (depth) => {
      const [kernel, bias] = tensors.get(keyOf('classes', undefined)) ?? [];
      return kernel && {weight: transpose(kernel, depth, classCount), bias: bias!};
    },
  };
}
