/** Summarises an executed notebook for the index page, as `report.json` beside it. */
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';
import sharp from 'sharp';

const thumbnailHeight = 132;
const mainScores = ['factual', 'CIDEr-D', 'METEOR', 'BLEU-4'];

/**
 * @param {string} file An executed notebook.
 * @returns {Promise<object>} JSON: title, first paragraph, parameters, main scores, duration, date, machine, version, thumbnails.
 */
export async function summarize(file) {
  const {cells, metadata} = JSON.parse(readFileSync(file, 'utf8'));
  const {papermill = {}, captioner = {}} = metadata;
  const prose = cells.filter(({cell_type}) => cell_type === 'markdown').map(({source}) => text(source));
  const title =
    prose.map((source) => /^#\s+(.+)$/m.exec(source)?.[1]).find(Boolean) ?? basename(file, '.ipynb');
  const paragraphs = prose
    .flatMap((source) => source.split(/\n\s*\n/))
    .filter((part) => /^\s*[\p{L}*_[`]/u.test(part));
  return {
    title: plain(title),
    lead: plain(paragraphs[0] ?? ''),
    notebook: captioner.notebook,
    parameters: captioner.parameters ?? {},
    scores: scores(captioner.record),
    seconds: papermill.duration,
    date: papermill.start_time,
    machine: machine(captioner),
    version: captioner.version,
    commit: captioner.commit,
    thumbnails: await thumbnails(cells),
  };
}

/** The scores that the notebook recorded, or else those of its best evaluation or training. */
function scores({scores = {}, label} = {}) {
  const names = Object.keys(scores);
  const main = mainScores.filter((name) => names.includes(name));
  return {
    values: (main.length > 0 ? main : names.slice(0, 4)).map((name) => ({name, ...scores[name]})),
    ...(label && {label}),
  };
}

function machine({device, processor, cores}) {
  if (device === 'gpu') return 'GPU';
  return processor && `${cores} ${cores === 1 ? 'core' : 'cores'} of ${processor.trim()}`;
}

/** Up to four small images as data URIs: of the last grid of images, or else of the first chart. */
async function thumbnails(cells) {
  const outputs = cells.flatMap(({outputs = []}) => outputs).map(({data = {}}) => data);
  const groups = outputs.map(images);
  // The last grid usually shows a notebook's result, a single image an intermediate step.
  const shown = groups.filter((group) => group.length >= 3).at(-1) ?? groups.flat();
  const small = await Promise.all(spread(shown, 4).map((image) => resize(image, 1.4 * thumbnailHeight)));
  if (small.some(Boolean)) return small.filter(Boolean);
  const chart = outputs.map((data) => data['image/svg+xml']).find(Boolean);
  const drawn = chart && (await resize(Buffer.from(text(chart)), 3 * thumbnailHeight));
  return drawn ? [drawn] : [];
}

/** Images of an output: embedded in HTML, or outputs themselves. */
function images(data) {
  const html = text(data['text/html'] ?? '');
  const embedded = [...html.matchAll(/data:image\/(?:jpeg|png|webp);base64,([A-Za-z0-9+/=]+)/g)];
  const direct = ['image/png', 'image/jpeg'].filter((type) => data[type]).map((type) => text(data[type]));
  return [...embedded.map(([, bytes]) => bytes), ...direct].map((bytes) => Buffer.from(bytes, 'base64'));
}

async function resize(bytes, width) {
  try {
    const image = sharp(bytes).resize({width: Math.round(width * 1.5), withoutEnlargement: true});
    return `data:image/webp;base64,${(await image.webp({quality: 70}).toBuffer()).toString('base64')}`;
  } catch {
    return undefined; // A damaged image is left out; the report shows it as it is.
  }
}

function spread(items, count) {
  if (items.length <= count) return items;
  return Array.from({length: count}, (_, at) => items[Math.floor((at * items.length) / count)]);
}

function text(source) {
  return Array.isArray(source) ? source.join('') : source;
}

/** Markdown without its markup, cut at a word boundary if it is long. */
function plain(markdown, limit = 260) {
  const words = markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}/gs, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  return words.length <= limit ? words : `${words.slice(0, limit).replace(/\s+\S*$/, '')} …`;
}
