/** The files of the page, and the headers that every answer has. */
import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {icon, page} from './page-html';
import {style} from './page-style';

/** An answer with its type. */
export interface Reply {
  readonly type: string;
  readonly body: string;
}

/** Modules of the page, compiled from `page/`. */
const modules = ['app', 'attention', 'captions', 'client', 'dom', 'paint', 'photo', 'settings'];

const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  // No text becomes markup, whatever a file is called and whatever a decoder writes.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ');

/** Headers of every answer: nothing is kept, nothing is passed on, and nothing from elsewhere is loaded. */
export const headers: Readonly<Record<string, string>> = {
  'Content-Security-Policy': policy,
  'Cache-Control': 'no-store',
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** Returns the files of the page by their path. */
export function pageFiles(): Map<string, Reply> {
  return new Map([
    ['', {type: 'text/html; charset=utf-8', body: page}],
    ['page.css', {type: 'text/css; charset=utf-8', body: style}],
    ['icon.svg', {type: 'image/svg+xml', body: icon}],
    ...modules.map((name): [string, Reply] => [
      `${name}.js`,
      {
        type: 'text/javascript; charset=utf-8',
        body: readFileSync(join(__dirname, 'page', `${name}.js`), 'utf8'),
      },
    ]),
  ]);
}
