/**
 * Conversions to and from element types that tfjs lacks: uint8, float16 and int64. TensorFlow converts on all cores, in a tenth of
 * the time that JavaScript would take.
 */
import {adopt, backend, binding, type Attribute} from './backend';
import {tf} from './tensorflow';

/** TensorFlow's numbers for float16 (DT_HALF) and bfloat16, for which the binding has no constants. */
const float16 = 19;
const bfloat16 = 14;
const {TF_FLOAT: float32, TF_INT32: int32, TF_UINT8: uint8, TF_INT64: int64Type} = binding;

const typeAttribute = (name: string, value: number): Attribute => ({
  name,
  type: binding.TF_ATTR_TYPE,
  value,
});
const cast = (from: number, to: number): Step => [
  'Cast',
  [
    typeAttribute('SrcT', from),
    typeAttribute('DstT', to),
    {name: 'Truncate', type: binding.TF_ATTR_BOOL, value: false},
  ],
];
const bitcast = (from: number, to: number): Step => [
  'Bitcast',
  [typeAttribute('T', from), typeAttribute('type', to)],
];
type Step = readonly [op: string, attributes: readonly Attribute[]];

/** Runs ops in sequence and frees the native tensors in between. */
function chain(first: number, ...steps: readonly Step[]): number {
  return steps.reduce((before, [name, attributes]) => {
    try {
      return backend.binding.executeOp(name, attributes, [before], 1)[0]!.id;
    } finally {
      binding.deleteTensor(before);
    }
  }, first);
}

/**
 * Converts bytes to numbers from 0 to 255.
 *
 * @returns float32 of `shape`. The caller disposes it.
 */
export function fromBytes<R extends tf.Rank>(bytes: Uint8Array, shape: tf.ShapeMap[R]): tf.Tensor<R> {
  const id = chain(binding.createTensor(shape, uint8, bytes), cast(uint8, float32));
  return adopt(id, shape, float32, 'float32') as tf.Tensor<R>;
}

/**
 * Converts float16 numbers, as features are stored, to float32.
 *
 * @param halves The bits of the numbers.
 * @returns float32 of `shape`. The caller disposes it.
 */
export function fromFloat16<R extends tf.Rank>(halves: Uint16Array, shape: tf.ShapeMap[R]): tf.Tensor<R> {
  const even = halves.length % 2 === 0 ? halves : Uint16Array.from([...halves, 0]);
  const pairs = new Int32Array(even.buffer, even.byteOffset, even.length / 2);
  const id = chain(
    binding.createTensor([pairs.length], int32, pairs),
    bitcast(int32, float16),
    cast(float16, float32),
  );
  return tf.tidy(() => {
    const all = adopt(id, [pairs.length, 2], float32, 'float32');
    if (even === halves) return tf.reshape(all, shape);
    return tf.reshape(tf.slice(tf.reshape(all, [even.length]), 0, halves.length), shape);
  });
}

/** Returns the bits of numbers rounded to float16, ties to even. */
export function toFloat16(x: tf.Tensor): Uint16Array {
  const even = tf.tidy(() => {
    const flat = tf.reshape(x, [-1]);
    return tf.reshape(x.size % 2 === 0 ? flat : tf.concat([flat, tf.zeros([1])]), [-1, 2]);
  });
  const [name, attributes] = cast(float32, float16);
  const [rounded] = binding.executeOp(name, attributes, backend.getInputTensorIds([even]), 1);
  even.dispose();
  const id = chain(rounded!.id, bitcast(float16, int32));
  const pairs = binding.tensorDataSync(id);
  binding.deleteTensor(id);
  return new Uint16Array(pairs.buffer, pairs.byteOffset, x.size);
}

/**
 * Runs an op on numbers that are rounded to bfloat16, and converts its result back.
 *
 * @param x float32, the op's first input.
 * @param others Further inputs, as they are.
 * @returns float32 of the shape of `x`. The caller disposes it.
 */
export function runInBfloat16<T extends tf.Tensor>(
  op: string,
  x: T,
  others: readonly tf.Tensor[],
  attributes: readonly Attribute[],
): T {
  const [name, typed] = cast(float32, bfloat16);
  const [half] = backend.binding.executeOp(name, typed, backend.getInputTensorIds([x]), 1);
  const all = [...attributes, typeAttribute('T', bfloat16)];
  try {
    const [result] = backend.binding.executeOp(op, all, [half!.id, ...backend.getInputTensorIds(others)], 1);
    return adopt(chain(result!.id, cast(bfloat16, float32)), x.shape, float32, 'float32') as T;
  } finally {
    binding.deleteTensor(half!.id);
  }
}

/**
 * Makes an int64 scalar, which some ops take for a step or a length. tfjs-node's own `Int64Scalar` allocates a native tensor at every
 * use and never frees it; this one is disposed like any tensor. Its dtype reads int32, and its value must not be read.
 *
 * @returns The scalar. The caller disposes it.
 */
export function int64(value: number): tf.Scalar {
  if (!Number.isSafeInteger(value)) throw new RangeError(`Expected a safe integer for int64, got ${value}`);
  const bits = new Int32Array(new BigInt64Array([BigInt(value)]).buffer);
  return adopt(binding.createTensor([], int64Type, bits), [], int64Type, 'int32') as tf.Scalar;
}
