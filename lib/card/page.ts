/** A card as a page: one file without scripts, which needs nothing from the network. */
import {html, raw, type Fragment} from '../show/html';
import type {Thumbnail} from '../show/image';
import {tableHtml} from '../show/table';
import {notShown, type Block, type CardContent, type CardImage} from './blocks';
import {scoresSvg} from './scores-svg';
import {style} from './style';

const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/** @param thumbnailOf The image to embed; undefined where an image isn't shown. */
export function cardPage(
  {title, lead, sections, footer}: CardContent,
  thumbnailOf: (image: CardImage) => Thumbnail | undefined,
): string {
  const anchor = (at: number): string => `section-${at + 1}`;
  return html`${raw('<!DOCTYPE html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <title>${title}: model card</title>
        <style>
          ${raw(style)}
        </style>
      </head>
      <body>
        <main>
          <header>
            <p class="kind">Model card</p>
            <h1>${title}</h1>
            <p class="lead">${lead}</p>
            <nav aria-label="Sections">
              <ul>
                ${sections.map((section, at) => html`<li><a href="#${anchor(at)}">${section.title}</a></li>`)}
              </ul>
            </nav>
          </header>
          ${sections.map(
            (section, at) =>
              html`<section id="${anchor(at)}">
                <h2>${section.title}</h2>
                ${section.blocks.map((block) => blockHtml(block, thumbnailOf))}
              </section> `,
          )}
          <footer>${footer}</footer>
        </main>
      </body>
    </html> `.text;
}

function blockHtml(block: Block, thumbnailOf: (image: CardImage) => Thumbnail | undefined): Fragment {
  switch (block.kind) {
    case 'text':
      return html`<p>${block.text}</p> `;
    case 'list':
      return html`<ul>
        ${block.items.map((item) => html`<li>${item}</li>`)}
      </ul> `;
    case 'code':
      return html`<pre tabindex="0"><code>${block.lines.join('\n')}</code></pre> `;
    case 'table':
      return html`<div class="table">${tableHtml(block.rows)}</div> `;
    case 'scores':
      return html`<div class="chart">${scoresSvg(block.scores)}</div>
        ${intervalTable(block)}`;
    case 'images':
      return imagesHtml(block.images, thumbnailOf);
  }
}

function imagesHtml(
  images: readonly CardImage[],
  thumbnailOf: (image: CardImage) => Thumbnail | undefined,
): Fragment {
  const shown = images.map(thumbnailOf);
  const square = shown.every((one) => one?.width === one?.height);
  return html`${shown.includes(undefined) && html`<p>${notShown}</p>`}
    <div class="${square ? 'images square' : 'images'}">
      ${images.map((image, at) => figure(image, shown[at]))}
    </div> `;
}

function intervalTable({scores}: Extract<Block, {kind: 'scores'}>): Fragment {
  const rows = scores.map(({name, value, low, high}) => ({
    'metric': name,
    'score': value.toFixed(3),
    '95 % interval': `${low.toFixed(3)} to ${high.toFixed(3)}`,
  }));
  return html`<div class="table">${tableHtml(rows)}</div> `;
}

/** Shows an image, or its name where the image isn't shown. */
function figure({id, caption, references, note}: CardImage, thumbnail: Thumbnail | undefined): Fragment {
  const image =
    thumbnail &&
    html`<img
      src="${thumbnail.uri}"
      width="${thumbnail.width}"
      height="${thumbnail.height}"
      alt="${caption}"
    />`;
  return html`<figure>
    ${image}
    <figcaption>
      <span class="name">${id}</span
      ><b>${caption}</b> ${note !== undefined && html`<span class="note">${note}</span>`}
      ${references.map((reference) => html`<q>${reference}</q>`)}
    </figcaption>
  </figure> `;
}
