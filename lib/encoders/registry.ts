/** The encoders by name. A new one is one more line here. */
import {existsSync} from 'node:fs';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {encoderFolder} from '../places';
import {loadEfficientNetLite} from './efficientnet-lite';
import type {Encoder} from './encoder';
import {efficientNetLite2} from './lite-network';

export const encoderNames = ['efficientnet-lite2'] as const;
export type EncoderName = (typeof encoderNames)[number];

const loaders: Readonly<Record<EncoderName, (file: string) => Promise<Encoder>>> = {
  'efficientnet-lite2': (file) => loadEfficientNetLite(efficientNetLite2, file),
};

/**
 * @param weights A weight file other than the one that set-up made.
 * @throws CaptionerError `options` for an unknown name, `weights` when the file is missing or does not fit.
 */
export async function loadEncoder(
  name: string,
  {weights}: {readonly weights?: string} = {},
): Promise<Encoder> {
  if (!Object.hasOwn(loaders, name))
    throw new CaptionerError('options', `Unknown encoder "${name}"; known: ${encoderNames.join(', ')}`);
  const file = weights ?? join(encoderFolder(), `${name}.safetensors`);
  if (!existsSync(file))
    throw new CaptionerError(
      'weights',
      `${file}: expected the weights of ${name}, found none; set-up makes them: node tools/setup.mjs`,
    );
  return loaders[name as EncoderName](file);
}
