/** The encoders by name. To add one, describe its `Architecture` and register it here. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {unknownName, unknownOption, type AnyName} from '../option-names';
import {parseOptions} from '../options';
import {downloadedEncoders, encoderFolder} from '../paths';
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
  /** Weight file: converted (.safetensors), Keras (.h5) or PyTorch (.pth). @default the installed weights of the encoder */
  readonly weights?: string;
  /** Overrides of the architecture's preprocessing, for example a larger `size`. */
  readonly preprocessing?: Partial<Preprocessing>;
}

/**
 * Loads a pretrained encoder.
 *
 * @param name `efficientnet-lite0`, `-lite1` or `-lite2`, `mobilenet-v2` or `inception-v3`.
 * @param options Weight file and preprocessing.
 * @returns The encoder. The caller disposes it.
 * @throws CaptionerError `options` for an unknown name or invalid preprocessing; `weights` when the installed weights are missing or
 *   the file doesn't fit; `not-found`, `shape`, `dtype`, `truncated`, `header`.
 */
export function loadEncoder(name: EncoderName, options?: EncoderOptions): Promise<Encoder>;
/**
 * Loads an encoder whose name is known only when the program runs, such as a notebook's parameter.
 *
 * @param name One of `encoderNames`.
 * @param options Weight file and preprocessing.
 * @returns The encoder. The caller disposes it.
 * @throws CaptionerError As for a name that is known, and `options` for an unknown one.
 */
export function loadEncoder<Name extends string>(
  name: AnyName<Name>,
  options?: EncoderOptions,
): Promise<Encoder>;
export async function loadEncoder(name: string, options: EncoderOptions = {}): Promise<Encoder> {
  const architecture = architectureOf(name);
  const names = Object.keys(architecture.preprocessing);
  for (const key of Object.keys(options.preprocessing ?? {}))
    if (!names.includes(key))
      throw new CaptionerError(
        'options',
        `${name}: preprocessing: ${unknownOption(key, [{owner: 'preprocessing', names}])}`,
      );
  const preprocessing = parseOptions(
    preprocessingSchema,
    {...architecture.preprocessing, ...options.preprocessing},
    name,
  );
  const file = options.weights ?? installedWeights(architecture);
  return Cnn.create(architecture, preprocessing, await readWeights(architecture, file), file);
}

/** Returns an encoder's architecture. @throws CaptionerError `options` for an unknown name. */
export function architectureOf(name: string): Architecture {
  if (!Object.hasOwn(architectures, name))
    throw new CaptionerError('options', unknownName('encoder', name, encoderNames));
  return architectures[name as EncoderName];
}

/** Returns the weight file that set-up converted, or a published file placed beside it. */
function installedWeights({name, published}: Architecture): string {
  const converted = join(encoderFolder(), `${name}.safetensors`);
  const files = [`${name}.safetensors`, ...published.map(({file}) => file)];
  const folders = [encoderFolder(), downloadedEncoders()];
  const found = folders.flatMap((folder) => files.map((file) => join(folder, file))).find(existsSync);
  if (found !== undefined) return found;
  const get = published.some(({file}) => file.endsWith('.h5'))
    ? `npx captioner download ${name}`
    : 'node tools/setup.mjs';
  throw new CaptionerError(
    'weights',
    `${converted}: expected the weights of ${name}, found none; get them: ${get}`,
  );
}
