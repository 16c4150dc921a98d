/** The style of the page, for light and dark, wide and narrow windows. */

export const style = `
:root {
  color-scheme: light dark;
  --page: #fbfbfc; --card: #fff; --ink: #1d2430; --soft: #586273; --line: #d5dae2; --hover: #eef2f8;
  --accent: #2a66b5; --bar: #2a66b5; --mark: #dfeafa; --changed: #b34a00; --warn: #a3271f; --warn-back: #fdeeed;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171c; --card: #1c2027; --ink: #e6e9ee; --soft: #a2abb8; --line: #363d48; --hover: #272d37;
    --accent: #7fb2f5; --bar: #5b97e3; --mark: #24364f; --changed: #ffac6b; --warn: #ff9d93; --warn-back: #3a2020;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; }
header { padding: 20px 24px 4px; max-width: 1240px; margin: auto; }
h1 { font-size: 22px; line-height: 1.2; margin: 0; letter-spacing: -.01em; }
header p { margin: 2px 0 0; color: var(--soft); }
h2, legend { font-size: 14px; font-weight: 600; margin: 0 0 6px; padding: 0; color: var(--soft); }
main { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 24px; align-items: start; padding: 16px 24px 40px; max-width: 1240px; margin: auto; }
.quiet, #formats, figcaption, #status { color: var(--soft); font-size: 14px; margin: 0; }
.unseen, #file { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }

.photo { position: sticky; top: 16px; }
.drop { position: relative; display: flex; flex-direction: column; align-items: center; justify-content: center; gap: 4px; min-height: 380px; padding: 16px;
  border: 2px dashed var(--soft); border-radius: 12px; background: var(--card); text-align: center; cursor: pointer; }
.drop:hover, .drop.over { border-color: var(--accent); background: var(--mark); }
.drop:focus-within { outline: 3px solid var(--accent); outline-offset: 2px; }
.drop.small { min-height: 0; flex-flow: row wrap; gap: 2px 12px; padding: 10px 14px; margin-bottom: 12px; }
figure { margin: 0; }
.canvases { position: relative; background: var(--card); border-radius: 12px; overflow: hidden; }
.canvases canvas { display: block; width: 100%; max-height: 68vh; object-fit: contain; }
#painted, #overlay { position: absolute; inset: 0; height: 100%; pointer-events: none; }
.canvases.mapped #image { filter: grayscale(1) contrast(.8) brightness(1.06); }
.canvases.painting { cursor: crosshair; touch-action: none; outline: 3px dashed var(--accent); outline-offset: 1px; }
.tools { display: flex; flex-wrap: wrap; gap: 8px; margin: 10px 0 0; }
.tools button { font: inherit; font-size: 14px; color: inherit; background: var(--card); border: 1px solid var(--soft); border-radius: 8px; padding: 6px 12px; min-height: 40px; cursor: pointer; }
.tools button:hover { background: var(--hover); }
.tools button[aria-pressed=true] { background: var(--accent); border-color: var(--accent); color: var(--page); }
#before:empty { display: none; }
#result > .field { margin: 6px 0; }
figcaption { display: grid; gap: 2px; padding: 8px 2px 0; overflow-wrap: anywhere; }
#about-attention { display: grid; gap: 2px; }
/* The place is kept, so that nothing moves under the pointer when a word is left. */
#about-attention.idle { visibility: hidden; }
#explanation { min-height: 21px; }
.scale { display: grid; grid-template-columns: auto minmax(60px, 160px) auto; gap: 8px; align-items: center; justify-content: start; font-variant-numeric: tabular-nums; }
.scale.signed i { background: linear-gradient(90deg, rgb(38 116 224), transparent 50%, rgb(245 133 24)); }
.scale i { height: 10px; border-radius: 5px; border: 1px solid var(--line); background: linear-gradient(90deg, #23262b, #fff); }

form { display: grid; gap: 10px; margin-top: 22px; padding: 14px 16px; border: 1px solid var(--line); border-radius: 12px; background: var(--card); }
.field { display: grid; grid-template-columns: 9.5em minmax(0, 1fr); gap: 2px 12px; align-items: center; margin: 0; }
.field small { grid-column: 2; color: var(--soft); font-size: 13px; line-height: 1.4; }
label[for], summary { font-size: 14px; }
code { font: 14px ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
summary { cursor: pointer; color: var(--accent); width: fit-content; border-radius: 4px; }
#more-options { display: grid; gap: 10px; padding-top: 10px; }
select, input[type=number] { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--soft); border-radius: 8px; padding: 6px 8px; min-height: 40px; width: 100%; }
input[type=number] { max-width: 8em; }
input:invalid { border-color: var(--warn); }

.state { display: grid; gap: 6px; align-content: start; min-height: 34px; padding: 0 2px 6px; }
progress { width: 100%; height: 6px; accent-color: var(--bar); }
.notice { margin: 0 0 14px; padding: 10px 14px; border-radius: 8px; border-left: 4px solid var(--warn); background: var(--warn-back); color: var(--ink); overflow-wrap: anywhere; }
main > .notice, noscript .notice { margin: 16px 24px; }

#caption { display: flex; flex-wrap: wrap; gap: 4px 0; margin: 0 -8px 6px; }
.word { display: grid; gap: 1px; justify-items: start; min-width: 44px; min-height: 44px; padding: 4px 8px 6px; border: 1px solid transparent; border-radius: 8px; background: none; color: inherit; font: inherit; text-align: left; cursor: pointer; }
.word b { font-size: 21px; font-weight: 600; line-height: 1.25; overflow-wrap: anywhere; }
.word small { font-size: 13px; color: var(--soft); font-variant-numeric: tabular-nums; }
.word.changed b { text-decoration: underline 3px var(--changed); text-underline-offset: 4px; color: var(--changed); }
.word:hover, .word.shown { background: var(--hover); }
.word[aria-pressed=true] { background: var(--mark); border-color: var(--accent); }
.word.end b { font-weight: 400; color: var(--soft); }
.bar { display: block; width: 100%; height: 4px; border-radius: 2px; background: var(--line); overflow: hidden; }
.bar i { display: block; height: 100%; border-radius: 2px; background: var(--bar); }

fieldset { margin: 18px 0 8px; padding: 0; border: 0; min-width: 0; }
.hypothesis { display: grid; grid-template-columns: auto minmax(0, 1fr) auto; gap: 2px 10px; align-items: baseline; padding: 9px 10px; border: 1px solid var(--line); border-bottom-width: 0; background: var(--card); cursor: pointer; }
.hypothesis:first-child { border-radius: 10px 10px 0 0; }
.hypothesis:last-child { border-radius: 0 0 10px 10px; border-bottom-width: 1px; }
.hypothesis:first-child:last-child { border-radius: 10px; }
.hypothesis:hover { background: var(--hover); }
.hypothesis:has(:checked) { background: var(--mark); }
.hypothesis:focus-within { outline: 3px solid var(--accent); outline-offset: -1px; position: relative; }
.hypothesis input { margin: 0; accent-color: var(--accent); outline: none; transform: translateY(1px); }
.hypothesis b { font-weight: 500; overflow-wrap: anywhere; }
.hypothesis span { font-variant-numeric: tabular-nums; white-space: nowrap; }
.hypothesis small { grid-column: 2 / 4; color: var(--soft); font-size: 13px; }
.hypothesis .bar { grid-column: 2 / 4; }

@media (max-width: 800px) {
  main { grid-template-columns: minmax(0, 1fr); gap: 16px; padding: 12px 16px 32px; }
  header { padding: 16px 16px 0; }
  .photo { position: static; }
  .drop { min-height: 180px; }
  .canvases canvas { max-height: 46vh; }
}
@media (max-width: 480px) {
  .field { grid-template-columns: minmax(0, 1fr); }
  .field small { grid-column: 1; }
  .word b { font-size: 19px; }
  #explanation { min-height: 42px; }
}
@media (prefers-reduced-motion: no-preference) { .word, .hypothesis, .drop { transition: background-color .12s, border-color .12s; } }
@media (forced-colors: active) { .bar i { background: Highlight; } .word[aria-pressed=true] { border-color: Highlight; } }
`;
