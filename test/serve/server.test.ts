import {mkdirSync, writeFileSync} from 'node:fs';
import {request} from 'node:http';
import {connect} from 'node:net';
import {join} from 'node:path';
import {serve, type CaptionServer} from 'captioner/dist/serve/server';
import type {Start} from 'captioner/dist/serve/page/api';
import {withoutPaths} from 'captioner/dist/serve/refusal';
import {expect} from 'chai';
import {refusal, temporaryFolder} from '../support';
import {ask, expectRefusal, say, type Answer, type Question} from './ask';

/** Largest image that these servers take, in bytes. */
const byteLimit = 1_000_000;
const timeout = 1000;

describe('The page’s server', () => {
  const folder = temporaryFolder();
  let server: CaptionServer;
  let address: {origin: string; host: string; token: string};

  before(async () => {
    mkdirSync(join(folder, 'begun', 'checkpoints'), {recursive: true});
    mkdirSync(join(folder, 'notes'));
    mkdirSync(join(folder, 'damaged'));
    writeFileSync(join(folder, 'damaged', 'manifest.json'), '{}');
    writeFileSync(join(folder, 'damaged', 'checkpoint.json'), '{"version": 2}');
    server = await serve({
      port: 0,
      folder,
      byteLimit,
      timeout,
      onError: (error) => expect.fail(String(error)),
    });
    const {origin, host, pathname} = new URL(server.url);
    address = {origin, host, token: pathname.slice(1, -1)};
  });
  after(() => server.close());

  const get = (path: string, question?: Question): Promise<Answer> => ask(server.url + path, question);
  const post = (path: string, question?: Question): Promise<Answer> =>
    get(path, {method: 'POST', ...question});

  it('gives the page, its style and its scripts to whoever knows the token', async () => {
    const page = await get('');
    expect([page.status, page.headers['content-type']]).to.deep.equal([200, 'text/html; charset=utf-8']);
    const named = [...page.text.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, name]) => name!);
    expect(named).to.have.members(['icon.svg', 'page.css', 'app.js']);
    const scripts = new Set<string>();
    for (const name of named) {
      const {status, text} = await get(name);
      expect(status).to.equal(200);
      for (const [, module] of text.matchAll(/from '\.\/([\w-]+\.js)'/g)) scripts.add(module!);
    }
    for (const name of scripts) {
      const script = await get(name);
      expect([script.status, script.headers['content-type']]).to.deep.equal([
        200,
        'text/javascript; charset=utf-8',
      ]);
    }
    expect(scripts.size).to.be.above(3);
    for (const name of ['127.0.0.1', 'localhost'])
      expect((await get('', {headers: {host: `${name}:${server.port}`}})).status).to.equal(200);
  });

  it('lists runs with the reason why one cannot be chosen, and the search’s options from their schema', async () => {
    const start = JSON.parse((await get('api/start')).text) as Start;
    expect(start.runs).to.deep.equal([
      {name: 'damaged', detail: '', problem: 'damaged'},
      {name: 'begun', detail: '', problem: 'no finished epoch yet'},
    ]);
    expect(start).to.not.have.property('selected');
    expect(start.byteLimit).to.equal(byteLimit);
    const [beams] = start.options;
    expect(beams).to.include({name: 'beams', default: 3, minimum: 1, maximum: 100, whole: true});
    expect(start.options.map(({name}) => name))
      .to.include('lengthPenalty')
      .and.not.include('requiredPhrases');
  });

  it('refuses runs that are not there or not ready', async () => {
    for (const run of ['nowhere', '', 'notes', '../flickr8k', '..', folder])
      for (const path of ['api/load', 'api/caption'])
        expectRefusal(
          await post(`${path}?${new URLSearchParams({run}).toString()}`),
          404,
          /no run of this name/,
        );
    expectRefusal(await post('api/load'), 404, /no run of this name/);
    expectRefusal(await post('api/load?run=begun'), 409, /begun: no finished epoch yet/);
    expectRefusal(await post('api/caption?run=damaged', {body: 'x'}), 409, /damaged: damaged/);
    expect(server.loaded).to.equal(0);
  });

  it('refuses an image that is announced as too large before a byte of it comes', async () => {
    const path = `/${address.token}/api/caption?run=begun`;
    const head = `POST ${path} HTTP/1.1\r\nHost: ${address.host}\r\nContent-Length: ${byteLimit + 1}\r\n`;
    const continued = await say(server.port, `${head}Expect: 100-continue\r\n\r\n`);
    const {text} = await say(server.port, `${head}\r\n`);
    for (const answer of [continued.text, text]) {
      expect(answer).to.match(/^HTTP\/1\.1 413 /);
      expect(answer).to.include('Connection: close').and.include('larger than 1 MB; choose a smaller one');
    }
  });

  it('counts what comes without an announced length, and stops at the limit', async () => {
    const sent = await new Promise<{status: number; text: string; bytes: number}>((resolve, reject) => {
      let [bytes, over] = [0, false];
      const asked = request(
        `${server.url}api/caption?run=begun`,
        {method: 'POST', agent: false},
        (response) => {
          let text = '';
          over = true;
          response.setEncoding('utf8').on('data', (part: string) => (text += part));
          response.on('end', () => resolve({status: response.statusCode!, text, bytes}));
        },
      );
      asked.on('error', reject);
      const part = Buffer.alloc(50_000);
      const write = (): void => {
        if (over || bytes > 50 * byteLimit) return void asked.end();
        bytes += part.length;
        asked.write(part, () => setImmediate(write));
      };
      write();
    });
    expect([sent.status, (JSON.parse(sent.text) as {error: string}).error]).to.deep.equal([
      413,
      'The image is larger than 1 MB; choose a smaller one',
    ]);
    expect(sent.bytes).to.be.within(byteLimit, 20 * byteLimit);
  });

  it('ends the connections of clients that send too slowly', async () => {
    const body = `POST /${address.token}/api/caption?run=begun HTTP/1.1\r\nHost: ${address.host}\r\nContent-Length: 1000\r\n\r\nslow`;
    for (const text of ['', 'GET', `GET /${address.token}/ HTTP/1.1\r\nHost: ${address.host}\r\nX: `, body]) {
      const answer = await say(server.port, text);
      expect(answer.milliseconds).to.be.within(0.8 * timeout, 5 * timeout);
      if (text !== '')
        expect(answer.text).to.match(
          /^HTTP\/1\.1 408 [^]*"The request took too long to arrive; send it again"\}$/,
        );
    }
    expect((await get('')).status).to.equal(200);
  });

  it('gives back the place of a client that hangs up', async () => {
    for (let at = 0; at < 10; at++)
      await new Promise((done) => {
        const head = `POST /${address.token}/api/caption?run=begun HTTP/1.1\r\nHost: ${address.host}\r\nContent-Length: 9\r\n\r\nx`;
        const socket = connect(server.port, '127.0.0.1', () => socket.write(head, () => socket.destroy()));
        socket.on('close', done);
      });
    await new Promise((done) => setTimeout(done, 100));
    expect((await post('api/caption?run=begun', {body: 'x'})).status).to.equal(409);
  });

  it('answers what is no HTTP, and headers without end, in words', async () => {
    for (const [text, status, words] of [
      ['\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', 400, 'Expected a request of HTTP'],
      [`GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`, 431, 'header of the request is too long'],
    ] as const) {
      const answer = await say(server.port, text);
      expect(answer.text)
        .to.include(`HTTP/1.1 ${status} `)
        .and.include(words)
        .and.include("default-src 'none'");
    }
  });

  it('says what to do when its port is in use, and frees it when it is closed', async () => {
    const other = await serve({port: 0, folder});
    const {code, message} = await refusal(serve({port: other.port, folder}));
    expect(code).to.equal('options');
    expect(message).to.equal(
      `Port ${other.port} is in use; choose another, such as --port ${other.port + 1}, or any free one: --port 0`,
    );
    await other.close();
    const again = await serve({port: other.port, folder});
    expect(again.port).to.equal(other.port);
    await again.close();
  });

  it('leaves only the names of files in messages', () => {
    expect(withoutPaths('/home/me/runs/one/best: expected it', ['/home/me/runs'])).to.equal(
      'runs/one/best: expected it',
    );
    expect(withoutPaths('/a b/c/one: damaged', ['/a b/c/one'])).to.equal('one: damaged');
    expect(withoutPaths('cannot open "/etc/ssl/x.pem" (see /var/log/y)')).to.equal(
      'cannot open "x.pem" (see y)',
    );
    expect(withoutPaths('and/or, https://example.org/a, 3 / 4')).to.equal(
      'and/or, https://example.org/a, 3 / 4',
    );
  });
});
