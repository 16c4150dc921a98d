/** Tiny data sets in temporary folders. */
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {type CaptionerError, openDataset} from 'captioner';
import {expect} from 'chai';
import {temporaryFolder} from '../support';

/** Files with a word of content; data sets only check that images exist. */
export function lay(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = temporaryFolder();
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(join(folder, name, '..'), {recursive: true});
    writeFileSync(join(folder, name), content);
  }
  return folder;
}

export const refused = (work: Promise<unknown>): Promise<CaptionerError> =>
  work.then(
    () => expect.fail('was not refused'),
    (error: unknown) => error as CaptionerError,
  );

export const refusal = (folder: string): Promise<CaptionerError> => refused(openDataset(folder));

export const imageFiles = (names: readonly string[], folder = 'Images'): Record<string, string> =>
  Object.fromEntries(names.map((name) => [folder === '' ? name : `${folder}/${name}`, 'x']));
