/** The parts of the explorer of an explanation: sentence, image, scale and switches. */
import {html, raw, type Fragment} from './html';
import {partsPerSide, type ExplanationView, type ViewedMethod, type ViewedWord} from './explanation-view';
import {explorerStyle} from './explanation-style';
import {explanationStrip, type Tiles} from './explanation-strip';
import type {Thumbnail} from './image';
import {influenceMatrix} from './influence-matrix';
import {percent, shortNumber} from './number-format';
import {signs} from './signed-map';

/**
 * Renders the explorer, which needs neither scripts nor a kernel. Where style sheets are removed, as in untrusted notebooks, and on paper,
 * the strip is shown in its place.
 *
 * @param name Class of the explorer and name of its radio buttons, unique in the page.
 */
export function explorerHtml(
  view: ExplanationView,
  image: Thumbnail,
  tiles: Tiles,
  name: string,
  title?: string,
): Fragment {
  const {words, methods} = view;
  return html`<div class="${name}" style="margin:6px 0 14px">
    ${explorerStyle(name, view)}
    ${title !== undefined && html`<div style="font-weight:600;font-size:14px;margin:0 0 10px">${title}</div>`}
    <div class="explorer" hidden="hidden">
      <div class="hint">
        Point at a word, or at the image.${methods.length === 1 && html` Method: ${methods[0]!.label}.`}
      </div>
      <fieldset class="sentence" aria-label="Caption: choose a word to see what in the image it depends on">
        ${words.map((word, at) => sentenceWord(word, at, name, at === view.first))}
      </fieldset>
      <div class="both">
        <div>${stage(view, image, name)} ${methods.map((method, m) => scales(method, m))}</div>
        <div>
          ${methods.length > 1 && methodSwitch(methods, name)}
          ${methods.some(({signed}) => signed) && signSwitch(name)} ${about(view)}
          ${methods.map((method, m) => html`<div class="k k${m}">${influenceMatrix(method, words, name)}</div>`)}
        </div>
      </div>
    </div>
    ${explanationStrip(view, tiles)}
  </div>`;
}

function sentenceWord(word: ViewedWord, at: number, name: string, first: boolean): Fragment {
  const {text, probability = 0, rivals, unsure, against} = word;
  if (!word.explained) return html`<span class="w w${at}"><b>${text}</b></span>`;
  const rival = unsure ? rivals[0] : undefined;
  return html`<label class="t word w w${at} ${unsure ? 'unsure' : ''}">
    <input
      type="radio"
      class="c word w${at}"
      name="${name}"
      id="${name}-w${at}"
      ${first && raw('checked="checked"')}
      aria-label="${text}, ${percent(probability)}${rival ? `, or ${rival.word}, ${percent(rival.probability)}` : ''}"
    />
    <b>${text}</b><small>${percent(probability)}</small>
    ${rival && html`<small>or ${rival.word} ${percent(rival.probability)}</small>`}
    ${against !== undefined && html`<small>not ${against}</small>`}
  </label>`;
}

/** The image, all maps over it, and the parts that can be pointed at. */
function stage({words, methods}: ExplanationView, image: Thumbnail, name: string): Fragment {
  const layers = methods.flatMap(({maps, signed}, m) =>
    maps.map(({word, support, oppose, strength, where}) => {
      const whole = signed ? '' : 'whole';
      const alt =
        where === undefined
          ? `Nothing in the image supports “${words[word]!.text}”`
          : `“${words[word]!.text}” is supported most by the ${where} of the image`;
      return html`<div
        class="y y${m}-${word}"
        role="img"
        aria-label="${alt}"
        style="opacity:${Number(strength.toFixed(2))}"
      >
        ${support !== undefined && html`<img class="map support ${whole}" src="${support}" alt="" />`}
        ${oppose !== undefined && html`<img class="map oppose ${whole}" src="${oppose}" alt="" />`}
      </div>`;
    }),
  );
  const parts = Array.from({length: partsPerSide ** 2}, (_, part) => {
    const [row, column] = [Math.floor(part / partsPerSide) + 1, (part % partsPerSide) + 1];
    return html`<label class="t part p${part}"
      ><input
        type="radio"
        class="c part p${part}"
        name="${name}"
        aria-label="part of the image in row ${row}, column ${column} of ${partsPerSide}"
    /></label>`;
  });
  return html`<div class="stage">
    <img
      class="photo"
      src="${image.uri}"
      width="${image.width}"
      height="${image.height}"
      alt="${words.map(({text}) => text).join(' ')}"
    />
    ${layers}
    <div
      class="parts"
      role="group"
      aria-label="Parts of the image: choose one to see which words depend on it"
    >
      ${parts}
    </div>
  </div>`;
}

/** The colours of each map with their values. */
function scales({maps, signed}: ViewedMethod, m: number): Fragment {
  return html`${maps.map(({word, scale, strength}) => {
    const colour = (sign: keyof typeof signs, alpha: number): string =>
      `rgba(${signs[sign].join(',')},${Number((0.9 * alpha * strength).toFixed(2))})`;
    const bar = signed
      ? `${colour('oppose', 1)},${colour('oppose', 0)} 50%,${colour('support', 0)} 50%,${colour('support', 1)}`
      : `${colour('support', 0)},${colour('support', 1)}`;
    const end = shortNumber(scale, scale);
    return html`<div class="y y${m}-${word}">
      <div class="scale">
        ${signed ? html`<span class="against">less likely</span>` : html`<span>matters little</span>`}
        <i style="background:linear-gradient(90deg,${bar})"></i>
        <span class="for">${signed ? 'more likely' : 'matters much'}</span>
        <span class="ends">
          <span>${signed ? `−${end}` : '0'}</span>${signed && html`<span>0</span>`}<span
            >${signed ? '+' : ''}${end}</span
          >
        </span>
      </div>
    </div>`;
  })}`;
}

function methodSwitch(methods: readonly ViewedMethod[], name: string): Fragment {
  return html`<fieldset class="switch" aria-label="Method">
    <b>Method</b>
    ${methods.map(
      ({label}, m) =>
        html`<label
          ><input
            type="radio"
            name="${name}-method"
            class="m${m}"
            ${m === 0 && raw('checked="checked"')}
          />${label}</label
        >`,
    )}
  </fieldset>`;
}

function signSwitch(name: string): Fragment {
  const choices = [
    ['s-both', 'both'],
    ['s-support', 'more likely'],
    ['s-oppose', 'less likely'],
  ] as const;
  return html`<fieldset class="switch signs" aria-label="Sign">
    <b>Show</b>
    ${choices.map(
      ([key, text], at) =>
        html`<label
          ><input
            type="radio"
            name="${name}-sign"
            class="${key}"
            ${at === 0 && raw('checked="checked"')}
          />${text}</label
        >`,
    )}
  </fieldset>`;
}

/** A description of the word or part that is pointed at. */
function about({words, methods}: ExplanationView): Fragment {
  const mark = (sign: 'for' | 'against', text: string): Fragment => html`<b class="${sign}">${text}</b>`;
  const [more, less] = [mark('for', 'more likely'), mark('against', 'less likely')];
  const those = (signed: boolean, word: number): string =>
    methods.flatMap((method, m) => (method.signed === signed ? [`y${m}-${word}`] : [])).join(' ');
  const texts = words.flatMap(({text, explained, probability = 0, rivals, against}, at) => {
    if (!explained) return [];
    const likely = against === undefined ? html`“${text}”` : html`“${text}” rather than “${against}”`;
    return [
      html`<div class="y ${those(true, at)}">
        What made ${likely} ${more} or ${less}, in the image and among the words before it.
      </div>`,
      html`<div class="y ${those(false, at)}">
        What mattered for ${likely}: the stronger the colour, the more.
      </div>`,
      html`<div class="y ${those(true, at)} ${those(false, at)}">
        ${[{word: text, probability}, ...rivals].slice(0, 4).map(rivalHtml)}
      </div>`,
    ];
  });
  return html`<div class="about">
    ${texts}
    <div class="about-part">
      ${
        methods.some(({signed}) => signed)
          ? html`Words that this part of the image made ${more} or ${less}.`
          : html`Words for which this part of the image mattered.`
      }
    </div>
  </div>`;
}

function rivalHtml({word, probability}: {readonly word: string; readonly probability: number}): Fragment {
  return html`<span class="rival"
    >${word}<i style="width:${Math.max(2, Math.round(60 * probability))}px"></i>${percent(probability)}</span
  >`;
}
