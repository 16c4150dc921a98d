import {readdirSync} from 'node:fs';
import {createServer as createSecureServer} from 'node:https';
import {join} from 'node:path';
import {expect} from 'chai';
import {download} from 'captioner/dist/files/download';
import {temporaryFolder} from '../support';
import {closeServers, listen, md5, quick, refused, selfSigned, serve, status, whole} from './server';

describe('A request', () => {
  let folder: string;
  let path: string;

  beforeEach(() => {
    folder = temporaryFolder();
    path = join(folder, 'file');
  });
  afterEach(closeServers);

  it('follows redirects and gives up on a loop', async () => {
    const {address} = await serve(whole);
    const first = await serve(status(302, {location: '/next'}), status(307, {location: address}));
    await download(first.address, path, {...quick, md5});
    const loop = await serve(status(301, {location: '/file'}));
    await refused(
      download(loop.address, join(folder, 'other'), quick),
      'download',
      /expected at most 10 redirects, got more$/,
    );
    expect(loop.requests.length).to.equal(11);
    const nowhere = await serve(status(302));
    await refused(
      download(nowhere.address, join(folder, 'other'), quick),
      'download',
      /a redirect with a location, got none$/,
    );
  });

  it('uses https only, even after redirects', async () => {
    const {address, requests} = await serve(whole);
    await refused(download(address, path), 'download', /^http:.*: expected an https address$/);
    for (const elsewhere of [
      'http://captioner.invalid/file',
      'file:///etc/passwd',
      'ftp://captioner.invalid/file',
    ]) {
      const away = await serve(status(302, {location: elsewhere}));
      await refused(
        download(away.address, path, quick),
        'download',
        new RegExp(`: expected a redirect to an https address, got ${elsewhere}$`),
      );
    }
    expect(requests.length).to.equal(0);
  });

  it('refuses redirects from https to http and untrusted certificates', async function () {
    const pair = selfSigned(folder);
    if (pair === undefined) return this.skip();
    const plain = await serve(whole);
    const secure = createSecureServer(pair, (request, response) =>
      request.url === '/down'
        ? status(302, {location: plain.address})(request, response)
        : whole(request, response),
    );
    const address = await listen(secure, 'https');
    await refused(download(address, path, quick), 'download', /expected a trusted certificate/);
    const trusting = {...quick, ca: pair.cert};
    await download(address, path, {...trusting, md5});
    const down = address.replace('file', 'down');
    await refused(
      download(down, join(folder, 'other'), trusting),
      'download',
      /to an https address, got http:/,
    );
    expect(plain.requests.length).to.equal(0);
  });

  it('fails at once if the host cannot be reached', async () => {
    const {address} = await serve(whole);
    closeServers();
    const start = performance.now();
    await refused(
      download(address, path, {insecure: true}),
      'download',
      /file: cannot reach 127.0.0.1:\d+: .*ECONNREFUSED.*; is there a network\?$/,
    );
    expect(performance.now() - start).to.be.below(1000);
    expect(readdirSync(folder)).to.deep.equal([]);
  });
});
