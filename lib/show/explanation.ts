/** The explorer of explanations: point at a word and see what in the image it depends on, or at the image and see which words do. */
import type {Explanation} from '../explain/explanation';
import {html, raw, type Fragment} from './html';
import {explorerHtml} from './explanation-html';
import {viewExplanations, type ExplanationView} from './explanation-view';
import {thumbnail, type ImageSource} from './image';
import {percent} from './number-format';
import {breathe, show} from './output';
import {compositeUri} from './signed-map';
import {uniqueName} from './unique-name';

/** Options of `showExplanation` and `explanationPage`. */
export interface ExplanationOptions {
  readonly title?: string;
  /** How the encoder fits images into its square, see its `preprocessing.fit`; with `crop` the middle of the image is shown. @default `stretch` */
  readonly fit?: 'stretch' | 'crop';
  /** Longest side of the maps in pixels; finer ones are shrunk. @default 56 */
  readonly mapSide?: number;
}

/** Longest side of the image in pixels, and width of a tile of the strip. */
const imageSide = 480;
const tileWidth = 132;

/**
 * Shows an explanation to explore, without a kernel: point at a word, or choose it with the arrow keys, and its map lies over the image;
 * point at the image, and the words that depend on that part light up. Explanations by several methods can be switched.
 *
 * @param explanations One, or several of the same caption by different methods.
 * @param image The image that was explained: a path, the content of a file, or pixels.
 * @throws CaptionerError `options` when they explain different words; `image`, `not-found` when the image can't be read.
 * @example
 * const captioner = await Captioner.load('checkpoints/scenes');
 * await showExplanation(await explain(captioner, 'photo.jpg'), 'photo.jpg');
 */
export async function showExplanation(
  explanations: Explanation | readonly Explanation[],
  image: ImageSource,
  options: ExplanationOptions = {},
): Promise<void> {
  const {content, text} = await rendered(listed(explanations), image, options);
  show({'text/html': content.text, 'text/plain': text});
  await breathe();
}

const policy =
  "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'";

/**
 * Renders an explanation as a page to explore: one file without scripts, which needs nothing from the network.
 *
 * @param explanations As for `showExplanation`.
 */
export async function explanationPage(
  explanations: Explanation | readonly Explanation[],
  image: ImageSource,
  options: ExplanationOptions = {},
): Promise<string> {
  const list = listed(explanations);
  const {content} = await rendered(list, image, options);
  return html`${raw('<!DOCTYPE html>')}
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>Why “${list[0]!.caption}”?</title>
        <style>
          ${raw(pageStyle)}
        </style>
      </head>
      <body>
        <main>${content}</main>
      </body>
    </html> `.text;
}

const pageStyle = `:root{color-scheme:light dark}
body{margin:0;background:#fff;color:#1d2430;font:15px/1.45 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
main{max-width:940px;margin:0 auto;padding:20px 16px 40px}
@media(prefers-color-scheme:dark){body{background:#14171c;color:#e6e9ee}}
@media print{:root{color-scheme:light}body{background:#fff;color:#000}}`;

function listed(explanations: Explanation | readonly Explanation[]): readonly Explanation[] {
  return 'method' in explanations ? [explanations] : explanations;
}

async function rendered(
  explanations: readonly Explanation[],
  image: ImageSource,
  {title, fit = 'stretch', mapSide = 56}: ExplanationOptions,
): Promise<{content: Fragment; text: string}> {
  const view = await viewExplanations(explanations, mapSide);
  const shown = await thumbnail(image, imageSide, fit === 'crop' ? 'crop' : 'inside');
  const jpeg = Buffer.from(shown.uri.slice(shown.uri.indexOf(',') + 1), 'base64');
  const tiles = await Promise.all(
    view.methods[0]!.maps.map(async ({word, map, scale, strength}) => ({
      word,
      uri: await compositeUri(jpeg, map, scale, strength, tileWidth),
    })),
  );
  const name = uniqueName(
    'why',
    `${explanations.map(({method, caption}) => `${method} ${caption}`).join()} ${shown.uri}`,
  );
  return {content: explorerHtml(view, shown, tiles, name, title), text: textOf(view)};
}

/** Describes an explanation as text. */
function textOf({words, methods}: ExplanationView): string {
  const [first] = methods;
  const lines = first!.maps.map(({word, where}) => {
    const {text, probability = 0, rivals, unsure} = words[word]!;
    const rival = unsure && rivals[0] ? `, or ${rivals[0].word} ${percent(rivals[0].probability)}` : '';
    const place = where === undefined ? '' : `; supported most by the ${where} of the image`;
    return `  ${text} ${percent(probability)}${rival}${place}`;
  });
  return [`Why “${words.map(({text}) => text).join(' ')}”? (${first!.label})`, ...lines].join('\n');
}
