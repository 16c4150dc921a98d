import {mkdirSync, writeFileSync} from 'node:fs';
import {request} from 'node:http';
import {connect} from 'node:net';
import {join} from 'node:path';
import {serve, type CaptionServer} from 'captioner/dist/serve/server';
import type {Start} from 'captioner/dist/serve/page/api';
import {withoutPaths} from 'captioner/dist/serve/refusal';
import {expect} from 'chai';
import {projectRoot, refusal, temporaryFolder} from '../support';
import {ask, say, wordsOf, type Answer, type Question} from './ask';

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

  /** What a refused request gets: JSON with a sentence that tells neither a path nor a stack. */
  function expectRefusal(answer: Answer, status: number, words: RegExp): void {
    expect(answer.status, answer.text).to.equal(status);
    expect(answer.headers['content-type']).to.equal('application/json; charset=utf-8');
    expect(Object.keys(JSON.parse(answer.text) as object)).to.deep.equal(['error']);
    expect(wordsOf(answer))
      .to.match(words)
      .and.not.match(/\n|\bat .*:\d+|node:|\.js\b/);
    for (const secret of [folder, projectRoot, address.token]) expect(answer.text).to.not.include(secret);
  }

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

  it('has a token of 192 bits, another one each time', async () => {
    expect(Buffer.from(address.token, 'base64url').length).to.equal(24);
    const other = await serve({port: 0, folder});
    await other.close();
    expect(other.url).to.not.include(address.token);
  });

  it('refuses who does not know the token, whatever is asked for', async () => {
    const wrong = ['', 'wrong', address.token.slice(0, -1), `${address.token}x`, address.token.toUpperCase()];
    for (const token of wrong)
      for (const path of ['', 'page.css', 'api/start', 'nowhere'])
        expectRefusal(await ask(`${address.origin}/${token}/${path}`), 403, /whole address/);
    expectRefusal(await ask(address.origin), 403, /whole address/);
    const question = {method: 'POST', body: 'x', headers: {cookie: `token=${address.token}`}};
    expectRefusal(
      await ask(`${address.origin}/api/caption?token=${address.token}`, question),
      403,
      /whole address/,
    );
    // A proxy's form of a request.
    expectRefusal(await get('', {path: server.url}), 403, /whole address/);
  });

  it('refuses other hosts, so that no name of another site leads here', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${server.port}`,
      '127.0.0.1',
      'localhost:1',
      `127.0.0.1:${server.port}0`,
    ])
      for (const path of ['', 'api/start'])
        expectRefusal(await get(path, {headers: {host}}), 421, /another host/);
    const {text} = await say(server.port, `GET /${address.token}/ HTTP/1.0\r\n\r\n`);
    expect(text).to.match(/^HTTP\/1\.1 421 /);
  });

  it('refuses requests of other sites', async () => {
    const foreign = [
      'http://evil.example',
      'null',
      `https://${address.host}`,
      'http://127.0.0.1:1',
      `http://localhost:${server.port}`,
    ];
    for (const origin of foreign) {
      expectRefusal(await get('api/start', {headers: {origin}}), 403, /another site/);
      expectRefusal(await post('api/caption?run=begun', {headers: {origin}, body: 'x'}), 403, /another site/);
    }
    expect((await get('api/start', {headers: {origin: address.origin}})).status).to.equal(200);
  });

  it('answers GET and POST only, each where it belongs, and nothing elsewhere', async () => {
    for (const method of ['PUT', 'DELETE', 'OPTIONS', 'PATCH']) {
      const answer = await get('', {method});
      expectRefusal(answer, 405, /Expected GET or POST/);
      expect(answer.headers.allow).to.equal('GET, POST');
    }
    const {status, text} = await get('', {method: 'HEAD'});
    expect([status, text]).to.deep.equal([405, '']);
    for (const path of ['', 'app.js', 'api/start'])
      expectRefusal(await post(path), 405, /Expected GET, got POST/);
    for (const path of ['api/load', 'api/caption'])
      expectRefusal(await get(path), 405, /Expected POST, got GET/);
    for (const path of [
      'nowhere',
      'api',
      'api/start/',
      '../package.json',
      '%2e%2e/package.json',
      'page/app.js',
      'app.js.map',
      '//',
      'constructor',
    ])
      expectRefusal(await get('', {path: `/${address.token}/${path}`}), 404, /nothing at this address/);
  });

  it('lets a browser load nothing from elsewhere, keep nothing and tell nobody', async () => {
    for (const path of ['', 'app.js', 'api/start', 'nowhere']) {
      const {headers} = await get(path);
      const policy = String(headers['content-security-policy']).split('; ');
      expect(policy).to.include.members([
        "default-src 'none'",
        "script-src 'self'",
        "frame-ancestors 'none'",
        "form-action 'none'",
        "base-uri 'none'",
      ]);
      expect(policy.join()).to.not.match(/unsafe|\*|https?:/);
      expect(headers).to.include({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
      });
      expect(headers).to.not.have.any.keys('set-cookie', 'access-control-allow-origin', 'x-powered-by');
    }
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
        expectRefusal(await post(`${path}?${new URLSearchParams({run})}`), 404, /no run of this name/);
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

  it('can be reached from this machine only', async () => {
    const error = await ask(server.url.replace('127.0.0.1', '127.0.0.2')).catch(
      (reason: NodeJS.ErrnoException) => reason,
    );
    expect((error as NodeJS.ErrnoException).code).to.equal('ECONNREFUSED');
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
