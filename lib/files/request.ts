/**
 * One GET over https: it follows redirects without ever leaving https, and gives up on a server that falls silent. What
 * the answer means, and whether to ask again, is the caller's to say.
 */
import {request as requestHttp, type IncomingHttpHeaders, type IncomingMessage} from 'node:http';
import {request as requestHttps} from 'node:https';
import type {Socket} from 'node:net';
import {CaptionerError} from '../errors';

const mostRedirects = 10;
const redirects = [301, 302, 303, 307, 308];
const ownMachine = ['localhost', '127.0.0.1', '[::1]'];

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Milliseconds without a sign of life. @default 30000 */
  readonly timeout?: number;
  /** Lets an address on this machine be plain http, which tests need; a redirect from https to http stays refused. @default false */
  readonly insecure?: boolean;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
  /** Ends the connection where the body was not read to its end. */
  close(): void;
}

/** No connection came about: there is no network, no such host, or nobody listens there. */
export class Unreachable extends Error {}

/**
 * @throws CaptionerError `download` for an address or a redirect that is refused; `Unreachable`, or another error, where
 *   asking again may help. Reading the body throws the latter too.
 */
export async function get(address: string, options: RequestOptions = {}): Promise<Answer> {
  let url = checkAddress(address, options);
  for (let redirected = 0; redirected <= mostRedirects; redirected++) {
    const answer = await ask(url, options);
    if (!redirects.includes(answer.status)) return answer;
    answer.close();
    const {location} = answer.headers;
    if (location === undefined || !URL.canParse(location, url.href))
      throw new CaptionerError(
        'download',
        `${url.href}: expected a redirect to say where to, got ${location}`,
      );
    url = checkAddress(new URL(location, url).href, options, url);
  }
  throw new CaptionerError('download', `${address}: expected at most ${mostRedirects} redirects, got more`);
}

function checkAddress(address: string, {insecure = false}: RequestOptions, from?: URL): URL {
  const url = new URL(address);
  const plain = insecure && url.protocol === 'http:' && ownMachine.includes(url.hostname);
  if (url.protocol === 'https:' || (plain && from?.protocol !== 'https:')) return url;
  throw new CaptionerError(
    'download',
    from === undefined
      ? `${address}: expected an https address`
      : `${from.href}: expected a redirect to an https address, got ${address}`,
  );
}

function ask(url: URL, {headers = {}, timeout = 30_000}: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {headers});
    const watch = new Watch(timeout, (error) => request.destroy(error));
    let connected = false;
    request.on('socket', (socket: Socket) => {
      const connect = (): void => {
        connected = true;
        watch.see();
      };
      if (socket.connecting) socket.once('connect', connect);
      else connect();
    });
    request.on('response', (response) => {
      watch.see();
      const close = (): void => {
        watch.end();
        if (!response.complete) request.destroy();
      };
      const {statusCode: status = 0, headers} = response;
      resolve({status, headers, body: read(response, watch), close});
    });
    // It stays on while the body is read: an error that nobody listens to would end the process.
    request.on('error', (cause) => {
      watch.end();
      reject(connected ? cause : new Unreachable(`${url.host} can't be reached: ${cause.message}`, {cause}));
    });
    request.end();
  });
}

async function* read(response: IncomingMessage, watch: Watch): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      watch.see();
      yield chunk;
      watch.see();
    }
  } catch (error) {
    throw watch.failure ?? error;
  }
}

/** Ends what falls silent. */
class Watch {
  readonly #timer: NodeJS.Timeout;
  /** Says so where it did. */
  failure: Error | undefined;

  constructor(timeout: number, destroy: (error: Error) => void) {
    this.#timer = setTimeout(() => {
      this.failure = new Error(`nothing came for ${timeout / 1000} s`);
      destroy(this.failure);
    }, timeout);
  }

  see(): void {
    this.#timer.refresh();
  }

  end(): void {
    clearTimeout(this.#timer);
  }
}
