/** The files of a card in a folder. */
import {existsSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {CaptionerError} from '../errors';
import {makeFolder, writeFileAtomic} from '../files/atomic';
import {userPath} from '../paths';

/** Names of the files of a card. */
export const cardFiles = {markdown: 'README.md', page: 'card.html', images: 'images'} as const;

/** @throws CaptionerError `mismatch` when a card lies in the folder */
export function assertNoCard(folder: string): void {
  const there = [cardFiles.markdown, cardFiles.page]
    .map((name) => join(userPath(folder), name))
    .find(existsSync);
  if (there !== undefined)
    throw new CaptionerError(
      'mismatch',
      `${there}: a card lies here already, perhaps with words of yours; choose another folder, or say that it is to be replaced`,
    );
}

/**
 * Writes files into a folder, which is made where it is missing.
 *
 * @param contents By their paths in the folder.
 * @returns Their absolute paths.
 */
export async function writeCard(
  folder: string,
  contents: Readonly<Record<string, string | Uint8Array>>,
): Promise<string[]> {
  const paths: string[] = [];
  for (const [name, content] of Object.entries(contents)) {
    const path = join(userPath(folder), name);
    makeFolder(dirname(path));
    await writeFileAtomic(path, content);
    paths.push(path);
  }
  return paths;
}
