/**
 * Products of two matrices, called by name: a kernel of TensorFlow that leaves no trace on the gradient tape, for functions that bring
 * their own gradients.
 */
import {bool, runOp, type} from '../tensorflow/ops';
import type {tf} from '../tensorflow/tensorflow';
import {avx512} from '../tensorflow/cpu-features';

const float32 = type('T', 'float32');

/** Which factor is transposed. */
export type Transposed = 'neither' | 'first' | 'second';

/**
 * TensorFlow has two kernels for it. `MatMul` is faster by a twentieth; but where oneDNN was told to multiply in bfloat16
 * (`ONEDNN_DEFAULT_FPMATH_MODE`), only `BatchMatMulV2` does so, which on a processor with AMX is three times as fast.
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
 * @param a `[rows, inner]`, or transposed.
 * @param b `[inner, columns]`, or transposed.
 * @returns `[rows, columns]`. The caller disposes it.
 */
export function matmul(a: tf.Tensor, b: tf.Tensor, transposed: Transposed = 'neither'): tf.Tensor2D {
  return runOp(name, [a, b], all[transposed]);
}

/**
 * `a · b` for few rows, where the layout of the second factor counts: with AVX-512 oneDNN is faster plain (by a third to a
 * half), without it transposed (by up to a third).
 *
 * @param bT The second factor transposed.
 */
export function matmulSmall(a: tf.Tensor, b: tf.Tensor, bT: tf.Tensor): tf.Tensor2D {
  return avx512 ? matmul(a, b) : matmul(a, bT, 'second');
}
