/**
 * The walk-through: executes the chapters that take least on the drawn scenes, in reading order. Each report is added to `reports/index.html`; the
 * path of this page is the last line printed.
 */
import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {command, display, report, ReportError} from './report.mjs';
import {home} from './setup/project.mjs';

/** The others train more decoders, or explain many images. */
const walkThrough = /^0[1-6]-.*\.ipynb$|^08-.*\.ipynb$/;

await command(async () => {
  const folder = join(home, 'notebooks');
  const notebooks = readdirSync(folder)
    .filter((name) => walkThrough.test(name))
    .sort();
  if (notebooks.length === 0)
    throw new ReportError(`Expected the notebooks 01 to 06 and 08 in ${folder}, found none`);

  let page;
  for (const [at, name] of notebooks.entries()) {
    console.log(`Executing notebooks/${name} (${at + 1} of ${notebooks.length})`);
    const {index, seconds} = await report(join(folder, name));
    console.log(`       done in ${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s\n`);
    page = index;
  }
  console.log(`The reports are ready; open this page in a browser:\n${display(page)}`);
});
