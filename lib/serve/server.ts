/**
 * A page on this machine for captions of one's own images. The server shows what the library gives; it keeps no image and writes no file.
 * It listens on 127.0.0.1 only, and each of its addresses contains a random token.
 */
import {randomBytes} from 'node:crypto';
import {createServer, STATUS_CODES, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import type {AddressInfo, Socket} from 'node:net';
import {join} from 'node:path';
import {CaptionerError} from '../errors';
import {outputFolder, projectFolder} from '../paths';
import {headers, type Reply} from './assets';
import {admit} from './guard';
import {refusalOf, Refusal} from './refusal';
import {Routes} from './routes';

export const defaultPort = 8700;

/** Options of `serve`. */
export interface ServeOptions {
  /** Port to listen on; 0 takes a free one. @default 8700 */
  readonly port?: number;
  /** Folder whose checkpoints and runs are offered. @default the project's `checkpoints` */
  readonly folder?: string;
  /** Folder of the checkpoint or run that is chosen first; it may lie elsewhere. @default the bundled checkpoint */
  readonly checkpoint?: string;
  /** Largest image in bytes. @default 20 MB */
  readonly byteLimit?: number;
  /** Number of images that may wait while one is captioned. @default 4 */
  readonly waiting?: number;
  /** Time within which a request has to arrive whole, in milliseconds. @default 30000 */
  readonly timeout?: number;
  /** Called with errors that nobody foresaw; the page is told only that there was one. */
  readonly onError?: (error: unknown) => void;
}

/** A page that is being served. */
export interface CaptionServer {
  /** Address of the page, token included. */
  readonly url: string;
  readonly port: number;
  /** Number of captioners in memory. */
  readonly loaded: number;
  /** Frees the port and ends all connections at once; resolves when the models are freed too. */
  close(): Promise<void>;
}

/**
 * Serves the page until it is closed.
 *
 * @throws CaptionerError `options` when the port is in use or may not be used
 * @example const {url, close} = await serve({port: 0});
 */
export async function serve(options: ServeOptions = {}): Promise<CaptionServer> {
  const {port = defaultPort, byteLimit = 20_000_000, waiting = 4, timeout = 30_000} = options;
  const {folder = join(outputFolder(), 'checkpoints')} = options;
  // Runs that are written elsewhere don't lie beside the bundled checkpoint.
  const apart = options.folder === undefined && outputFolder() !== projectFolder();
  const {checkpoint = apart ? join(projectFolder(), 'checkpoints', 'flickr8k') : undefined} = options;
  const token = randomBytes(24).toString('base64url');
  const routes = new Routes({folder, first: checkpoint, byteLimit, waiting});
  const limits = {
    requestTimeout: timeout,
    headersTimeout: Math.min(timeout, 10_000),
    keepAliveTimeout: 5000,
    connectionsCheckingInterval: Math.min(timeout, 2000) / 2,
    maxHeaderSize: 8192,
  };
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const asked = admit(request, {port: portOf(server), token});
      send(request, response, 200, await routes.answer(asked, request, response));
    } catch (error) {
      const refusal = refusalOf(error, [folder, ...(checkpoint === undefined ? [] : [checkpoint])]);
      if (refusal === undefined) options.onError?.(error);
      const {
        status,
        message,
        headers: more,
      } = refusal ?? new Refusal(500, 'This failed; the terminal says why');
      send(request, response, status, problem(message), more);
    }
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void answer(request, response);
  const server = createServer(limits, listener);
  server.maxConnections = 64;
  server.timeout = 4 * timeout;
  // The body is called for only where it is read.
  server.on('checkContinue', listener);
  server.on('clientError', refuseBroken);
  await listen(server, port);
  return {
    url: `http://127.0.0.1:${portOf(server)}/${token}/`,
    port: portOf(server),
    get loaded() {
      return routes.models.size;
    },
    close: () => {
      server.close();
      server.closeAllConnections();
      return routes.close();
    },
  };
}

function portOf(server: Server): number {
  return (server.address() as AddressInfo).port;
}

function listen(server: Server, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE' ? 'is in use' : `cannot be used (${error.code ?? error.message})`;
      reject(
        new CaptionerError(
          'options',
          `Port ${port} ${reason}; choose another, such as --port ${port + 1}, or any free one: --port 0`,
          {cause: error},
        ),
      );
    });
    server.listen({port, host: '127.0.0.1', exclusive: true}, resolve);
  });
}

function problem(message: string): Reply {
  return {type: 'application/json; charset=utf-8', body: JSON.stringify({error: message})};
}

/** Time for which the rest of a body that is not read is thrown away, in milliseconds. */
const patience = 2000;

function send(
  request: IncomingMessage,
  response: ServerResponse,
  status: number,
  {type, body}: Reply,
  more: Readonly<Record<string, string>> = {},
): void {
  if (response.destroyed || response.headersSent) return;
  const unread = !request.complete && hasBody(request);
  response.writeHead(status, {
    ...headers,
    ...more,
    'Content-Type': type,
    'Content-Length': Buffer.byteLength(body),
    ...(unread && {Connection: 'close'}),
  });
  if (!unread) {
    response.end(body);
    return;
  }
  // The connection is closed when the client has sent all, or a little later: closed at once, it would lose the answer.
  response.write(body);
  const timer = setTimeout(() => request.destroy(), patience);
  request.once('close', () => clearTimeout(timer));
  request.once('end', () => response.end());
  request.resume();
}

function hasBody({
  headers: {'content-length': length, 'transfer-encoding': coding},
}: IncomingMessage): boolean {
  return coding !== undefined || Number(length ?? 0) > 0;
}

/** Answers what is not HTTP, what is too long for a header, and what does not arrive in time. */
function refuseBroken({code}: NodeJS.ErrnoException, socket: Socket): void {
  if (!socket.writable || code === 'ECONNRESET') {
    socket.destroy();
    return;
  }
  const [status, message] =
    code === 'ERR_HTTP_REQUEST_TIMEOUT'
      ? [408, 'The request took too long to arrive; send it again']
      : code === 'HPE_HEADER_OVERFLOW'
        ? [431, 'The header of the request is too long']
        : [400, 'Expected a request of HTTP'];
  const {type, body} = problem(message);
  const lines = {
    ...headers,
    'Content-Type': type,
    'Content-Length': `${Buffer.byteLength(body)}`,
    'Connection': 'close',
  };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}`);
  socket.end([`HTTP/1.1 ${status} ${STATUS_CODES[status]}`, ...head, '', body].join('\r\n'));
}
