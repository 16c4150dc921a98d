/**
 * Reads the tensors of Keras weight files (.h5) in both layouts: Keras 2, which all published files use, and Keras 3 (`.weights.h5`).
 * Layer names in these files depend on how many layers the saving process had created, so layers are matched by order, as Keras does, and
 * the shape of every tensor is checked. Runs in a thread of its own; see keras-weights.ts.
 */
import type {Dataset, Entity, File, Group} from 'h5wasm/node';
import {CaptionerError} from '../errors';
import {quoteValue} from '../quote-value';
import {classCount, type Architecture} from './architecture';
import {depthOf, isConvolution, kernelShape, type Convolution, type Layer} from './layers';

type Part = 'kernel' | 'norm' | 'classes';
/** A Keras layer with weights: the kernel of a convolution, the batch norm that follows it, or the classifier. */
interface KerasLayer {
  readonly part: Part;
  /** The convolution that the kernel or the batch norm belongs to. */
  readonly layer?: Convolution;
}

/** The parts of an architecture that matter for its Keras file. */
export type KerasArchitecture = Pick<Architecture, 'name' | 'layers' | 'normScale'>;

/** Key of the tensors of a part of a layer. */
export const keyOf = (part: Part, layer: Convolution | undefined): string => `${layer?.name ?? ''} ${part}`;

/**
 * Reads the tensors of a Keras file, in Keras's order, by `keyOf`.
 *
 * @throws CaptionerError `weights` when the file isn't a Keras weight file or has another architecture; `shape`, `dtype`.
 */
export async function readKerasFile(
  {name: architecture, layers, normScale}: KerasArchitecture,
  file: string,
): Promise<Map<string, Float32Array[]>> {
  const fail = (message: string, cause?: unknown): never => {
    throw new CaptionerError('weights', `${file}: ${message}`, {cause});
  };
  const h5wasm = await import('h5wasm/node');
  const module = (await h5wasm.ready) as {activate_throwing_error_handler?: () => void};
  module.activate_throwing_error_handler?.(); // without it, errors are printed at length and ignored
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
        `expected the ${count} layers with weights of ${architecture}, or ${count + 1} with the classifier, found ${found.length}`,
      );
    const tensors = new Map<string, Float32Array[]>();
    const all: KerasLayer[] = found.length > count ? [...order, {part: 'classes'}] : order;
    for (const [at, kerasLayer] of all.entries()) {
      const {part, layer} = kerasLayer;
      const {name, datasets} = found[at]!;
      const expected = shapesOf(kerasLayer, normScale, layers);
      if (datasets.length !== expected.length)
        return fail(
          `${name}: expected ${expected.length} tensors of ${layer?.name ?? 'the classifier'}, found ${datasets.length}`,
        );
      tensors.set(
        keyOf(part, layer),
        datasets.map((dataset, k) => valuesOf(dataset, expected[k]!, `${file}: ${name}`)),
      );
    }
    return tensors;
  } catch (cause) {
    if (cause instanceof CaptionerError) throw cause;
    return fail('expected a complete HDF5 file, got something else', cause);
  } finally {
    opened?.close();
  }
}

function shapesOf({part, layer}: KerasLayer, normScale: boolean, layers: readonly Layer[]): number[][] {
  if (part === 'kernel') return [kernelShape(layer!)];
  if (part === 'norm') return Array.from({length: normScale ? 4 : 3}, () => [layer!.outputs]);
  return [[depthOf(layers), classCount], [classCount]];
}

/**
 * Returns the layers in Keras's order: by decreasing distance from the output, then by creation. Each of our convolutions counts as
 * three Keras layers: convolution, batch norm and activation.
 */
function kerasOrder(layers: readonly Layer[]): KerasLayer[] {
  const distances = new Map<string, number>();
  const ordered: (KerasLayer & {distance: number})[] = [];
  for (const layer of [...layers].reverse()) {
    const nearest = distances.get(layer.name) ?? 0;
    const first = isConvolution(layer) ? nearest + 2 : nearest;
    if (isConvolution(layer))
      ordered.unshift({part: 'kernel', layer, distance: first}, {part: 'norm', layer, distance: nearest + 1});
    for (const name of [layer.from].flat())
      distances.set(name, Math.max(distances.get(name) ?? 0, first + 1));
  }
  return ordered.sort((a, b) => b.distance - a.distance);
}

interface Found {
  readonly name: string;
  readonly datasets: readonly Dataset[];
}

/** Returns the group with the layers: a complete saved model nests its weights one level deeper. */
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

/** Finds the layers of a Keras 3 file, which are named by their class and numbered in order: `conv2d`, `conv2d_1`, … */
function keras3(root: Group, order: readonly KerasLayer[]): Found[] {
  const counts = new Map<string, number>();
  const found: Found[] = [];
  for (const {part, layer} of [...order, {part: 'classes', layer: undefined} as const]) {
    const kind = {
      kernel: layer?.kind === 'depthwise' ? 'depthwise_conv2d' : 'conv2d',
      norm: 'batch_normalization',
      classes: 'dense',
    }[part];
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    const name = count === 0 ? kind : `${kind}_${count}`;
    const group = root.get(`layers/${name}/vars`);
    if (!isGroup(group)) continue;
    const keys = [...group.keys()].sort((a, b) => Number(a) - Number(b));
    found.push({name, datasets: keys.map((key) => group.get(key)).filter(isDataset)});
  }
  return found;
}

/** Reads a list of names. Keras splits a long list into several attributes: `layer_names0`, `layer_names1`, … */
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
    throw new CaptionerError('dtype', `${where}: expected float32, got ${quoteValue(dataset.dtype)}`);
  return value;
}

function isGroup(entity: Entity | null): entity is Group {
  return entity !== null && 'type' in entity && String(entity.type) === 'Group';
}

function isDataset(entity: Entity | null): entity is Dataset {
  return entity !== null && 'type' in entity && String(entity.type) === 'Dataset';
}
