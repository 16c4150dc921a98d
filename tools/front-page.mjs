/** The index page of the reports: a card for each, with its title, its first paragraph and images from its outputs. */
import {readFileSync} from 'node:fs';
import {basename} from 'node:path';

const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * @param {string[]} notebooks Executed notebooks, in reading order; their pages are in the same folder as the index page.
 * @returns {string} The page as HTML.
 */
export function frontPage(notebooks) {
  const cards = notebooks.map((file) => card(summary(file)));
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Image captioning: reports</title>
<style>${style}</style>
</head>
<body><main>
<header>
<h1>Image captioning</h1>
<p>From images to sentences in TypeScript. Each report below is a notebook executed on this machine; you can zoom and hover over its charts.
To change and run the notebooks yourself, open them with <code>npm run lab</code>.</p>
</header>
<ol>${cards.join('\n')}</ol>
</main></body>
</html>
`;
}

/** The contents of a card. */
export function summary(file) {
  const {cells, metadata} = JSON.parse(readFileSync(file, 'utf8'));
  const prose = cells.filter(({cell_type}) => cell_type === 'markdown').map(({source}) => text(source));
  const title =
    prose.map((source) => /^#\s+(.+)$/m.exec(source)?.[1]).find(Boolean) ?? basename(file, '.ipynb');
  const paragraphs = prose
    .flatMap((source) => source.split(/\n\s*\n/))
    .filter((part) => /^\s*[\p{L}*_[`]/u.test(part));
  return {
    page: `${basename(file, '.ipynb')}.html`,
    title: plain(title),
    lead: plain(paragraphs[0] ?? ''),
    images: spread(images(cells), 4),
    facts: facts(metadata),
  };
}

function facts({papermill = {}, captioner = {}}) {
  const {device, processor, cores} = captioner;
  return [
    papermill.duration && duration(papermill.duration),
    device === 'gpu'
      ? 'GPU'
      : processor && `${cores} ${cores === 1 ? 'core' : 'cores'} of ${processor.trim()}`,
    papermill.start_time &&
      new Date(papermill.start_time).toLocaleString('en-GB', {dateStyle: 'long', timeStyle: 'short'}),
  ].filter(Boolean);
}

/** Images in the outputs, as data URIs: embedded in HTML, or outputs themselves. */
function images(cells) {
  const outputs = cells.flatMap(({outputs = []}) => outputs).map(({data = {}}) => data);
  const groups = outputs.map((data) => {
    const embedded =
      text(data['text/html'] ?? '').match(/data:image\/(?:jpeg|png|webp);base64,[A-Za-z0-9+/=]+/g) ?? [];
    const direct = ['image/png', 'image/jpeg'].flatMap((type) =>
      data[type] ? [`data:${type};base64,${text(data[type]).replace(/\s/g, '')}`] : [],
    );
    return [...embedded, ...direct];
  });
  // The last grid usually shows a notebook's result, a single image an intermediate step.
  return groups.filter((group) => group.length >= 3).at(-1) ?? groups.flat();
}

function spread(items, count) {
  const distinct = [...new Set(items)];
  return distinct.length <= count
    ? distinct
    : Array.from({length: count}, (_, at) => distinct[Math.floor((at * distinct.length) / count)]);
}

function card({page, title, lead, images, facts}) {
  const tags = images.map((uri) => `<img src="${uri}" alt="">`).join('');
  return `<li><a href="${escape(encodeURI(page))}">
<div class="images n${images.length}">${tags}</div>
<div class="words"><h2>${escape(title)}</h2><p>${escape(lead)}</p><p class="facts">${facts.map(escape).join('<span> · </span>')}</p></div>
</a></li>`;
}

function text(source) {
  return Array.isArray(source) ? source.join('') : source;
}

/** Markdown without its markup, cut at a word boundary if it is long. */
function plain(markdown, limit = 320) {
  const words = markdown
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*_`]{1,3}(\S(?:.*?\S)?)[*_`]{1,3}/gs, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  return words.length <= limit ? words : `${words.slice(0, limit).replace(/\s+\S*$/, '')} …`;
}

function duration(seconds) {
  const whole = Math.round(seconds);
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

function escape(data) {
  return data.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
  :root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1f2530; --soft: #667085; --line: #e4e7ec; --accent: #2f6fc0; }
  @media (prefers-color-scheme: dark) { :root { --page: #14171c; --card: #1d2229; --ink: #e8ebf0; --soft: #9aa4b2; --line: #2b323c; --accent: #7db2f2; } }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
  main { max-width: 1080px; margin: 0 auto; padding: 56px 24px 64px; }
  header { max-width: 46em; margin: 0 0 36px; }
  h1 { font-size: 38px; letter-spacing: -.02em; margin: 0 0 10px; line-height: 1.15; }
  header p { color: var(--soft); margin: 0; }
  code { font-size: .9em; background: var(--line); padding: 1px 5px; border-radius: 4px; }
  ol { list-style: none; padding: 0; margin: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(440px, 100%), 1fr)); gap: 24px; }
  li a { display: flex; flex-direction: column; height: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 14px; overflow: hidden; color: inherit; text-decoration: none; transition: border-color .15s, box-shadow .15s; }
  li a:hover, li a:focus-visible { border-color: var(--accent); box-shadow: 0 6px 24px rgba(20, 40, 80, .12); outline: none; }
  .images { display: grid; grid-template-columns: repeat(4, 1fr); gap: 2px; background: var(--line); height: 132px; }
  .images.n0 { height: 6px; background: var(--accent); } .images.n1 { grid-template-columns: 1fr; } .images.n2 { grid-template-columns: 1fr 1fr; } .images.n3 { grid-template-columns: repeat(3, 1fr); }
  .images img { width: 100%; height: 132px; object-fit: cover; display: block; }
  .words { padding: 18px 22px 20px; display: flex; flex-direction: column; flex: 1; }
  h2 { font-size: 20px; margin: 0 0 6px; letter-spacing: -.01em; }
  li a:hover h2 { color: var(--accent); }
  .words p { margin: 0 0 12px; font-size: 14.5px; }
  .words .facts { margin: auto 0 0; font-size: 12.5px; color: var(--soft); }
`;
