/** Numbers out of a weight file, checked against what the network that reads them expects. */
import {CaptionerError} from '../errors';
import {toFloat32, type TensorData} from '../files/safetensors';

/**
 * @param where The file's name, for messages.
 * @throws CaptionerError `weights` when there is no such tensor; `shape`, `dtype`.
 */
export function takeTensor(
  tensors: ReadonlyMap<string, TensorData>,
  name: string,
  shape: readonly number[],
  where: string,
): Float32Array {
  const tensor = tensors.get(name);
  if (tensor === undefined)
    throw new CaptionerError('weights', `${where}: expected a tensor "${name}", found none`);
  if (tensor.shape.join() !== shape.join())
    throw new CaptionerError(
      'shape',
      `${where}: expected "${name}" [${shape.join(', ')}], got [${tensor.shape.join(', ')}]`,
    );
  if (tensor.dtype !== 'F32')
    throw new CaptionerError('dtype', `${where}: expected "${name}" as F32, got ${tensor.dtype}`);
  return toFloat32(tensor);
}
