/** Allocates the planned weights of a decoder, unless the machine has too little memory for them. */
import {checkMemory} from '../memory';
import type {tf} from '../tensorflow/tensorflow';
import type {WeightInit} from './weight-init';

/** Options of sizes, in the order in which they are advised to be lowered. */
const sizes = ['units', 'embedding', 'attention', 'feedForward', 'layers', 'encoderLayers'] as const;

/**
 * Creates the weights of a decoder; the caller disposes them.
 *
 * @param owner Names the decoder, for messages.
 * @param plan Plans the weights with some options.
 * @throws CaptionerError `memory`
 */
export function createWeights<Settings extends object>(
  owner: string,
  settings: Settings,
  plan: (settings: Settings) => WeightInit,
): ReadonlyMap<string, tf.Variable> {
  const adjustable = sizes.filter((name) => name in settings) as (keyof Settings & string)[];
  const bytes = (given: Settings): Map<string, number> => {
    const shapes = [...plan(given).shapes];
    return new Map(
      shapes.map(([name, shape]) => [`"${name}"`, 4 * shape.reduce((all, side) => all * side, 1)]),
    );
  };
  checkMemory(owner, settings, bytes, adjustable);
  return plan(settings).create();
}
