/** Blocks of an encoder by name. */
import {CaptionerError} from '../errors';
import {unknownName} from '../option-names';
import type {Layer} from '../encoders/layers';
import {lastBlock} from './method-options';

/**
 * Returns the name of the last layer of a block, whose output is the block's.
 *
 * @param block Name of the block, or `last`.
 * @throws CaptionerError `options` for an unknown one.
 */
export function outputOfBlock(block: string, layers: readonly Layer[]): string {
  const name = block === lastBlock ? layers.at(-1)!.block : block;
  const found = [...layers].reverse().find((layer) => layer.block === name);
  if (found) return found.name;
  const known = [...new Set(layers.map((layer) => layer.block)), lastBlock];
  throw new CaptionerError('options', unknownName('block', block, known));
}
