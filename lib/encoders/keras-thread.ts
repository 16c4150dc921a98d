/** The thread that reads one Keras file for keras-weights.ts. */
import {parentPort, workerData} from 'node:worker_threads';
import {CaptionerError, type ErrorCode} from '../errors';
import {readKerasFile, type KerasArchitecture} from './keras-file';

/** A request to the thread. */
export interface KerasQuestion {
  readonly architecture: KerasArchitecture;
  readonly file: string;
}

/** Tensors in Keras's order by `keyOf`, or the reason why there are none. */
export type KerasAnswer =
  | {readonly tensors: ReadonlyMap<string, Float32Array[]>; readonly error?: undefined}
  | {readonly tensors?: undefined; readonly error: {readonly code: ErrorCode; readonly message: string}};

async function main({architecture, file}: KerasQuestion): Promise<KerasAnswer> {
  try {
    return {tensors: await readKerasFile(architecture, file)};
  } catch (error) {
    if (!(error instanceof CaptionerError)) throw error;
    return {error: {code: error.code, message: error.message}};
  }
}

void main(workerData as KerasQuestion).then((answer) => parentPort!.postMessage(answer));
