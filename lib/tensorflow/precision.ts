/**
 * Mixed precision: matrix products take their factors in bfloat16, which has the range of float32 and 8 bits of mantissa, and everything
 * else stays in float32. Results of products are converted back at once, so no tensor of tfjs has another type.
 *
 * A CPU without AVX-512 has no products in bfloat16; TensorFlow's substitute is slow and cuts off the results' bits instead of rounding
 * them. There, factors are rounded to bfloat16 and multiplied in float32.
 */
import {backend, type Attribute, type Binding, type TensorInfo} from './backend';
import {avx512} from './cpu-features';
import {device} from './tensorflow';

/** Type of the factors of matrix products. */
export type Precision = 'float32' | 'bfloat16';

/** TensorFlow's number for bfloat16 (DT_BFLOAT16), for which the binding has no constant. */
const bfloat16 = 14;

/** Ops that multiply matrices; the attribute `T` is the type of factors and result. */
const products = new Set(['MatMul', 'BatchMatMul', 'BatchMatMulV2', 'Einsum', '_FusedMatMul']);

let current: Precision = 'float32';

/** Whether products of bfloat16 factors run in bfloat16. If not, factors are rounded and multiplied in float32, which is no faster. */
export function multipliesHalves(): boolean {
  return device() === 'gpu' || avx512;
}

/** The precision of the matrix products that run now. */
export function currentPrecision(): Precision {
  return current;
}

/**
 * Does work whose matrix products, those of its gradients included, have a precision. It may be part of a compiled function.
 *
 * @param work Synchronous.
 * @example
 * const weight = tf.variable(tf.ones([4, 4]));
 * const loss = () => tf.sum<tf.Scalar>(tf.matMul(weight, weight));
 * const {grads} = withPrecision('bfloat16', () => tf.variableGrads(loss));
 */
export function withPrecision<T>(precision: Precision, work: () => T): T {
  if (precision === current) return work();
  const before = {precision: current, binding: backend.binding};
  backend.binding =
    precision === 'bfloat16'
      ? withHalves(before.binding)
      : (Object.getPrototypeOf(before.binding) as Binding);
  current = precision;
  try {
    return work();
  } finally {
    current = before.precision;
    backend.binding = before.binding;
  }
}

/** A binding that multiplies matrices in bfloat16, and otherwise is the one given. */
function withHalves(binding: Binding): Binding {
  const {TF_FLOAT, TF_ATTR_TYPE, TF_ATTR_BOOL} = binding;
  const native = multipliesHalves();
  const free = (id: number): void => {
    if (id >= 0) binding.deleteTensor(id);
  };
  const cast = (id: number, from: number, to: number): TensorInfo => {
    const attributes = [
      {name: 'SrcT', type: TF_ATTR_TYPE, value: from},
      {name: 'DstT', type: TF_ATTR_TYPE, value: to},
      {name: 'Truncate', type: TF_ATTR_BOOL, value: false},
    ];
    return binding.executeOp('Cast', attributes, [id], 1)[0]!;
  };
  const toFloat = ({id}: TensorInfo): TensorInfo => {
    const full = cast(id, bfloat16, TF_FLOAT);
    free(id);
    return full;
  };
  // In a graph that is being written, ids are negative and name one value for good: a weight is converted once for all steps.
  const written = new Map<number, number>();
  const halved = (id: number): number => {
    const known = written.get(id);
    if (known !== undefined) return known;
    const half = cast(id, TF_FLOAT, bfloat16);
    const factor = native ? half.id : toFloat(half).id;
    if (factor < 0) written.set(id, factor);
    return factor;
  };
  const executeOp: Binding['executeOp'] = (name, attributes, inputs, outputs) => {
    const isFloat = ({name, value}: Attribute): boolean => name === 'T' && value === TF_FLOAT;
    if (!products.has(name) || !attributes.some(isFloat))
      return binding.executeOp(name, attributes, inputs, outputs);
    const factors = inputs.map(halved);
    try {
      if (!native) return binding.executeOp(name, attributes, factors, outputs);
      const typed = attributes.map((one) => (isFloat(one) ? {...one, value: bfloat16} : one));
      return binding.executeOp(name, typed, factors, outputs).map(toFloat);
    } finally {
      factors.forEach(free);
    }
  };
  return Object.create(binding, {executeOp: {value: executeOp}}) as Binding;
}
