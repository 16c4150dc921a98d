/**
 * The style sheet of the explorer of an explanation, which does without scripts. What is pointed at, or else the chosen radio button, decides
 * which map lies over the image and how strongly each word lights up.
 */
import {raw, type Fragment} from './html';
import {partsPerSide, type ExplanationView} from './explanation-view';
import {palette, shade} from './palette';
import {signs} from './signed-map';

/** Colours of both signs as CSS. */
export const supportColour: string = `rgb(${signs.support.join(',')})`;
export const opposeColour: string = `rgb(${signs.oppose.join(',')})`;

/** Colours of texts, darker on a light page and lighter on a dark one. */
const textColours = {
  support: `color-mix(in srgb,${supportColour} 68%,currentColor)`,
  oppose: `color-mix(in srgb,${opposeColour} 72%,currentColor)`,
};

/**
 * @param name Class of the explorer, of letters, digits and hyphens.
 * @returns A style element. It contains no texts of the caption.
 */
export function explorerStyle(name: string, {words, methods}: ExplanationView): Fragment {
  const root = `.${name}`;
  const method = (at: number): string => (methods.length > 1 ? `:has(.m${at}:checked)` : '');
  /** Rules for when a target is pointed at or, while none is, chosen. */
  const at = (target: string, of: string, rest: string): string =>
    `${root}${of}:has(.t.${target}:hover)${rest},${root}${of}:not(:has(.t:hover)):has(.c.${target}:checked)${rest}`;
  const lights = (values: readonly number[]): string =>
    values
      .map((value, word) => (Math.abs(value) < 0.02 ? '' : `--l${word}:${Number(value.toFixed(2))};`))
      .join('');

  const rules = methods.flatMap(({maps, parts, influence}, m) => [
    ...maps.flatMap(({word}, row) => {
      const {rows, largest} = influence ?? {rows: [], largest: 0};
      const lit = lights((rows[row] ?? []).map((value) => (largest > 0 ? value / largest : 0)));
      return [
        `${at(`w${word}`, method(m), ` .y${m}-${word}`)}{display:block!important}`,
        ...(lit === '' ? [] : [`${at(`w${word}`, method(m), '')}{${lit}}`]),
      ];
    }),
    ...parts.map((part, cell) => {
      const lit = lights(part);
      return lit === '' ? '' : `${at(`p${cell}`, method(m), '')}{${lit}}`;
    }),
    ...(methods.length > 1 ? [`${root}:has(.m${m}:checked) .k${m}{display:block!important}`] : []),
    ...(methods[m]!.signed ? [] : [`${root}${method(m)} .signs{visibility:hidden}`]),
  ]);
  const zeros = words.map((_, word) => `--l${word}:0`).join(';');
  const lit = words.map(
    (_, word) =>
      `${root} .w.w${word}::before{opacity:calc(var(--l${word})*.62)}${root} .w.w${word}::after{opacity:calc(var(--l${word})*-.62)}`,
  );
  const chosen = (part: string): string =>
    `${root}:has(.t.${part}:hover),${root}:not(:has(.t:hover)):has(.c.${part}:checked)`;
  const css = [
    layout(root),
    `${root}{${zeros}}`,
    ...lit,
    ...(methods.length > 1 ? [] : [`${root} .k0{display:block!important}`]),
    ...rules,
    // Words stand out, or a part of the image does.
    chosen('word')
      .split(',')
      .map((one) => `${one} .photo{filter:grayscale(1) contrast(.8) brightness(1.06)}`)
      .join(''),
    chosen('part')
      .split(',')
      .map((one) => `${one} .about-part{display:block!important}`)
      .join(''),
    ...words.map(
      (_, word) =>
        `${at(`w${word}`, '', ` .w.w${word}`)}{outline:2px solid ${palette.grey};outline-offset:-1px}`,
    ),
    ...words.map((_, word) => `${at(`w${word}`, '', ` .r${word}`)}{background:${shade.line}}`),
    `${root}:has(.s-support:checked) .oppose:not(.whole),${root}:has(.s-oppose:checked) .support:not(.whole){display:none!important}`,
    `${root}:has(.s-support:checked) .w::after,${root}:has(.s-oppose:checked) .w::before{display:none}`,
  ];
  return raw(`<style>${css.join('')}</style>`);
}

function layout(root: string): string {
  const line = shade.line;
  return [
    `{max-width:900px;line-height:1.35}`,
    ` .explorer{display:block!important}`,
    ` .strip{display:none!important}`,
    ` *{box-sizing:border-box}`,
    ` input{position:absolute;opacity:0;width:1px;height:1px;margin:0}`,
    // The sentence
    ` .sentence{display:flex;flex-wrap:wrap;gap:4px 3px;margin:0 0 12px;border:0;padding:0;min-width:0}`,
    ` .w{position:relative;isolation:isolate;display:block;padding:3px 9px 5px;border-radius:8px;min-height:44px;min-width:34px}`,
    ` label.w{cursor:pointer}`,
    ` .w::before,${root} .w::after{content:"";position:absolute;inset:0;border-radius:8px;z-index:-1;opacity:0}`,
    ` .w::before{background:${supportColour}}`,
    ` .w::after{background:${opposeColour}}`,
    ` .w b{display:block;font-size:21px;font-weight:600;line-height:1.3}`,
    ` .w.unsure b{text-decoration:underline dotted 2px;text-underline-offset:4px}`,
    ` .w small{display:block;font-size:12px;opacity:.8;font-variant-numeric:tabular-nums;white-space:nowrap}`,
    ` label:has(input:focus-visible){outline:3px solid ${palette.blue}!important;outline-offset:1px}`,
    // The image and what is beside it
    ` .both{display:grid;grid-template-columns:minmax(0,380px) minmax(0,1fr);gap:14px 26px;align-items:start}`,
    ` .stage{position:relative;line-height:0;border-radius:8px;overflow:hidden;isolation:isolate}`,
    ` .photo{width:100%;height:auto;display:block;margin:0;max-width:none}`,
    ` .map{position:absolute;inset:0;width:100%!important;height:100%!important;max-width:none;margin:0;display:block}`,
    ` .parts{position:absolute;inset:0;display:grid;grid-template:repeat(${partsPerSide},1fr)/repeat(${partsPerSide},1fr)}`,
    ` .parts label{position:relative;cursor:crosshair}`,
    ` .parts label:hover,${root}:not(:has(.t:hover)) .parts label:has(:checked){outline:3px solid #fff;outline-offset:-3px;box-shadow:inset 0 0 0 5px #000}`,
    ` .y{display:none}`,
    ` .scale{display:grid;grid-template-columns:auto minmax(60px,1fr) auto;gap:2px 8px;align-items:center;font-size:12.5px;line-height:1.3;margin:8px 0 0}`,
    ` .scale i{height:10px;border-radius:5px;border:1px solid ${line}}`,
    ` .scale .ends{grid-column:2;display:flex;gap:6px;justify-content:space-between;font-variant-numeric:tabular-nums;opacity:.8}`,
    ` .switch{display:flex;flex-wrap:wrap;gap:5px 6px;align-items:center;border:0;padding:0;margin:0 0 10px;font-size:13px;min-width:0}`,
    ` .switch label{position:relative;padding:4px 10px;border:1px solid ${line};border-radius:6px;cursor:pointer}`,
    ` .switch label:has(:checked){background:${palette.blue};border-color:${palette.blue};color:#fff}`,
    ` .switch b{font-weight:600;min-width:54px}`,
    ` .about{font-size:14px;margin:0 0 14px;min-height:66px}`,
    ` .about-part{display:none}`,
    ` .rival{display:inline-block;margin:4px 12px 0 0;font-variant-numeric:tabular-nums}`,
    ` .rival i{display:inline-block;height:9px;border-radius:3px;background:${palette.grey};margin:0 5px 0 6px}`,
    ` .matrix{overflow-x:auto}`,
    ` table{border-collapse:separate;border-spacing:1px;font-size:12px;line-height:1.2;margin:4px 0 0}`,
    ` td{min-width:32px;height:24px;padding:0!important;text-align:center!important;font-size:10px;font-variant-numeric:tabular-nums;background:${shade.fill}}`,
    ` td.none{background:none}`,
    ` .unseen{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}`,
    ` .hint{font-size:13px;opacity:.75;margin:0 0 6px}`,
    ` th{font-weight:400;padding:2px 6px!important;text-align:right!important;vertical-align:bottom}`,
    ` thead th{writing-mode:vertical-rl;transform:rotate(180deg);text-align:left!important;padding:6px 2px!important}`,
    ` th label{cursor:pointer;display:block;border-radius:4px;padding:3px 6px;white-space:nowrap}`,
    ` .k{display:none}`,
    ` b.for,${root} span.for{color:${textColours.support};font-weight:600}`,
    ` b.against,${root} span.against{color:${textColours.oppose};font-weight:600}`,
  ]
    .map((rule) => `${root}${rule}`)
    .concat(
      `@media(max-width:700px){${root} .both{grid-template-columns:minmax(0,1fr)}${root} .w b{font-size:19px}${root} .w{padding:3px 7px 5px}${root} .about{min-height:0}${root} td{font-size:0;min-width:20px;height:20px}}`,
      `@media print{${root} .explorer{display:none!important}${root} .strip{display:flex!important}}`,
      `@media(forced-colors:active){${root} .w::before,${root} .w::after{forced-color-adjust:none}}`,
    )
    .join('');
}
