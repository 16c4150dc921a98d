/** A file and local servers that serve it with scripted faults. */
import {execFileSync} from 'node:child_process';
import {createHash, randomBytes} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {expect} from 'chai';
import {CaptionerError, type ErrorCode} from 'captioner';
import type {DownloadOptions} from 'captioner/dist/files/download';

export const content = randomBytes(300_000);
export const half = 150_000;
export const md5 = createHash('md5').update(content).digest('hex');
export const quick: DownloadOptions = {insecure: true, timeout: 1000, pause: 5};

export type Handler = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];

/** Closes all servers; call it in `afterEach`. */
export function closeServers(): void {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
}

export async function listen(server: Server, scheme = 'http'): Promise<string> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}/file`;
}

/** Starts a local server that answers each request with the next handler, and repeats the last. */
export async function serve(
  ...handlers: Handler[]
): Promise<{address: string; requests: IncomingMessage['headers'][]}> {
  const requests: IncomingMessage['headers'][] = [];
  const listener: RequestListener = (request, response) => {
    requests.push(request.headers);
    handlers[Math.min(requests.length, handlers.length) - 1]!(request, response);
  };
  return {address: await listen(createServer(listener)), requests};
}

/** Sends the file or the requested rest, like a correct server. */
export const whole: Handler = (request, response) => {
  const [, from] = /^bytes=(\d+)-$/.exec(request.headers.range ?? '') ?? [];
  const rest = content.subarray(Number(from ?? 0));
  response.writeHead(from === undefined ? 200 : 206, {
    'etag': '"one"',
    'content-length': rest.length,
    ...(from && {'content-range': `bytes ${from}-${content.length - 1}/${content.length}`}),
  });
  response.end(rest);
};

/** Sends half of the file, then nothing, or closes the connection. */
export const broken =
  (after: 'silence' | 'end'): Handler =>
  (_, response) => {
    response.writeHead(200, {'etag': '"one"', 'content-length': content.length});
    response.write(
      content.subarray(0, half),
      () => after === 'end' && setTimeout(() => response.destroy(), 150),
    );
  };

export const status =
  (code: number, headers: Record<string, string> = {}): Handler =>
  (_, response) =>
    response.writeHead(code, headers).end();

export async function refused(work: Promise<unknown>, code: ErrorCode, message: RegExp): Promise<void> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error, String(error)).to.be.instanceOf(CaptionerError);
  expect((error as CaptionerError).message).to.match(message);
  expect((error as CaptionerError).code).to.equal(code);
}

/** A key with a certificate for 127.0.0.1 and localhost that no authority signed; undefined without openssl. */
export function selfSigned(folder: string): {readonly key: Buffer; readonly cert: Buffer} | undefined {
  const [key, certificate] = [join(folder, 'key.pem'), join(folder, 'certificate.pem')];
  const subject = ['-subj', '/CN=127.0.0.1', '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'];
  const kind = '-x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'.split(' ');
  try {
    execFileSync('openssl', ['req', ...kind, ...subject, '-keyout', key, '-out', certificate], {
      stdio: 'ignore',
    });
  } catch {
    return undefined;
  }
  return {key: readFileSync(key), cert: readFileSync(certificate)};
}
