/** Sends requests with any header and body, as no browser would. */
import {request, type IncomingHttpHeaders, type RequestOptions} from 'node:http';
import {connect} from 'node:net';
import {tmpdir} from 'node:os';
import {expect} from 'chai';
import {projectRoot} from '../support';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Question {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
  /** The path as it is sent, where it is not that of the address. */
  readonly path?: string;
}

export function ask(url: string, {method = 'GET', headers = {}, body, path}: Question = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options: RequestOptions = {
      method,
      headers: {...headers},
      agent: false,
      ...(path !== undefined && {path}),
    };
    const asked = request(url, options, (response) => {
      const parts: Buffer[] = [];
      response.on('data', (part: Buffer) => parts.push(part));
      response.on('error', reject);
      response.on('end', () =>
        resolve({
          status: response.statusCode!,
          headers: response.headers,
          text: Buffer.concat(parts).toString(),
        }),
      );
    });
    asked.on('error', reject);
    asked.end(body);
  });
}

/** The words of an answer that is a refusal. */
export function wordsOf({text}: Answer): string {
  return (JSON.parse(text) as {error: string}).error;
}

/** Writes text to a connection. @returns What came back when the other side closed it, and after how many milliseconds. */
export function say(port: number, text: string): Promise<{text: string; milliseconds: number}> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.setEncoding('utf8').on('data', (part: string) => (answer += part));
    socket.on('error', reject);
    socket.on('close', () => resolve({text: answer, milliseconds: performance.now() - start}));
  });
}

/** Checks that an answer is a refusal: JSON with a sentence that tells neither a path nor a stack. */
export function expectRefusal(answer: Answer, status: number, words: RegExp): void {
  expect(answer.status, answer.text).to.equal(status);
  expect(answer.headers['content-type']).to.equal('application/json; charset=utf-8');
  expect(Object.keys(JSON.parse(answer.text) as object)).to.deep.equal(['error']);
  expect(wordsOf(answer))
    .to.match(words)
    .and.not.match(/\n|\bat .*:\d+|node:|\.js\b/);
  for (const folder of [tmpdir(), projectRoot]) expect(answer.text).to.not.include(folder);
}
