/** Puts a finished report into its folder and writes the index page. One process at a time does so. */
import {existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync} from 'node:fs';
import {join} from 'node:path';
import {frontPage} from '../front-page.mjs';
import {readJson, writeJson, writeWhole} from '../setup/files.mjs';
import {Lock} from '../setup/lock.mjs';
import {chooseName} from './name.mjs';
import {summarize} from './summary.mjs';

const hour = 3_600_000;

/**
 * @param {string} folder The folder of all reports.
 * @param {string} unfinished A folder in it with the executed `report.ipynb` and its page `report.html`.
 * @param {{wanted: string, identity: string, replace: boolean}} options `replace`: whether the report of that name may be another one.
 * @returns {Promise<{name: string, taken: boolean, html: string, ipynb: string}>}
 */
export async function publish(folder, unfinished, {wanted, identity, replace}) {
  const summary = {...(await summarize(join(unfinished, 'report.ipynb'))), identity};
  writeJson(join(unfinished, 'report.json'), summary);
  return locked(folder, async () => {
    const {name, taken} = replace ? {name: wanted, taken: false} : chooseName(folder, wanted, identity);
    const final = join(folder, name);
    for (const end of ['ipynb', 'html'])
      renameSync(join(unfinished, `report.${end}`), join(unfinished, `${name}.${end}`));
    if (existsSync(final)) {
      for (const file of [`${name}.ipynb`, `${name}.html`, 'report.json'])
        renameSync(join(unfinished, file), join(final, file));
      rmSync(unfinished, {recursive: true, force: true});
    } else {
      renameSync(unfinished, final);
    }
    rmSync(join(folder, `${name}.failed.ipynb`), {force: true});
    await writeIndexLocked(folder);
    return {name, taken, html: join(final, `${name}.html`), ipynb: join(final, `${name}.ipynb`)};
  });
}

/** Writes `index.html` anew. @returns {Promise<string>} Its path. */
export function writeIndex(folder) {
  return locked(folder, () => writeIndexLocked(folder));
}

async function locked(folder, action) {
  mkdirSync(folder, {recursive: true});
  const lock = new Lock(join(folder, '.lock'));
  await lock.take(() => {});
  try {
    return await action();
  } finally {
    lock.release();
  }
}

async function writeIndexLocked(folder) {
  const index = join(folder, 'index.html');
  writeWhole(index, frontPage(await entries(folder)));
  removeLeftovers(folder);
  return index;
}

/** The reports in a folder, the newest first. */
export async function entries(folder) {
  const found = readdirSync(folder, {withFileTypes: true}).flatMap((entry) => {
    if (entry.name.startsWith('.') || entry.name === 'index.html') return [];
    const files = entry.isDirectory() ? namesIn(join(folder, entry.name)) : [entry.name];
    const page = files.find((name) => name === `${entry.name}.html`) ?? files.find(isPage);
    if (page === undefined) return [];
    return [
      {folder: entry.isDirectory() ? join(folder, entry.name) : folder, page, own: entry.isDirectory()},
    ];
  });
  const described = await Promise.all(found.map(describe));
  return described.sort((a, b) => (a.date < b.date ? 1 : a.date > b.date ? -1 : a.page < b.page ? -1 : 1));
}

const isPage = (name) => name.endsWith('.html') && !name.startsWith('.');

function namesIn(folder) {
  try {
    return readdirSync(folder).sort();
  } catch {
    return []; // Removed just now, or not readable: there is nothing to link to.
  }
}

/** A report's `report.json`; where it is missing or damaged, what its notebook tells, or only its name. */
async function describe({folder, page, own}) {
  const name = page.replace(/\.html$/, '');
  const link = own ? `${folder.split(/[\\/]/).at(-1)}/${page}` : page;
  const saved = own ? readJson(join(folder, 'report.json')) : undefined;
  const told = isSound(saved) ? saved : await summarize(join(folder, `${name}.ipynb`)).catch(() => ({}));
  const date = Number.isNaN(Date.parse(told.date)) ? modified(join(folder, page)) : told.date;
  return {
    ...{title: name, lead: '', parameters: {}, scores: {values: []}, thumbnails: []},
    ...told,
    date: new Date(date).toISOString(),
    page: link,
  };
}

function isSound(saved) {
  const {title, lead, parameters, scores, thumbnails} = saved ?? {};
  const texts = [title, lead].every((one) => typeof one === 'string');
  const lists = [scores?.values, thumbnails].every(Array.isArray);
  return texts && lists && [parameters, ...scores.values].every((one) => one && typeof one === 'object');
}

function modified(file) {
  try {
    return statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

/** Removes what killed runs left. Each folder exists for a moment only, when a report is ready. */
function removeLeftovers(folder) {
  for (const name of readdirSync(folder).filter((one) => one.startsWith('.unfinished-')))
    if (Date.now() - modified(join(folder, name)) > hour)
      rmSync(join(folder, name), {recursive: true, force: true});
}
