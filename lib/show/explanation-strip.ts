/** The strip of tiles that stands for the explorer in untrusted notebooks and on paper. */
import {html, type Fragment} from './html';
import type {ExplanationView} from './explanation-view';
import {percent} from './number-format';
import {ink, shade} from './palette';

/** Tiles of the strip: images of a word's map, as data URIs. */
export type Tiles = readonly {readonly word: number; readonly uri: string}[];

/** The map of each word in a tile with the word as headline. */
export function explanationStrip({words, methods}: ExplanationView, tiles: Tiles): Fragment {
  const key = methods[0]!.signed
    ? 'orange made the word more likely, blue less'
    : 'orange made the word more likely';
  return html`<div class="strip" style="display:flex;flex-wrap:wrap;gap:12px 10px">
    ${tiles.map(({word, uri}) => {
      const {text, probability = 0, unsure, rivals} = words[word]!;
      const rival = unsure ? rivals[0] : undefined;
      return html`<figure style="margin:0;width:132px">
        <div style="font-size:15px;font-weight:600">${text}</div>
        <img
          src="${uri}"
          alt="what made “${text}” likely"
          style="width:132px;border-radius:4px;display:block;margin:2px 0"
        />
        <figcaption style="font-size:12px;background:${shade.fill}">
          ${percent(probability)}${rival && html`, or ${rival.word} ${percent(rival.probability)}`}
        </figcaption>
      </figure>`;
    })}
    <div style="width:100%;font-size:12px;color:${ink}">${methods[0]!.label}: ${key}</div>
  </div>`;
}
