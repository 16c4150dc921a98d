/** Matrix products that the gradient tape does not record, for functions with custom gradients. */
import {avx512} from '../tensorflow/cpu-features';
import {bool, runOp, type} from '../tensorflow/ops';
import type {tf} from '../tensorflow/tensorflow';

const float32 = type('T', 'float32');

/** The factor that is transposed. */
export type Transposed = 'neither' | 'first' | 'second';

/**
 * TensorFlow has two ops for a matrix product. `MatMul` is faster by a twentieth. But if `ONEDNN_DEFAULT_FPMATH_MODE` asks oneDNN for
 * bfloat16, only `BatchMatMulV2` obeys, which is three times as fast on a CPU with AMX.
 */
const batched = /^(bf16|any)$/i.test(process.env['ONEDNN_DEFAULT_FPMATH_MODE'] ?? '');
const [name, first, second] = batched
  ? (['BatchMatMulV2', 'adj_x', 'adj_y'] as const)
  : (['MatMul', 'transpose_a', 'transpose_b'] as const);
const attributes = (a: boolean, b: boolean) => [bool(first, a), bool(second, b), float32];
const all = {
  neither: attributes(false, false),
  first: attributes(true, false),
  second: attributes(false, true),
} as const;

/**
 * Multiplies two matrices.
 *
 * @param a `[rows, inner]`, or transposed.
 * @param b `[inner, columns]`, or transposed.
 * @returns `[rows, columns]`. The caller disposes it.
 */
export function matmul(a: tf.Tensor, b: tf.Tensor, transposed: Transposed = 'neither'): tf.Tensor2D {
  return runOp(name, [a, b], all[transposed]);
}

/**
 * Multiplies two matrices of which the first has few rows. Then the layout of the second matters: with AVX-512, oneDNN is faster on `b`
 * (by a third to a half), without it on `bT` (by up to a third).
 *
 * @param bT The transpose of `b`.
 * @returns `a · b`. The caller disposes it.
 */
export function matmulSmall(a: tf.Tensor, b: tf.Tensor, bT: tf.Tensor): tf.Tensor2D {
  return avx512 ? matmul(a, b) : matmul(a, bT, 'second');
}
