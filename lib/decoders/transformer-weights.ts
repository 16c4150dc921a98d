/** The weights of a transformer with their first values, layer by layer in the order in which they are used. */
import type {tf} from '../tensorflow/tensorflow';
import {WeightInit} from './weight-init';

export interface TransformerSizes {
  readonly units: number;
  readonly layers: number;
  readonly encoderLayers: number;
  readonly feedForward: number;
  readonly seed: number;
}

/** Matrices are `[inputs, outputs]`; what makes queries, keys and values of the same places is one, `self.input`. */
export function transformerWeights(
  vocabulary: number,
  depth: number,
  {units, layers, encoderLayers, feedForward: wide, seed}: TransformerSizes,
): ReadonlyMap<string, tf.Variable> {
  const table = new WeightInit(seed);
  const addLinear = (name: string, inputs: number, outputs: number): void => {
    table.matrix(`${name}.weight`, inputs, outputs).zeros(`${name}.bias`, outputs);
  };
  const addNorm = (name: string): void => {
    table.ones(`${name}.weight`, units).zeros(`${name}.bias`, units);
  };
  addLinear('image', depth, units);
  // Of deviation 1 once they are scaled, as positions are about as large.
  table.uniform('embedding', [vocabulary, units], Math.sqrt(3 / units));
  const addAttention = (name: string): void => {
    addNorm(`${name}.norm`);
    addLinear(`${name}.input`, units, 3 * units);
    addLinear(`${name}.output`, units, units);
  };
  const addFeed = (name: string): void => {
    addNorm(`${name}.norm`);
    addLinear(`${name}.1`, units, wide);
    addLinear(`${name}.2`, wide, units);
  };
  for (let k = 1; k <= encoderLayers; k++) {
    addAttention(`cells.${k}.self`);
    addFeed(`cells.${k}.feed`);
  }
  addNorm('cells.norm');
  for (let k = 1; k <= layers; k++) {
    addAttention(`words.${k}.self`);
    addNorm(`words.${k}.look.norm`);
    addLinear(`words.${k}.look.query`, units, units);
    addLinear(`words.${k}.look.memory`, units, 2 * units);
    addLinear(`words.${k}.look.output`, units, units);
    addFeed(`words.${k}.feed`);
  }
  addNorm('words.norm');
  table.zeros('output.bias', vocabulary);
  return table.all;
}
