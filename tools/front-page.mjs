/** The index page of the reports: a card for each, with its title, parameters, main scores and images from its outputs. */

const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * @param {object[]} entries What `entries` of `report/publish.mjs` found, in the order of the cards.
 * @returns {string} The page as HTML.
 */
export function frontPage(entries) {
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>Image captioning: reports</title>
<style>${style}</style>
</head>
<body><main>
<header>
<h1>Image captioning</h1>
<p>From images to sentences in TypeScript. Each report is a notebook executed on this machine, the newest first; you can zoom and hover over
its charts. To change and run the notebooks yourself, open them with <code>npm run lab</code>.</p>
${chapters(entries)}
</header>
<ol>${entries.map(card).join('\n')}</ol>
</main></body>
</html>
`;
}

/** Links to the chapters in reading order; the cards stand in the order of time. */
function chapters(entries) {
  const walk = entries
    .filter(
      ({notebook, parameters}) => /^notebooks\/\d\d-/.test(notebook) && Object.keys(parameters).length === 0,
    )
    .sort((a, b) => (a.notebook < b.notebook ? -1 : 1));
  if (walk.length < 2) return '';
  const links = walk.map(({page, title}) => `<a href="${link(page)}">${escape(title)}</a>`);
  return `<nav aria-label="Chapters"><b>The chapters:</b> ${links.join(' ')}</nav>`;
}

function card({page, title, lead, notebook, parameters, scores, thumbnails, ...facts}) {
  const images = thumbnails
    .filter((uri) => /^data:image\/webp;base64,[A-Za-z0-9+/=]+$/.test(uri))
    .slice(0, 4);
  const tags = images.map((uri) => `<img src="${uri}" alt="">`).join('');
  const set = Object.entries(parameters).map(
    ([name, value]) => `<li><code>${escape(name)} = ${escape(shortened(value))}</code></li>`,
  );
  return `<li class="card"><a href="${link(page)}">
<div class="images n${images.length}">${tags}</div>
<div class="words"><h2>${escape(title)}</h2>
${set.length > 0 ? `<ul class="parameters" aria-label="Parameters">${set.join('')}</ul>` : ''}
<p>${escape(lead)}</p>
${scoreList(scores)}
<p class="facts">${factsOf({notebook, ...facts})
    .map(escape)
    .join('<span> · </span>')}</p></div>
</a></li>`;
}

function scoreList({values, label}) {
  const known = values.filter(({name, value}) => typeof name === 'string' && Number.isFinite(value));
  if (known.length === 0) return '';
  const items = known
    .slice(0, 4)
    .map(
      ({name, value, low, high}) =>
        `<div><dt>${escape(name)}</dt><dd>${value.toFixed(3)}${
          Number.isFinite(low) && Number.isFinite(high)
            ? `<small>${low.toFixed(3)} to ${high.toFixed(3)}</small>`
            : ''
        }</dd></div>`,
    );
  const what = label ? `<p class="label">${escape(label)}</p>` : '';
  return `<dl class="scores">${items.join('')}</dl>${what}`;
}

function factsOf({notebook, date, seconds, machine, version, commit}) {
  return [
    new Date(date).toLocaleString('en-GB', {dateStyle: 'long', timeStyle: 'short'}),
    Number.isFinite(seconds) && duration(seconds),
    machine,
    !/^notebooks\/\d\d-/.test(notebook ?? 'notebooks/00-') && notebook,
    version && `version ${version}${commit ? ` (${commit})` : ''}`,
  ].filter((fact) => typeof fact === 'string' && fact !== '');
}

function shortened(value) {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length <= 60 ? text : `${text.slice(0, 57)} …`;
}

function duration(seconds) {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`;
}

const link = (page) => escape(page.split('/').map(encodeURIComponent).join('/'));

function escape(data) {
  return String(data).replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

const style = `
  :root { color-scheme: light dark; --page: #f6f7f9; --card: #fff; --ink: #1f2530; --soft: #5d6675; --line: #e4e7ec; --accent: #2f6fc0; }
  @media (prefers-color-scheme: dark) { :root { --page: #14171c; --card: #1d2229; --ink: #e8ebf0; --soft: #9aa4b2; --line: #2b323c; --accent: #7db2f2; } }
  * { box-sizing: border-box; }
  body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
  main { max-width: 1080px; margin: 0 auto; padding: 56px 24px 64px; }
  header { max-width: 46em; margin: 0 0 36px; }
  h1 { font-size: 38px; letter-spacing: -.02em; margin: 0 0 10px; line-height: 1.15; }
  header p { color: var(--soft); margin: 0; }
  nav { margin-top: 16px; display: flex; flex-wrap: wrap; gap: 4px 18px; font-size: 14.5px; }
  nav b { font-weight: 600; } nav a { color: var(--accent); }
  code { font-size: .9em; background: var(--line); padding: 1px 5px; border-radius: 4px; }
  ol { list-style: none; padding: 0; margin: 0; display: grid; grid-template-columns: repeat(auto-fill, minmax(min(440px, 100%), 1fr)); gap: 24px; }
  .card { min-width: 0; }
  .card > a { display: flex; flex-direction: column; height: 100%; background: var(--card); border: 1px solid var(--line); border-radius: 14px; overflow: hidden; color: inherit; text-decoration: none; transition: border-color .15s, box-shadow .15s; }
  .card > a:hover, .card > a:focus-visible { border-color: var(--accent); box-shadow: 0 6px 24px rgba(20, 40, 80, .12); }
  .card > a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
  .images { display: grid; grid-template-columns: repeat(4, 1fr); gap: 2px; background: var(--line); height: 132px; }
  .images.n0 { height: 6px; background: var(--accent); } .images.n1 { grid-template-columns: 1fr; background: none; border-bottom: 1px solid var(--line); } .images.n2 { grid-template-columns: 1fr 1fr; } .images.n3 { grid-template-columns: repeat(3, 1fr); }
  .images img { width: 100%; height: 132px; object-fit: cover; display: block; min-width: 0; }
  .words { padding: 18px 22px 20px; display: flex; flex-direction: column; flex: 1; }
  h2 { font-size: 20px; margin: 0 0 6px; letter-spacing: -.01em; line-height: 1.3; }
  .card > a:hover h2 { color: var(--accent); }
  .words p { margin: 0 0 12px; font-size: 14.5px; }
  .parameters { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 6px; padding: 0; margin: 2px 0 10px; font-size: 13px; }
  .scores { display: flex; flex-wrap: wrap; gap: 8px 26px; margin: 0 0 12px; }
  .scores dt { font-size: 12px; color: var(--soft); }
  .scores dd { margin: 0; font-size: 19px; font-weight: 600; font-variant-numeric: tabular-nums; line-height: 1.25; }
  .scores small { display: block; font-size: 11.5px; font-weight: 400; color: var(--soft); }
  .words .label { margin: -8px 0 12px; font-size: 12px; color: var(--soft); }
  .words .facts { margin: auto 0 0; font-size: 12.5px; color: var(--soft); }
  @media (max-width: 500px) { main { padding: 32px 16px 40px; } h1 { font-size: 30px; } ol { gap: 16px; } .words { padding: 14px 16px 16px; } .scores { gap: 8px 16px; } .scores dd { font-size: 17px; } }
  @media print { .card { break-inside: avoid; } }
`;
