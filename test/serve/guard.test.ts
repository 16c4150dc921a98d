import {serve, type CaptionServer} from 'captioner/dist/serve/server';
import {expect} from 'chai';
import {temporaryFolder} from '../support';
import {ask, expectRefusal, say, type Answer, type Question} from './ask';

describe('The page’s server lets in', () => {
  const folder = temporaryFolder();
  let server: CaptionServer;
  let address: {origin: string; host: string; token: string};

  before(async () => {
    server = await serve({port: 0, folder, onError: (error) => expect.fail(String(error))});
    const {origin, host, pathname} = new URL(server.url);
    address = {origin, host, token: pathname.slice(1, -1)};
  });
  after(() => server.close());

  const get = (path: string, question?: Question): Promise<Answer> => ask(server.url + path, question);
  const post = (path: string, question?: Question): Promise<Answer> =>
    get(path, {method: 'POST', ...question});

  it('who knows a token of 192 bits, another one each time', async () => {
    expect(Buffer.from(address.token, 'base64url').length).to.equal(24);
    const other = await serve({port: 0, folder});
    await other.close();
    expect(other.url).to.not.include(address.token);
  });

  it('nobody who does not know the token, whatever is asked for', async () => {
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

  it('nobody by the name of another host, so that no name of another site leads here', async () => {
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

  it('no requests of other sites', async () => {
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

  it('GET and POST only, each where it belongs, and nothing elsewhere', async () => {
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

  it('a browser that loads nothing from elsewhere, keeps nothing and tells nobody', async () => {
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

  it('connections of this machine only', async () => {
    const error = await ask(server.url.replace('127.0.0.1', '127.0.0.2')).catch(
      (reason: NodeJS.ErrnoException) => reason,
    );
    expect((error as NodeJS.ErrnoException).code).to.equal('ECONNREFUSED');
  });
});
