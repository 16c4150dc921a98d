/**
 * Weights as Keras saves them (.h5), in both of its layouts: that of Keras 2, in which all published files are, and
 * Keras 3's `.weights.h5`. In neither do names say which layer a weight belongs to (they count the layers that a
 * process had made), so layers are matched by their order, as Keras does, and every tensor's shape is checked.
 */
import type {Dataset, Entity, File, Group} from 'h5wasm/node';
import {CaptionerError} from '../errors';
import {classCount, type Architecture} from './architecture';
import {depthOf, isConvolution, kernelShape, type Convolution, type Layer} from './layers';
import {transpose, type Published} from './fold-batch-norm';

type Part = 'kernel' | 'norm' | 'classes';
/** A layer of Keras that has weights: of a convolution of ours its kernel, or the batch norm behind it. */
interface KerasLayer {
  readonly part: Part;
  readonly of?: Convolution;
}

/**
 * @throws CaptionerError `weights` when the file is no such file, or of another architecture; `shape`, `dtype`.
 */
export async function kerasWeights(
  {name: architecture, layers, normScale}: Architecture,
  file: string,
): Promise<Published> {
  const fail = (message: string, cause?: unknown): never => {
    throw new CaptionerError('weights', `${file}: ${message}`, {cause});
  };
  const h5wasm = await import('h5wasm/node');
  const module = (await h5wasm.ready) as {activate_throwing_error_handler?: () => void};
  module.activate_throwing_error_handler?.(); // else it prints pages and goes on
  let opened: File | undefined;
  try {
    opened = new h5wasm.File(file, 'r');
    const order = kerasOrder(layers);
    const root = rootOf(opened);
    const keys = new Set(Object.keys(root.attrs));
    const found = keys.has('layer_names') || keys.has('layer_names0') ? keras2(root) : keras3(root, order);
    const count = order.length;
    if (found.length !== count && found.length !== count + 1)
      return fail(
        `expected the ${count} layers with weights of ${architecture}, or ${count + 1} with its classes, found ${found.length}`,
      );
    // Read at once, since the file is closed again: by our layer's name and part, its tensors in Keras's order.
    const tensors = new Map<string, Float32Array[]>();
    const all: KerasLayer[] = found.length > count ? [...order, {part: 'classes'}] : order;
    for (const [at, layer] of all.entries()) {
      const {name, datasets} = found[at]!;
      const expected = shapesOf(layer, normScale, layers);
      if (datasets.length !== expected.length)
        return fail(
          `${name}: expected ${expected.length} tensors of ${layer.of?.name ?? 'the classes'}, found ${datasets.length}`,
        );
      tensors.set(
        keyOf(layer.part, layer.of),
        datasets.map((dataset, k) => valuesOf(dataset, expected[k]!, `${file}: ${name}`)),
      );
    }
    return publishedOf(tensors, normScale);
  } catch (cause) {
    if (cause instanceof CaptionerError) throw cause;
    return fail('expected an HDF5 file that is whole, got something else', cause);
  } finally {
    opened?.close();
  }
}

const keyOf = (part: Part, of: Convolution | undefined): string => `${of?.name ?? ''} ${part}`;

function publishedOf(tensors: ReadonlyMap<string, Float32Array[]>, normScale: boolean): Published {
  return {
    kernel: (layer) => tensors.get(keyOf('kernel', layer))![0]!,
    norm: (layer) => {
      const all = tensors.get(keyOf('norm', layer))!;
      const [shift, mean, variance] = normScale ? all.slice(1) : all;
      return {...(normScale && {gamma: all[0]!}), beta: shift!, mean: mean!, variance: variance!};
    },
    classes: (depth) => {
      const [kernel, bias] = tensors.get(keyOf('classes', undefined)) ?? [];
      return kernel && {weight: transpose(kernel, depth, classCount), bias: bias!};
    },
  };
}

function shapesOf({part, of}: KerasLayer, normScale: boolean, layers: readonly Layer[]): number[][] {
  if (part === 'kernel') return [kernelShape(of!)];
  if (part === 'norm') return Array.from({length: normScale ? 4 : 3}, () => [of!.outputs]);
  return [[depthOf(layers), classCount], [classCount]];
}

/**
 * The order of Keras: layers further from the output come first, and of those equally far, the one that was made first. A
 * convolution of ours is three layers there: convolution, batch norm and activation.
 */
function kerasOrder(layers: readonly Layer[]): KerasLayer[] {
  const distances = new Map<string, number>();
  const placed: (KerasLayer & {distance: number})[] = [];
  for (const layer of [...layers].reverse()) {
    const nearest = distances.get(layer.name) ?? 0;
    const first = isConvolution(layer) ? nearest + 2 : nearest;
    if (isConvolution(layer))
      placed.unshift(
        {part: 'kernel', of: layer, distance: first},
        {part: 'norm', of: layer, distance: nearest + 1},
      );
    for (const name of [layer.from].flat())
      distances.set(name, Math.max(distances.get(name) ?? 0, first + 1));
  }
  return placed.sort((one, other) => other.distance - one.distance);
}

interface Found {
  readonly name: string;
  readonly datasets: readonly Dataset[];
}

/** A whole saved model has its weights one group deeper. */
function rootOf(file: File): Group {
  const inner = file.get('model_weights');
  return isGroup(inner) ? inner : file;
}

function keras2(root: Group): Found[] {
  return names(root, 'layer_names')
    .map((name): Found => {
      const group = root.get(name);
      const datasets = isGroup(group) ? names(group, 'weight_names').map((weight) => group.get(weight)) : [];
      return {name, datasets: datasets.filter(isDataset)};
    })
    .filter(({datasets}) => datasets.length > 0);
}

/** Here names are those of Keras's classes, counted in the order of the layers. */
function keras3(root: Group, order: readonly KerasLayer[]): Found[] {
  const counts = new Map<string, number>();
  const found: Found[] = [];
  for (const {part, of} of [...order, {part: 'classes', of: undefined} as const]) {
    const kind = {
      kernel: of?.kind === 'depthwise' ? 'depthwise_conv2d' : 'conv2d',
      norm: 'batch_normalization',
      classes: 'dense',
    }[part];
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const name = count === 0 ? kind : `${kind}_${count}`;
    const group = root.get(`layers/${name}/vars`);
    if (!isGroup(group)) continue;
    const keys = [...group.keys()].sort((one, other) => Number(one) - Number(other));
    found.push({name, datasets: keys.map((key) => group.get(key)).filter(isDataset)});
  }
  return found;
}

/** A list of names, which is cut into several attributes where it is long. */
function names(group: Group, attribute: string): string[] {
  const parts: unknown[] = [];
  if (group.attrs[attribute]) parts.push(group.attrs[attribute].value);
  for (let k = 0; group.attrs[`${attribute}${k}`]; k++) parts.push(group.attrs[`${attribute}${k}`]!.value);
  return parts.flat().map(String);
}

function valuesOf(dataset: Dataset, shape: readonly number[], where: string): Float32Array {
  const got = dataset.shape ?? [];
  if (got.join() !== shape.join())
    throw new CaptionerError('shape', `${where}: expected [${shape.join(', ')}], got [${got.join(', ')}]`);
  const {value} = dataset;
  if (!(value instanceof Float32Array))
    throw new CaptionerError('dtype', `${where}: expected float32, got ${JSON.stringify(dataset.dtype)}`);
  return value;
}

function isGroup(entity: Entity | null): entity is Group {
  return entity !== null && 'type' in entity && String(entity.type) === 'Group';
}

function isDataset(entity: Entity | null): entity is Dataset {
  return entity !== null && 'type' in entity && String(entity.type) === 'Dataset';
}
