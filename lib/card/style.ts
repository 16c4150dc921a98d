/** The style of a card's page, for light and dark screens, phones and paper. */
export const style = `
:root { color-scheme: light dark; --page: #f6f7f9; --sheet: #fff; --ink: #1f2530; --soft: #5c6675; --line: #e1e5eb; --fill: #f3f5f8; --accent: #2463b4; --warn: #b3263f; }
@media (prefers-color-scheme: dark) { :root { --page: #14171c; --sheet: #1b2027; --ink: #e6e9ee; --soft: #9aa4b2; --line: #2d343e; --fill: #232932; --accent: #7db2f2; --warn: #f08a9b; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--ink); font: 16px/1.6 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; overflow-wrap: break-word; }
main { max-width: 980px; margin: 0 auto; padding: 48px 56px 40px; background: var(--sheet); min-height: 100vh; }
p, ul { max-width: 46em; margin: 0 0 12px; }
ul { padding-left: 1.2em; } li { margin: 0 0 4px; }
.kind { color: var(--accent); font-size: 13px; font-weight: 600; letter-spacing: .06em; text-transform: uppercase; margin: 0; }
h1 { font-size: 34px; line-height: 1.2; letter-spacing: -.02em; margin: 0 0 12px; }
h2 { font-size: 22px; line-height: 1.3; letter-spacing: -.01em; margin: 40px 0 12px; padding-top: 24px; border-top: 1px solid var(--line); }
.lead { font-size: 17.5px; }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 4px 18px; padding: 0; margin: 20px 0 0; font-size: 14.5px; max-width: none; }
nav li { margin: 0; }
a { color: var(--accent); text-underline-offset: 3px; }
a:focus-visible, pre:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 3px; }
pre { background: var(--fill); border: 1px solid var(--line); border-radius: 8px; padding: 12px 16px; overflow-x: auto; font-size: 13.5px; line-height: 1.55; margin: 0 0 14px; }
.table { overflow-x: auto; margin: 0 0 6px; }
.chart { max-width: 680px; margin: 8px 0 4px; } .chart svg { width: 100%; height: auto; display: block; }
.images { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(200px, 100%), 1fr)); gap: 22px 18px; margin: 10px 0 22px; }
figure { margin: 0; min-width: 0; break-inside: avoid; overflow-wrap: anywhere; }
figure img { width: 100%; height: auto; aspect-ratio: 4 / 3; object-fit: contain; background: var(--fill); border-radius: 8px; display: block; margin: 0 0 8px; }
.square img { aspect-ratio: 1; }
figcaption { font-size: 14px; line-height: 1.45; } figcaption > * { display: block; }
figcaption b { font-weight: 600; } figcaption q { color: var(--soft); font-size: 13px; margin-top: 3px; }
.name { color: var(--soft); font-size: 12px; } .note { color: var(--warn); font-size: 13px; }
footer { margin-top: 40px; padding-top: 14px; border-top: 1px solid var(--line); color: var(--soft); font-size: 13px; }
@media (max-width: 700px) { main { padding: 24px 16px; } h1 { font-size: 27px; } .images { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 18px 12px; } .chart { display: none; } }
@media print {
  :root { color-scheme: light; --page: #fff; --sheet: #fff; --ink: #000; --soft: #444; --line: #bbb; --fill: #f3f3f3; --accent: #1a4f94; --warn: #8f1d33; }
  main { max-width: none; padding: 0; } nav { display: none; } h2 { break-after: avoid; } pre { white-space: pre-wrap; }
  .images { grid-template-columns: repeat(3, 1fr); }
}
`;
