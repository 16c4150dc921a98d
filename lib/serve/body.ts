/** Reads the body of a request up to a limit, which is checked while the body arrives. */
import type {IncomingMessage, ServerResponse} from 'node:http';
import {Refusal} from './refusal';

/**
 * Reads the body of a request.
 *
 * @param limit Largest body in bytes.
 * @throws Refusal `413` for a larger body, at the first byte that is too many, or before the first if its length was announced;
 *   `400` for one that ends early.
 */
export function readBody(request: IncomingMessage, response: ServerResponse, limit: number): Promise<Buffer> {
  const tooLarge = (): Refusal =>
    new Refusal(413, `The image is larger than ${inMegabytes(limit)}; choose a smaller one`);
  if (Number(request.headers['content-length'] ?? 0) > limit) return Promise.reject(tooLarge());
  if (request.headers.expect !== undefined) response.writeContinue();
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    let size = 0;
    const onData = (part: Buffer): void => {
      size += part.length;
      if (size <= limit) {
        parts.push(part);
        return;
      }
      request.off('data', onData);
      request.pause();
      parts.length = 0;
      reject(tooLarge());
    };
    request.on('data', onData);
    request.once('end', () => resolve(Buffer.concat(parts)));
    request.once('close', () => reject(new Refusal(400, 'The image did not arrive whole; send it again')));
    request.once('error', () => reject(new Refusal(400, 'The image did not arrive whole; send it again')));
  });
}

function inMegabytes(bytes: number): string {
  return bytes < 1e6 ? `${Math.round(bytes / 1e3)} kB` : `${Math.round(bytes / 1e6)} MB`;
}
