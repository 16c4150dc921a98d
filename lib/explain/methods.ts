/** The methods of explanation by name. To add one, write its file in methods/ and register it here. */
import {CaptionerError} from '../errors';
import {unknownName} from '../option-names';
import type {Method} from './method';
import {saliency, type SaliencyOptions} from './methods/saliency';

/** The options of each method. */
export interface MethodOptions {
  readonly saliency: SaliencyOptions;
}

/** The name of a method. */
export type MethodName = keyof MethodOptions;

const all: readonly Method[] = [saliency];

/** The methods by name, in the order in which they are listed. */
export const methods: ReadonlyMap<string, Method> = new Map(all.map((method) => [method.name, method]));

/** Names of the methods that `explain` accepts. */
export const methodNames: readonly MethodName[] = [...methods.keys()] as MethodName[];

/** Returns a method. @throws CaptionerError `options` for an unknown name. */
export function methodNamed(name: string): Method {
  const found = methods.get(name);
  if (found) return found;
  throw new CaptionerError('options', unknownName('method', name, methodNames));
}
