/** One GET request over HTTPS that follows redirects, never to a place where it could be listened to, and doesn't wait for ever. */
import http, {type IncomingHttpHeaders, type IncomingMessage} from 'node:http';
import https from 'node:https';
import {CaptionerError} from '../errors';

export interface Answer {
  readonly status: number;
  readonly message: string;
  readonly headers: IncomingHttpHeaders;
  /** Ends with an error when the connection breaks, or is silent for too long. */
  readonly body: AsyncIterable<Buffer>;
  close(): void;
}

export interface RequestOptions {
  /** Milliseconds without news after which the connection is given up. */
  readonly patience: number;
  /** Whether HTTP without encryption is allowed: for servers on one's own machine. */
  readonly insecure: boolean;
}

const maximumRedirects = 10;

/**
 * @throws CaptionerError `download` for an address that is not HTTPS, or too many redirects; any other error comes from the network.
 */
export async function request(
  address: string,
  headers: Readonly<Record<string, string>>,
  options: RequestOptions,
): Promise<Answer> {
  let url = parse(address, address, options);
  for (let redirect = 0; redirect <= maximumRedirects; redirect++) {
    const answer = await get(url, headers, options);
    const {statusCode = 0, headers: found} = answer;
    if (![301, 302, 303, 307, 308].includes(statusCode) || found.location === undefined)
      return {
        status: statusCode,
        message: answer.statusMessage ?? '',
        headers: found,
        body: answer,
        close: () => void answer.destroy(),
      };
    answer.destroy();
    const next = parse(new URL(found.location, url).href, address, options);
    if (url.protocol === 'https:' && next.protocol !== 'https:')
      throw new CaptionerError(
        'download',
        `${address}: expected to stay with HTTPS, but was sent to ${next.href}`,
      );
    url = next;
  }
  throw new CaptionerError(
    'download',
    `${address}: expected the file, but was sent on ${maximumRedirects} times`,
  );
}

function parse(address: string, asked: string, {insecure}: RequestOptions): URL {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url?.protocol === 'https:' || (insecure && url?.protocol === 'http:')) return url;
  const from = address === asked ? '' : `, sent from ${asked}`;
  throw new CaptionerError('download', `${address}: expected an address that begins with https://${from}`);
}

function get(
  url: URL,
  headers: Readonly<Record<string, string>>,
  {patience}: RequestOptions,
): Promise<IncomingMessage> {
  const {get: ask} = url.protocol === 'https:' ? https : http;
  return new Promise((resolve, reject) => {
    const asking = ask(url, {
      headers: {...headers, 'accept-encoding': 'identity', 'user-agent': 'captioner'},
      agent: false,
    });
    asking.setTimeout(patience, () => asking.destroy(new Error(`no news for ${patience / 1000} s`)));
    asking.on('response', resolve).on('error', reject);
  });
}
