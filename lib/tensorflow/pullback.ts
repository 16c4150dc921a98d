/**
 * Gradients of several sums of the same outputs: the function runs once, then backward as often as wanted, where `tf.grads` would run it
 * each time. Works on tfjs's gradient tape; the name is that of JAX's `vjp`.
 */
import {tf} from './tensorflow';

/** A node of tfjs's tape: an op with what its gradient needs. */
interface TapeNode {
  readonly inputs: Readonly<Record<string, tf.Tensor>>;
  readonly outputs: readonly tf.Tensor[];
  readonly gradient: (dys: readonly tf.Tensor[]) => Readonly<Record<string, () => tf.Tensor>>;
  readonly saved?: readonly tf.Tensor[];
}

/** The part of tfjs's engine that records. */
interface Recorder {
  readonly state: {gradientDepth: number; activeTape: TapeNode[] | null};
  startTape(): void;
  endTape(): void;
}

/**
 * Runs a function and computes gradients of its output.
 *
 * @param fn A differentiable function of the inputs.
 * @param dys For each gradient the weights of the output's elements, of its shape.
 * @returns For each of `dys` the gradients with respect to the inputs, in their order. The caller disposes them.
 * @throws Error if an op has no gradient.
 */
export function pullback(
  fn: (...inputs: tf.Tensor[]) => tf.Tensor,
  inputs: readonly tf.Tensor[],
  dys: readonly tf.Tensor[],
): tf.Tensor[][] {
  return tf.tidy(() => {
    const {output, tape} = record(() => fn(...inputs));
    try {
      const nodes = connected(tape, inputs);
      return dys.map((dy) => backward(nodes, output, dy, inputs));
    } finally {
      for (const {saved} of tape) tf.dispose([...(saved ?? [])]);
    }
  });
}

function record(fn: () => tf.Tensor): {output: tf.Tensor; tape: TapeNode[]} {
  const engine = tf.engine() as unknown as Recorder;
  const {state} = engine;
  if (state.gradientDepth > 0) throw new Error('pullback: expected no gradient to be recorded already');
  engine.startTape();
  try {
    return {output: tf.tidy(fn), tape: state.activeTape!};
  } finally {
    engine.endTape();
    state.activeTape = null;
  }
}

/** A node that depends on the inputs, and the names of its own inputs that do. */
interface Connected {
  readonly node: TapeNode;
  readonly names: readonly string[];
}

function connected(tape: readonly TapeNode[], inputs: readonly tf.Tensor[]): Connected[] {
  const known = new Set(inputs.map(({id}) => id));
  return tape.flatMap((node) => {
    const names = Object.keys(node.inputs).filter((name) => known.has(node.inputs[name]!.id));
    if (names.length === 0) return [];
    for (const {id} of node.outputs) known.add(id);
    return [{node, names}];
  });
}

function backward(
  nodes: readonly Connected[],
  output: tf.Tensor,
  dy: tf.Tensor,
  inputs: readonly tf.Tensor[],
): tf.Tensor[] {
  const gradients = new Map<number, tf.Tensor>([[output.id, dy]]);
  for (const {node, names} of [...nodes].reverse()) {
    const own = node.outputs.map(({id}) => gradients.get(id));
    if (own.every((one) => one === undefined)) continue;
    // tfjs, too, hands over nothing for an output that nothing depends on.
    const ofInputs = node.gradient(own as tf.Tensor[]);
    for (const name of names) {
      const {id} = node.inputs[name]!;
      const [before, term] = [gradients.get(id), ofInputs[name]!()];
      gradients.set(id, before ? tf.add(before, term) : term);
    }
  }
  return inputs.map((input) => gradients.get(input.id) ?? tf.zerosLike(input));
}
