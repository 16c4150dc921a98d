/**
 * Sends one GET request over https, through the proxy that `HTTPS_PROXY` names unless `NO_PROXY` excepts the host. It follows redirects to
 * https addresses only and gives up on a server that sends nothing for a while. Interpreting the response and retrying are left to the
 * caller.
 */
import type {IncomingHttpHeaders} from 'node:http';
import {Agent, EnvHttpProxyAgent, request} from 'undici';
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
  /** Certificates of authorities to trust in place of Node's, PEM. */
  readonly ca?: string | Buffer;
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

async function send(url: URL, {headers = {}, timeout = 30_000, signal, ca}: RequestOptions): Promise<Answer> {
  const proxy = url.protocol === 'https:' ? proxyOf(process.env) : undefined;
  const tls = ca === undefined ? {} : {connect: {ca}, requestTls: {ca}};
  const dispatcher = proxy
    ? new EnvHttpProxyAgent({
        ...tls,
        httpProxy: '',
        httpsProxy: proxy.address,
        ...(proxy.token && {token: proxy.token}),
      })
    : new Agent(tls);
  const watchdog = new Watchdog(timeout);
  const close = (): void => {
    watchdog.stop();
    // Ends the connection where data is left, and one to a proxy that never answered.
    dispatcher.destroy().catch(() => undefined);
  };
  const ended = AbortSignal.any([watchdog.signal, ...(signal ? [signal] : [])]);
  ended.addEventListener('abort', close);
  try {
    ended.throwIfAborted();
    // The watchdog is more exact than the limits of undici, which also leave out the time of the proxy.
    const sent = request(url, {dispatcher, headers, headersTimeout: 0, bodyTimeout: 0});
    const answer = await Promise.race([sent, rejection(ended)]);
    watchdog.refresh();
    // A body that nobody reads, that of a redirect, fails when its connection ends.
    answer.body.on('error', () => undefined);
    return {status: answer.statusCode, headers: answer.headers, body: read(answer.body, watchdog), close};
  } catch (error) {
    close();
    throw watchdog.failure ?? explain(error as NodeJS.ErrnoException, url, proxy?.host);
  }
}

function rejection(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) =>
    signal.addEventListener('abort', () => reject(signal.reason as Error), {once: true}),
  );
}

/** Errors before there is a connection. */
const unreachable =
  /^(ENOTFOUND|EAI_AGAIN|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|UND_ERR_CONNECT_TIMEOUT)$/;

/** Says what a failed request met. @param proxy The proxy that requests go through, unless NO_PROXY excepts their host. */
function explain(error: NodeJS.ErrnoException, url: URL, proxy: string | undefined): Error {
  const {code = '', message} = error;
  if (unreachable.test(code)) {
    const through = proxy === undefined ? '' : ` (HTTPS_PROXY names ${proxy})`;
    return new Unreachable(`cannot reach ${url.host}${through}: ${message || code}`, {cause: error});
  }
  const [, status] = /^Proxy response \((\d+)\)/.exec(message) ?? [];
  if (status === undefined) return error;
  const answered = `the proxy ${proxy} answered ${status}`;
  if (Number(status) >= 500) return new Error(answered, {cause: error}); // may be over soon
  const wayOut =
    status === '407'
      ? 'give it a user and a password: HTTPS_PROXY=http://user:password@host:port'
      : 'ask whoever runs it to allow this host, or except the host with NO_PROXY';
  return new CaptionerError('download', `${url.href}: expected a connection, ${answered}; ${wayOut}`, {
    cause: error,
  });
}

interface Proxy {
  /** Its address without user and password. */
  readonly address: string;
  readonly host: string;
  /** Header `Proxy-Authorization`. */
  readonly token?: string;
}

/** Reads `https_proxy` or `HTTPS_PROXY`, as curl does. @throws CaptionerError `download` for what is no proxy's address. */
function proxyOf(env: NodeJS.ProcessEnv): Proxy | undefined {
  const named = env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '';
  if (named === '') return undefined;
  const full = named.includes('://') ? named : `http://${named}`;
  const url = URL.canParse(full) ? new URL(full) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    // Without the value, which may hold a password.
    throw new CaptionerError(
      'download',
      'HTTPS_PROXY: expected http://host:port or https://host:port, got another address',
    );
  const {username, password, host, protocol} = url;
  const address = `${protocol}//${host}`;
  if (username === '') return {address, host};
  const user = [username, password].map(decoded).join(':');
  return {address, host, token: `Basic ${Buffer.from(user).toString('base64')}`};
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a percent sign that stands for itself
  }
}

async function* read(body: AsyncIterable<Buffer>, watchdog: Watchdog): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) {
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
  readonly #controller = new AbortController();
  /** The error with which the request was ended. */
  failure: Error | undefined;

  constructor(timeout: number) {
    this.#timer = setTimeout(() => {
      this.failure = new Error(`received nothing for ${timeout / 1000} s`);
      this.#controller.abort(this.failure);
    }, timeout);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  refresh(): void {
    this.#timer.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
