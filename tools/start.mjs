/**
 * The walk-through: executes the first notebooks on the drawn scenes, in reading order, and writes `reports/index.html`, which links to
 * the reports. The page's path is the last line printed.
 */
import {readdirSync, renameSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {frontPage} from './front-page.mjs';
import {command, display, report, ReportError, reports} from './report.mjs';
import {home} from './setup/project.mjs';

const walkThrough = /^0[1-5]-.*\.ipynb$/;

await command(async () => {
  const folder = join(home, 'notebooks');
  const notebooks = readdirSync(folder)
    .filter((name) => walkThrough.test(name))
    .sort();
  if (notebooks.length === 0)
    throw new ReportError(`Expected the notebooks 01 to 05 in ${folder}, found none`);

  const executed = [];
  for (const [at, name] of notebooks.entries()) {
    console.log(`Executing notebooks/${name} (${at + 1} of ${notebooks.length})`);
    const {ipynb, seconds} = await report(join(folder, name));
    console.log(`       done in ${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s\n`);
    executed.push(ipynb);
  }
  const page = join(reports, 'index.html');
  writeFileSync(`${page}.${process.pid}`, frontPage(executed));
  renameSync(`${page}.${process.pid}`, page);
  console.log(`The reports are ready; open this page in a browser:\n${display(page)}`);
});
