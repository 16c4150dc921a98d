/** A TensorFlow graph that is written node by node and becomes a function. A thread writes one graph at a time. */
import type {GraphBinding, GraphOutput} from './backend';
import {attributeValues, groupInputs, inputListsOf, type InputLists, type NodeAttribute} from './graph-def';

/** An output of a node. */
export interface NodeOutput extends GraphOutput {
  /** Its number among the outputs of all nodes. */
  readonly ref: number;
  readonly op: string;
}

export interface NodeOptions {
  /** Name of the node, see `nodeName`. */
  readonly node?: string;
  /** Names of nodes that must run before. */
  readonly after?: readonly string[];
  /** Device that it must run on. @default TensorFlow chooses */
  readonly device?: string;
}

/** Which inputs of an op are lists, by its name. */
const inputLists = new Map<string, InputLists>();

export class Graph {
  #nodes = 0;
  #outputs = 0;

  /** @param name Name of the function. */
  constructor(
    private readonly binding: GraphBinding,
    readonly name: string,
  ) {
    binding.graphBegin();
  }

  /** Names a node after its op, which TensorFlow's messages then name. */
  nodeName(op: string): string {
    return `${op.replace(/^_+/, '')}_${this.#nodes++}`;
  }

  /**
   * Adds a node.
   *
   * @param inputs The outputs that it takes, by `ref`.
   * @throws Error that names the op, if TensorFlow refuses it.
   */
  add(
    op: string,
    inputs: readonly number[],
    attributes: readonly NodeAttribute[],
    {node = this.nodeName(op), after = [], device = ''}: NodeOptions = {},
  ): NodeOutput[] {
    try {
      let lists = inputLists.get(op);
      if (lists === undefined) inputLists.set(op, (lists = inputListsOf(this.binding.opDef(op))));
      const grouped = groupInputs(inputs, lists, attributes);
      const values = attributeValues(attributes);
      const outputs = this.binding.graphOp(op, node, device, grouped, after, values);
      return outputs.map((output) => ({...output, ref: this.#outputs++, op}));
    } catch (error) {
      throw new Error(`${this.name}: ${op}: ${(error as Error).message}`, {cause: error});
    }
  }

  /**
   * Adds the graph to TensorFlow's functions.
   *
   * @param inputs Placeholders, by `ref`.
   * @param outputs None of them may be an input.
   * @param effects Names of nodes that run though no output depends on them.
   */
  finish(inputs: readonly number[], outputs: readonly number[], effects: readonly string[]): void {
    this.binding.graphFunction(this.name, inputs, outputs, effects);
  }

  /** Frees the graph; a function that it became stays. */
  close(): void {
    this.binding.graphEnd();
  }
}
