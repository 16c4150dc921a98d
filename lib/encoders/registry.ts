/** The encoders by name. A new one is a table of layers and one more line here. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {parseOptions} from '../options';
import {encoderFolder} from '../paths';
import type {Architecture} from './architecture';
import {Cnn} from './cnn';
import {efficientNetLite} from './efficientnet-lite';
import type {Encoder, Preprocessing} from './encoder';
import {preprocessingSchema} from './identity';
import {inceptionV3} from './inception-v3';
import {mobileNetV2} from './mobilenet-v2';
import {readWeights} from './weights';

/** The encoders that `loadEncoder` knows. */
export const encoderNames = [
  'efficientnet-lite0',
  'efficientnet-lite1',
  'efficientnet-lite2',
  'mobilenet-v2',
  'inception-v3',
] as const;
/** The name of an encoder. */
export type EncoderName = (typeof encoderNames)[number];

const architectures: Readonly<Record<EncoderName, Architecture>> = {
  'efficientnet-lite0': efficientNetLite('efficientnet-lite0'),
  'efficientnet-lite1': efficientNetLite('efficientnet-lite1'),
  'efficientnet-lite2': efficientNetLite('efficientnet-lite2'),
  'mobilenet-v2': mobileNetV2,
  'inception-v3': inceptionV3,
};

/** Options of `loadEncoder`. */
export interface EncoderOptions {
  /** A weight file other than the usual one: ours (.safetensors), Keras's (.h5) or PyTorch's (.pth). */
  readonly weights?: string;
  /** What is to be done otherwise than is usual for the architecture: a larger image, for example. */
  readonly preprocessing?: Partial<Preprocessing>;
}

/**
 * Loads an encoder with its weights.
 *
 * @throws CaptionerError `options` for an unknown name or preprocessing; `weights` when the file is missing or does not
 *   fit; `shape`, `dtype`, `truncated`, `header`.
 */
export async function loadEncoder(name: string, options: EncoderOptions = {}): Promise<Encoder> {
  const architecture = architectureOf(name);
  const preprocessing = parseOptions(
    preprocessingSchema,
    {...architecture.preprocessing, ...options.preprocessing},
    name,
  );
  const file = options.weights ?? usualWeights(architecture);
  return Cnn.create(architecture, preprocessing, await readWeights(architecture, file), file);
}

/** @throws CaptionerError `options` */
export function architectureOf(name: string): Architecture {
  if (!Object.hasOwn(architectures, name))
    throw new CaptionerError('options', `Unknown encoder "${name}"; known: ${encoderNames.join(', ')}`);
  return architectures[name as EncoderName];
}

/** What set-up converted, or a published file that was put beside it. */
function usualWeights({name, published}: Architecture): string {
  const converted = join(encoderFolder(), `${name}.safetensors`);
  const found = [converted, ...published.map(({file}) => join(encoderFolder(), file))].find(existsSync);
  if (found !== undefined) return found;
  const get = published.some(({file}) => file.endsWith('.h5'))
    ? `npx captioner download ${name}`
    : 'node tools/setup.mjs';
  throw new CaptionerError(
    'weights',
    `${converted}: expected the weights of ${name}, found none; get them: ${get}`,
  );
}
