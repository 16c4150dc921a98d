/**
 * Decides which requests are answered at all. The page is for one person at this machine: its address contains a random token, and other
 * web sites that this person visits must not be able to use it, whether they know the port or have their name resolve to this machine.
 */
import {createHash, timingSafeEqual} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {Refusal} from './refusal';

/** Address of the page, which a request must know. */
export interface Secret {
  readonly port: number;
  /** First part of the path of every address. */
  readonly token: string;
}

/** Address of an admitted request. */
export interface Asked {
  /** The path below the token, without a slash at its beginning. */
  readonly path: string;
  readonly query: URLSearchParams;
}

const methods = ['GET', 'POST'];

/**
 * Checks where a request comes from and what it knows.
 *
 * @throws Refusal
 */
export function admit({headers, method, url = ''}: IncomingMessage, {port, token}: Secret): Asked {
  const host = headers.host ?? '';
  if (!hostsOf(port).includes(host))
    throw new Refusal(421, `Expected a request to 127.0.0.1:${port} or localhost:${port}, got another host`);
  const [, given, rest = ''] = /^\/([^/?#]*)\/?(.*)$/s.exec(url) ?? [];
  if (given === undefined || !isEqual(given, token))
    throw new Refusal(403, 'Open the whole address that captioner serve printed; its last part is a secret');
  if (headers.origin !== undefined && headers.origin !== `http://${host}`)
    throw new Refusal(403, 'Expected a request of this page, got one of another site');
  if (!methods.includes(method ?? ''))
    throw new Refusal(405, `Expected ${methods.join(' or ')}, got another method`, {
      Allow: methods.join(', '),
    });
  const [path = '', query] = splitOnce(rest, '?');
  return {path, query: new URLSearchParams(query)};
}

/** Browsers leave out the port of http. */
function hostsOf(port: number): string[] {
  const names = ['127.0.0.1', 'localhost'];
  return [...names.map((name) => `${name}:${port}`), ...(port === 80 ? names : [])];
}

/** Compares in a time that does not depend on where texts differ. */
function isEqual(one: string, other: string): boolean {
  const [a, b] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return timingSafeEqual(a!, b!);
}

function splitOnce(text: string, at: string): [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}
