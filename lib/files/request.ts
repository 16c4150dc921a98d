/**
 * Sends one GET request over https. It follows redirects to https addresses only and gives up on a server that sends nothing for a while.
 * Interpreting the response and retrying are left to the caller.
 */
import {request as requestHttp, type IncomingHttpHeaders, type IncomingMessage} from 'node:http';
import {request as requestHttps} from 'node:https';
import type {Socket} from 'node:net';
import {CaptionerError} from '../errors';

const mostRedirects = 10;
const redirects = [301, 302, 303, 307, 308];
const localHosts = ['localhost', '127.0.0.1', '[::1]'];

export interface RequestOptions {
  readonly headers?: Readonly<Record<string, string>>;
  /** Maximum time without any data, in milliseconds. @default 30000 */
  readonly timeout?: number;
  /** Allows plain http to this machine, for tests. A redirect from https to http is refused anyway. @default false */
  readonly insecure?: boolean;
  /** Ends the request, also while its body is read. */
  readonly signal?: AbortSignal | undefined;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: AsyncIterable<Buffer>;
  /** Stops the timer, and the connection if data is left. Call it once, even after the whole body was read. */
  close(): void;
}

/** No connection could be established: there is no network, no such host, or nothing listening. */
export class Unreachable extends Error {}

/**
 * Sends a GET request and follows redirects.
 *
 * @throws CaptionerError `download` for an address or redirect that is refused; `Unreachable`, or another error, if a retry may help.
 *   Reading the body may throw such an error, too.
 */
export async function get(address: string, options: RequestOptions = {}): Promise<Answer> {
  let url = checkAddress(address, options);
  for (let redirected = 0; redirected <= mostRedirects; redirected++) {
    const answer = await send(url, options);
    if (!redirects.includes(answer.status)) return answer;
    answer.close();
    const {location} = answer.headers;
    if (location === undefined || !URL.canParse(location, url.href))
      throw new CaptionerError(
        'download',
        `${url.href}: expected a redirect with a location, got ${location ?? 'none'}`,
      );
    url = checkAddress(new URL(location, url).href, options, url);
  }
  throw new CaptionerError('download', `${address}: expected at most ${mostRedirects} redirects, got more`);
}

function checkAddress(address: string, {insecure = false}: RequestOptions, from?: URL): URL {
  const url = new URL(address);
  const plain = insecure && url.protocol === 'http:' && localHosts.includes(url.hostname);
  if (url.protocol === 'https:' || (plain && from?.protocol !== 'https:')) return url;
  throw new CaptionerError(
    'download',
    from === undefined
      ? `${address}: expected an https address`
      : `${from.href}: expected a redirect to an https address, got ${address}`,
  );
}

function send(url: URL, {headers = {}, timeout = 30_000, signal}: RequestOptions): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = {headers, ...(signal && {signal})};
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, options);
    const watchdog = new Watchdog(timeout, (error) => request.destroy(error));
    let connected = false;
    request.on('socket', (socket: Socket) => {
      const connect = (): void => {
        connected = true;
        watchdog.refresh();
      };
      if (socket.connecting) socket.once('connect', connect);
      else connect();
    });
    request.on('response', (response) => {
      watchdog.refresh();
      const close = (): void => {
        watchdog.stop();
        if (!response.complete) request.destroy();
      };
      const {statusCode: status = 0, headers} = response;
      resolve({status, headers, body: read(response, watchdog), close});
    });
    // The listener stays while the body is read: an unhandled error would end the process.
    request.on('error', (cause) => {
      watchdog.stop();
      reject(connected ? cause : new Unreachable(`cannot reach ${url.host}: ${cause.message}`, {cause}));
    });
    request.end();
  });
}

async function* read(response: IncomingMessage, watchdog: Watchdog): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      watchdog.refresh();
      yield chunk;
      watchdog.refresh();
    }
  } catch (error) {
    throw watchdog.failure ?? error;
  }
}

/** Ends a request that receives nothing for `timeout` milliseconds. */
class Watchdog {
  readonly #timer: NodeJS.Timeout;
  /** The error with which the request was ended. */
  failure: Error | undefined;

  constructor(timeout: number, destroy: (error: Error) => void) {
    this.#timer = setTimeout(() => {
      this.failure = new Error(`received nothing for ${timeout / 1000} s`);
      destroy(this.failure);
    }, timeout);
  }

  refresh(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
