/** Writes notebooks for tests. */
import {mkdirSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';

/** Writes a notebook with code cells, the first of which is the parameters cell, below a title. */
export function writeNotebook(
  folder: string,
  name: string,
  sources: readonly string[],
  title: string,
): string {
  const cells = sources.map((source, at) => ({
    cell_type: 'code',
    id: `cell-${at}`,
    source,
    outputs: [],
    execution_count: null,
    metadata: at === 0 ? {tags: ['parameters']} : {},
  }));
  const text = {cell_type: 'markdown', id: 'title', source: title, metadata: {}};
  const file = join(folder, `${name}.ipynb`);
  mkdirSync(folder, {recursive: true});
  writeFileSync(
    file,
    JSON.stringify({cells: [text, ...cells], metadata: {}, nbformat: 4, nbformat_minor: 5}),
  );
  return file;
}
